package alerts

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// A Format is a kind of rule file.
type Format string

// The formats.
const (
	// Prometheus is the rule file that Prometheus, Thanos, Mimir and vmalert read.
	Prometheus Format = "prometheus"
	// PrometheusRule is the Kubernetes resource of the Prometheus Operator.
	PrometheusRule Format = "prometheusrule"
)

// Options say what [Rules] writes. They begin with [Defaults]: what is zero means zero.
type Options struct {
	// ExternalURL is where people reach the exporter, for the links. It is required.
	ExternalURL string
	// DashboardURL is where the overview dashboard is; without it alerts have no
	// dashboard_url.
	DashboardURL string
	// RunbookURL is where the page of an alert is. {alert} in it becomes the name of
	// the alert; without that, the name is added as a last element of the path.
	RunbookURL string
	// Job is the value of the label job under which Prometheus scrapes the exporter.
	Job string

	// Services are the names of the services to alert on; none means all.
	Services []string
	// Severities are those of the exceptions to alert on; none means all.
	Severities []string
	// Labels are added to every alert. A label severity replaces the alert's own.
	Labels map[string]string
	// Skip names alerts to leave out.
	Skip []string
	// WithDirectAlerts leaves out what the exporter tells by itself, new exceptions and
	// regressions, and adds an alert for when it cannot.
	WithDirectAlerts bool
	// WithPeriskopNames adds rules that record what there is under the names that the Periskop
	// server gives to its metrics.
	WithPeriskopNames bool
	// For says, by the name of the alert, how long its expression must hold before it
	// fires. Alerts that are not in it keep their own.
	For map[string]time.Duration

	// NewWindow is how long after its first occurrence an exception is new.
	NewWindow time.Duration
	// RegressedWindow is how long a regression is told.
	RegressedWindow time.Duration
	// SpikeWindow is the time in which a spike is looked for, and SpikePast the time
	// before it that it is compared with. An exception spikes when it occurred at least
	// SpikeFloor times in the window and more than SpikeFactor times as often as in
	// the past.
	SpikeWindow, SpikePast time.Duration
	SpikeFactor            float64
	SpikeFloor             float64
	// RateThreshold is how many exceptions of a service per second, over RateWindow,
	// are too many.
	RateThreshold float64
	RateWindow    time.Duration
	// TargetDownAfter is how long a target must not have answered to count as down.
	TargetDownAfter time.Duration
	// FailureRatio is the share of a service's scrapes, over FailureWindow, that may
	// end with the same failure.
	FailureRatio  float64
	FailureWindow time.Duration

	Format Format
	// Resource describes the Kubernetes resource, for [PrometheusRule].
	Resource Resource
}

// A Resource is the metadata of a Kubernetes resource.
type Resource struct {
	Name, Namespace string
	// Labels are those by which a Prometheus resource selects its rules.
	Labels map[string]string
}

// Defaults returns usual options. ExternalURL is left to fill in.
func Defaults() Options {
	return Options{
		RunbookURL: names.RunbookURL,
		Job:        "periskop",
		// Three times what may pass between a first occurrence and its evaluation with
		// usual settings: 45 s until its target is scraped, 1 min until the exporter
		// is, 1 min for the zero sample, 1 min until rules are evaluated. The rest is
		// for a restart of the exporter or of Prometheus in between.
		NewWindow: 15 * time.Minute,
		// As long, so that both kinds of message go through the same gaps.
		RegressedWindow: 15 * time.Minute,
		// Five minutes hold five samples even when the exporter is scraped once a
		// minute; rates need two.
		SpikeWindow: 5 * time.Minute,
		// Long enough for an average of twelve windows, short enough to be evaluated
		// over every exception without a recording rule.
		SpikePast:   time.Hour,
		SpikeFactor: 3,
		// One every ten seconds. At this number chance alone does not triple a count.
		SpikeFloor:    30,
		RateThreshold: 1,
		RateWindow:    5 * time.Minute,
		// A process may take minutes to start.
		TargetDownAfter: 10 * time.Minute,
		FailureRatio:    0.25,
		// Long enough for a few scrapes at the longest usual interval.
		FailureWindow: 15 * time.Minute,
		Format:        Prometheus,
		Resource:      Resource{Name: "periskop-exporter"},
	}
}
