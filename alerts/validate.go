package alerts

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

var errNothingLeft = errors.New("every alert is skipped: leave at least one in")

// severityLabel is the label by which Alertmanager usually routes.
const severityLabel = "severity"

func (o *Options) validate() error {
	problems := []error{
		checkURL("external URL", o.ExternalURL, "http://periskop.example.com:9968"),
		checkURL("runbook URL", strings.ReplaceAll(o.RunbookURL, alertPlaceholder, "alert"), "https://wiki.example.com/runbooks/"+alertPlaceholder),
	}
	if o.DashboardURL != "" {
		problems = append(problems, checkURL("dashboard URL", o.DashboardURL, "https://grafana.example.com/d/periskop-overview"))
	}
	problems = append(problems, o.checkValues()...)
	problems = append(problems, o.checkDurations()...)
	problems = append(problems, o.checkThresholds()...)
	problems = append(problems, o.checkNames()...)
	problems = append(problems, o.checkLabels()...)
	problems = append(problems, o.checkFormat()...)
	return errors.Join(problems...)
}

// checkURL refuses what links cannot be made of. Braces would be read as a template.
func checkURL(what, value, example string) error {
	u, err := url.Parse(value)
	switch {
	case value == "":
		return fmt.Errorf("%s is missing: write it as %s", what, example)
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%s %q is not an absolute http or https URL: write it as %s", what, value, example)
	case strings.ContainsAny(value, "{}"):
		return fmt.Errorf("%s %q has braces, which rules read as a template: write them as %%7B and %%7D", what, value)
	case u.Fragment != "" || strings.HasSuffix(value, "#"):
		return fmt.Errorf("%s %q has a fragment, after which nothing can be added: leave out what follows the #", what, value)
	}
	return nil
}

func (o *Options) checkValues() []error {
	var problems []error
	if o.Job == "" {
		problems = append(problems, errors.New("the job is empty: write the one under which Prometheus scrapes the exporter"))
	}
	if slices.Contains(o.Services, "") {
		problems = append(problems, errors.New("a service is empty: name it, or give none for all"))
	}
	if slices.Contains(o.Severities, "") {
		problems = append(problems, errors.New("a severity is empty: name it, or give none for all"))
	}
	return problems
}

func (o *Options) checkDurations() []error {
	durations := map[string]time.Duration{
		"window for new exceptions": o.NewWindow,
		"window for regressions":    o.RegressedWindow,
		"window for spikes":         o.SpikeWindow,
		"past of spikes":            o.SpikePast,
		"window for high rates":     o.RateWindow,
		"time for targets down":     o.TargetDownAfter,
		"window for failed scrapes": o.FailureWindow,
	}
	var problems []error
	for what, d := range durations {
		if d < time.Second || d%time.Second != 0 {
			problems = append(problems, fmt.Errorf("%s is %s: write whole seconds, 1s or more", what, d))
		}
	}
	if o.SpikePast < 2*o.SpikeWindow {
		problems = append(problems, fmt.Errorf("past of spikes is %s, too short for an average over windows of %s: write %s or more", o.SpikePast, span(o.SpikeWindow), span(2*o.SpikeWindow)))
	}
	if o.SpikeWindow >= 8*time.Hour {
		problems = append(problems, fmt.Errorf("window for spikes is %s, too long to be compared with the same time yesterday: write less than 8h", o.SpikeWindow))
	}
	for name, d := range o.For {
		if d < 0 || d%time.Second != 0 {
			problems = append(problems, fmt.Errorf("for of %s is %s: write whole seconds, 0s or more", name, d))
		}
	}
	return sorted(problems)
}

func (o *Options) checkThresholds() []error {
	var problems []error
	for _, threshold := range []struct {
		what  string
		value float64
	}{
		{"factor of spikes", o.SpikeFactor},
		{"floor of spikes", o.SpikeFloor},
		{"threshold of high rates", o.RateThreshold},
		{"share of failed scrapes", o.FailureRatio},
	} {
		if v := threshold.value; v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			problems = append(problems, fmt.Errorf("%s is %v: write 0 or a number above it", threshold.what, v))
		}
	}
	if o.SpikeFactor >= 0 && o.SpikeFactor <= 1 {
		problems = append(problems, fmt.Errorf("factor of spikes is %v, by which nothing would rise: write a number above 1", o.SpikeFactor))
	}
	if o.FailureRatio >= 1 {
		problems = append(problems, fmt.Errorf("share of failed scrapes is %v, which no share exceeds: write less than 1, such as 0.25 for a quarter", o.FailureRatio))
	}
	return problems
}

// checkNames refuses alerts that there are not.
func (o *Options) checkNames() []error {
	var problems []error
	for _, name := range slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(o.For)), o.Skip...))) {
		if !slices.Contains(Names(), name) {
			problems = append(problems, fmt.Errorf("there is no alert %q: it is one of %s", name, strings.Join(Names(), ", ")))
		}
	}
	return problems
}

// identifying are the labels that come with an alert. To overwrite one would make one
// alert of many.
var identifying = []string{
	model.AlertNameLabel, names.ServiceName, names.AggregationKey, names.ExceptionID, names.Class, names.Result, names.Reason, jobLabel,
}

func (o *Options) checkLabels() []error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(o.Labels)) {
		switch {
		case !model.LegacyValidation.IsValidLabelName(name) || name == model.MetricNameLabel:
			problems = append(problems, fmt.Errorf("label %q is not a name for a label: write letters, digits and underscores, no digit first", name))
		case slices.Contains(identifying, name):
			problems = append(problems, fmt.Errorf("label %q is the alert's own: choose another name", name))
		}
	}
	return problems
}

// resourceName is what Kubernetes takes as the name of a resource or of a namespace.
var resourceName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)

func (o *Options) checkFormat() []error {
	var problems []error
	if o.Format != Prometheus && o.Format != PrometheusRule {
		problems = append(problems, fmt.Errorf("there is no format %q: write %s or %s", o.Format, Prometheus, PrometheusRule))
	}
	if !resourceName.MatchString(o.Resource.Name) {
		problems = append(problems, fmt.Errorf("resource name %q is none for Kubernetes: write lower-case letters, digits, dots and hyphens", o.Resource.Name))
	}
	if o.Resource.Namespace != "" && !resourceName.MatchString(o.Resource.Namespace) {
		problems = append(problems, fmt.Errorf("namespace %q is none for Kubernetes: write lower-case letters, digits and hyphens", o.Resource.Namespace))
	}
	return problems
}

// sorted gives problems that came out of a map a fixed order.
func sorted(problems []error) []error {
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return problems
}
