package alerts

import (
	"fmt"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// annotations is what an alert says to people.
type annotations struct {
	Summary     string `yaml:"summary"`
	Description string `yaml:"description"`
	// ExceptionURL leads to the trace, or to the exceptions of the service.
	ExceptionURL string `yaml:"exception_url,omitempty"`
	// StatusURL leads to what the exporter says of its targets and of itself.
	StatusURL    string `yaml:"status_url,omitempty"`
	DashboardURL string `yaml:"dashboard_url,omitempty"`
	RunbookURL   string `yaml:"runbook_url"`
}

func annotate(a *alert, o *Options) annotations {
	out := annotations{Summary: a.summary, Description: a.description, RunbookURL: runbookURL(o.RunbookURL, a.name)}
	base := strings.TrimSuffix(o.ExternalURL, "/")
	switch a.subject {
	case exception:
		out.ExceptionURL = base + "/trace/{{ $labels." + names.ExceptionID + " }}"
	case service:
		out.ExceptionURL = base + "/exceptions?" + names.ServiceName + "=" + encoded(names.ServiceName)
	case targets:
		out.StatusURL = base + "/status?" + names.ServiceName + "=" + encoded(names.ServiceName)
	case targetsDown:
		out.StatusURL = base + "/status?" + names.ServiceName + "=" + encoded(names.ServiceName) + "&state=down"
	case exporter:
		out.StatusURL = base + "/status"
	}
	if o.DashboardURL != "" {
		out.DashboardURL = dashboardURL(o.DashboardURL, a.subject)
	}
	return out
}

const alertPlaceholder = "{alert}"

func runbookURL(base, name string) string {
	if strings.Contains(base, alertPlaceholder) {
		return strings.ReplaceAll(base, alertPlaceholder, name)
	}
	return strings.TrimSuffix(base, "/") + "/" + name
}

// dashboardURL fills in the variables of the overview dashboard.
func dashboardURL(base string, s subject) string {
	var query []string
	if s != exporter {
		query = append(query, "var-service="+encoded(names.ServiceName))
	}
	if s == exception {
		query = append(query, "var-key="+encoded(names.AggregationKey))
	}
	if len(query) == 0 {
		return base
	}
	separator := "?"
	if strings.Contains(base, "?") {
		separator = "&"
	}
	return base + separator + strings.Join(query, "&")
}

// encoded is the part of a template that writes a label as a value in a query string.
// urlquery is a function of Go's templates, and so of every version of Prometheus.
func encoded(label string) string { return "{{ $labels." + label + " | urlquery }}" }

// listed is how many instances a description names.
const listed = 10

// list is the part of a template that lists the values of a label in what an
// expression gives, at most that many, or says none. The expression has a %q, or several
// %[1]q, for the value of the label that it shares with the alert.
func list(atMost int, expr, shared, label, none string) string {
	return fmt.Sprintf("{{ range $i, $sample := printf `topk(%d, %s)` $labels.%s | query | sortByLabel %q }}"+
		"{{ if $i }}, {{ end }}{{ $sample.Labels.%s }}{{ else }}%s{{ end }}",
		atMost, expr, shared, label, label, none)
}

// times is the part of a template that writes a number as "once" or "3 times".
func times(value string) string {
	return `{{ $n := printf "%.0f" ` + value + ` }}{{ if eq $n "1" }}once{{ else }}{{ $n }} times{{ end }}`
}

// timestamp is the part of a template that writes a number of seconds as a time.
func timestamp(value string) string {
	return `{{ (` + value + ` | toTime).Format "2006-01-02 15:04:05 UTC" }}`
}
