package main

import (
	"context"

	"github.com/periskop-exporter/periskop_exporter/dashboards"
)

// The formats of the subcommand dashboards.
const (
	formatJSON       = "json"
	formatConfigMap  = "configmap"
	formatProvider   = "provider"
	formatDataSource = "datasource"
)

// dashboardFlags are the flags of the subcommand dashboards.
type dashboardFlags struct {
	options                       dashboards.Options
	board, format, directory, url string
	resource                      dashboards.ConfigMap
}

func (c *commands) addDashboards() {
	var f dashboardFlags
	cmd := c.add("dashboards", "Print a Grafana dashboard, or files by which Grafana loads all of them.", func(context.Context) error {
		out, err := f.write()
		if err != nil {
			return err
		}
		_, err = c.stdout.Write(out)
		return err
	})
	cmd.Flag("web.external-url", "Where the exporter is reached, for the links. Without it, dashboards ask.").PlaceHolder("<URL>").StringVar(&f.options.ExternalURL)
	cmd.Flag("dashboard", "Which one: overview, service (the exceptions of one) or exporter (its health).").
		Default(dashboards.Overview).EnumVar(&f.board, dashboards.Names()...)
	cmd.Flag("format", "One of json (the dashboard), configmap (all dashboards, for Grafana's sidecar in Kubernetes), provider (has Grafana load dashboards from a directory) and datasource (a Prometheus, with links from exemplars).").
		Default(formatJSON).EnumVar(&f.format, formatJSON, formatConfigMap, formatProvider, formatDataSource)
	cmd.Flag("provider.path", "The directory of the dashboards, for the format provider.").Default("/var/lib/grafana/dashboards/periskop").StringVar(&f.directory)
	cmd.Flag("datasource.url", "Where Grafana reaches Prometheus, for the format datasource.").Default("http://localhost:9090").StringVar(&f.url)
	cmd.Flag("resource.name", "The name of the ConfigMap.").Default("periskop-dashboards").StringVar(&f.resource.Name)
	cmd.Flag("resource.namespace", "The namespace of the ConfigMap.").PlaceHolder("<name>").StringVar(&f.resource.Namespace)
	cmd.Flag("resource.label", "A label of the ConfigMap, by which the sidecar finds it; grafana_dashboard=1 without any. Repeatable.").PlaceHolder("<name>=<value>").SetValue((*pairs)(&f.resource.Labels))
}

func (f *dashboardFlags) write() ([]byte, error) {
	switch f.format {
	case formatConfigMap:
		return f.resource.Write(f.options)
	case formatProvider:
		return dashboards.Provider(f.directory)
	case formatDataSource:
		return dashboards.DataSource(f.url, f.options)
	default:
		return dashboards.JSON(f.board, f.options)
	}
}
