package main

import (
	"context"

	"github.com/periskop-exporter/periskop_exporter/dashboards"
)

func (c *commands) addDashboards() {
	var o dashboards.Options
	cmd := c.add("dashboards", "Print the Grafana dashboard.", func(context.Context) error {
		out, err := dashboards.Overview(o)
		if err != nil {
			return err
		}
		_, err = c.stdout.Write(out)
		return err
	})
	cmd.Flag("web.external-url", "Where the exporter is reached, for the links. Without it, the dashboard asks.").PlaceHolder("<URL>").StringVar(&o.ExternalURL)
}
