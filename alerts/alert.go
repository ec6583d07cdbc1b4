package alerts

import (
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// The names of the alerts. Each has a page of its name in docs/alerts.
const (
	NewException        = names.NewException
	ExceptionRegressed  = names.ExceptionRegressed
	ExceptionSpike      = "PeriskopExceptionSpike"
	HighExceptionRate   = "PeriskopHighExceptionRate"
	TargetDown          = "PeriskopTargetDown"
	ServiceHasNoTargets = "PeriskopServiceHasNoTargets"
	ScrapesFailing      = "PeriskopScrapesFailing"
	ExporterDown        = "PeriskopExporterDown"
	StateNotWritten     = "PeriskopStateNotWritten"
	StatesMixed         = "PeriskopStatesMixed"
	SeriesOverflow      = "PeriskopSeriesOverflow"
	ServicesOverLimit   = "PeriskopServicesOverLimit"
	ConfigReloadFailed  = "PeriskopConfigReloadFailed"
	AlertsNotSent       = "PeriskopAlertsNotSent"
	ExportFailing       = "PeriskopExportFailing"
	PeersAway           = "PeriskopPeersAway"
)

// An alert is what one rule says, before it is written.
type alert struct {
	name string
	// expr is the expression, without layout.
	expr string
	// wait is how long the expression must hold, and keep how long the alert goes on
	// when it holds no more.
	wait, keep time.Duration
	severity   severity
	subject    subject
	// summary and description are templates of Prometheus. What else they hold comes
	// from the options.
	summary, description string
}

// A severity is the alert's own, by which Alertmanager routes; that of exceptions is
// another matter.
type severity string

const (
	warning  severity = "warning"
	critical severity = "critical"
)

// A subject is what an alert is about, and so what it links to.
type subject int

const (
	// exception links to the trace of the exception.
	exception subject = iota
	// service links to the exceptions of the service.
	service
	// targets links to the status of the service's targets, and targetsDown to that of
	// those that do not answer.
	targets
	targetsDown
	// exporter links to the exporter's status.
	exporter
)

// A group is evaluated in one go.
type group struct {
	name   string
	alerts []alert
}

// direct are the alerts that the exporter sends by itself, where it is told to.
var direct = []string{NewException, ExceptionRegressed}

// groups returns all alerts.
func groups(o *Options) []group {
	return []group{
		{"periskop-exceptions", []alert{newException(o), exceptionRegressed(o), exceptionSpike(o), highExceptionRate(o)}},
		{"periskop-targets", []alert{targetDown(o), serviceHasNoTargets(o), scrapesFailing(o)}},
		{"periskop-exporter", []alert{exporterDown(o), stateNotWritten(o), statesMixed(o), seriesOverflow(o), servicesOverLimit(o), configReloadFailed(o), alertsNotSent(o), exportFailing(o), peersAway(o)}},
	}
}

// Names returns the names of all alerts.
func Names() []string {
	var out []string
	o := Defaults()
	for _, g := range groups(&o) {
		for _, a := range g.alerts {
			out = append(out, a.name)
		}
	}
	return out
}

// wanted returns the groups without the alerts to skip, and without those that are
// empty then. Beside direct alerts, rules do not tell the same, but whether they are sent.
func wanted(o *Options) []group {
	skip := []string{AlertsNotSent}
	if o.WithDirectAlerts {
		skip = direct
	}
	skip = slices.Concat(skip, o.Skip)
	var out []group
	for _, g := range groups(o) {
		g.alerts = slices.DeleteFunc(g.alerts, func(a alert) bool { return slices.Contains(skip, a.name) })
		if len(g.alerts) > 0 {
			out = append(out, g)
		}
	}
	return out
}
