package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/model"

	"github.com/periskop-exporter/periskop_exporter/alerts"
)

// The formats of the subcommand rules beside those of package alerts.
const (
	formatAlertmanager = "alertmanager"
	formatTemplates    = "alertmanager-templates"
)

func (c *commands) addRules() {
	o := alerts.Defaults()
	format := string(o.Format)
	cmd := c.add("rules", "Print alerting rules for Prometheus, or a configuration for Alertmanager.", func(context.Context) error {
		return c.rules(&o, format)
	})
	cmd.Flag("format", "One of prometheus, prometheusrule (for the Prometheus Operator), alertmanager (an example configuration) and alertmanager-templates (its message templates).").
		Default(format).EnumVar(&format, string(alerts.Prometheus), string(alerts.PrometheusRule), formatAlertmanager, formatTemplates)
	cmd.Flag("web.external-url", "Where the exporter is reached, for the links in alerts. Required for rules.").PlaceHolder("<URL>").StringVar(&o.ExternalURL)
	cmd.Flag("with-direct-alerts", "The rules to go with direct alerts (alerting: in the configuration): without what the exporter tells by itself, new exceptions and regressions, and with an alert for when it cannot.").
		BoolVar(&o.WithDirectAlerts)
	cmd.Flag("with-periskop-names", "Record the counts under the names of the Periskop server's metrics as well, for rules and dashboards that have those.").
		BoolVar(&o.WithPeriskopNames)
	cmd.Flag("dashboard-url", "Where the overview dashboard is, for links.").PlaceHolder("<URL>").StringVar(&o.DashboardURL)
	cmd.Flag("runbook-url", "Where the page of an alert is; {alert} becomes its name.").Default(o.RunbookURL).StringVar(&o.RunbookURL)
	cmd.Flag("job", "The job under which Prometheus scrapes the exporter.").Default(o.Job).StringVar(&o.Job)
	cmd.Flag("service", "Alert on this service only. Repeatable.").PlaceHolder("<name>").StringsVar(&o.Services)
	cmd.Flag("exception-severity", "Alert on exceptions of this severity only. Repeatable.").PlaceHolder("<severity>").StringsVar(&o.Severities)
	cmd.Flag("skip", "Leave this alert out: "+strings.Join(alerts.Names(), ", ")+". Repeatable.").PlaceHolder("<alert>").StringsVar(&o.Skip)
	cmd.Flag("label", "A label for every alert. Repeatable.").PlaceHolder("<name>=<value>").SetValue((*pairs)(&o.Labels))
	cmd.Flag("for", "How long an alert must hold before it fires, if not as long as usual. Repeatable.").PlaceHolder("<alert>=<duration>").
		SetValue((*durations)(&o.For))
	addRuleThresholds(cmd, &o)
	cmd.Flag("resource.name", "The name of the PrometheusRule.").Default(o.Resource.Name).StringVar(&o.Resource.Name)
	cmd.Flag("resource.namespace", "The namespace of the PrometheusRule.").PlaceHolder("<name>").StringVar(&o.Resource.Namespace)
	cmd.Flag("resource.label", "A label of the PrometheusRule, by which a Prometheus selects it. Repeatable.").PlaceHolder("<name>=<value>").SetValue((*pairs)(&o.Resource.Labels))
}

func addRuleThresholds(cmd *kingpin.CmdClause, o *alerts.Options) {
	span := func(name, help string, d *time.Duration) {
		cmd.Flag(name, help).Default(model.Duration(*d).String()).SetValue((*duration)(d))
	}
	number := func(name, help string, f *float64) {
		cmd.Flag(name, help).Default(fmt.Sprint(*f)).SetValue((*decimal)(f))
	}
	span("new.window", "How long after its first occurrence an exception is new.", &o.NewWindow)
	span("regressed.window", "How long a regression is told.", &o.RegressedWindow)
	span("spike.window", "The time in which a spike is looked for.", &o.SpikeWindow)
	span("spike.past", "The time before it that a spike is compared with.", &o.SpikePast)
	number("spike.factor", "How many times as often as in the past an exception must occur to spike.", &o.SpikeFactor)
	number("spike.floor", "How often it must occur at least.", &o.SpikeFloor)
	number("rate.threshold", "How many exceptions of a service per second are too many.", &o.RateThreshold)
	span("rate.window", "The time over which that is measured.", &o.RateWindow)
	span("target-down.after", "How long a target must not have answered to count as down.", &o.TargetDownAfter)
	number("failures.ratio", "The share of scrapes of a service that may fail alike.", &o.FailureRatio)
	span("failures.window", "The time over which that is measured.", &o.FailureWindow)
}

func (c *commands) rules(o *alerts.Options, format string) error {
	var (
		out []byte
		err error
	)
	switch format {
	case formatAlertmanager:
		out = alerts.AlertmanagerConfig()
	case formatTemplates:
		out = alerts.AlertmanagerTemplates()
	default:
		o.Format = alerts.Format(format)
		out, err = alerts.Rules(*o)
	}
	if err != nil {
		return err
	}
	_, err = c.stdout.Write(out)
	return err
}
