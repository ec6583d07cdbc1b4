package alerts_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/alerts"
)

// The options of the golden files, on top of the defaults. The tests of the rules by
// promtool use the files.
var cases = []struct {
	name    string
	options alerts.Options
}{
	{"default", options(func(o *alerts.Options) {
		o.DashboardURL = "https://grafana.example.com/d/periskop-overview"
	})},
	{"filtered", options(func(o *alerts.Options) {
		o.ExternalURL = "https://example.com/periskop/"
		o.DashboardURL = "https://grafana.example.com/d/periskop-overview?orgId=2"
		o.RunbookURL = "https://wiki.example.com/runbooks/"
		o.Job = "exceptions"
		o.Services = []string{"checkout", "search.v2"}
		o.Severities = []string{"error"}
		o.Labels = map[string]string{"team": "shop", "severity": "page"}
		o.For = map[string]time.Duration{alerts.ExceptionSpike: time.Minute, alerts.TargetDown: 2 * time.Minute}
		o.NewWindow = time.Hour
		o.RegressedWindow = 30 * time.Minute
		o.SpikeWindow = 10 * time.Minute
		o.SpikePast = 2 * time.Hour
		o.SpikeFactor = 2.5
		o.SpikeFloor = 100
		o.RateThreshold = 0.5
		o.RateWindow = 2 * time.Minute
		o.TargetDownAfter = 3 * time.Minute
		o.FailureRatio = 0.1
		o.FailureWindow = 30 * time.Minute
	})},
	{"direct", options(func(o *alerts.Options) { o.WithDirectAlerts = true })},
	{"periskop", options(func(o *alerts.Options) {
		o.Skip = alerts.Names()
		o.WithPeriskopNames = true
	})},
	{"prometheusrule", options(func(o *alerts.Options) {
		o.ExternalURL = "http://periskop.monitoring:9968"
		o.Services = []string{"checkout"}
		o.Skip = []string{alerts.ExceptionSpike, alerts.HighExceptionRate, alerts.TargetDown, alerts.ServiceHasNoTargets, alerts.ScrapesFailing}
		o.Format = alerts.PrometheusRule
		o.Resource = alerts.Resource{
			Name: "periskop", Namespace: "monitoring", Labels: map[string]string{"release": "prometheus"},
		}
	})},
}

const exporterURL = "http://periskop.example.com:9968"

// options returns the defaults with changes.
func options(change func(*alerts.Options)) alerts.Options {
	o := alerts.Defaults()
	o.ExternalURL = exporterURL
	change(&o)
	return o
}

func TestRules(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := alerts.Rules(c.options)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "testdata/rules/"+c.name+".yaml", got)
			again, err := alerts.Rules(c.options)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, again) {
				t.Error("the same options give other bytes")
			}
		})
	}
}

func TestRulesErrors(t *testing.T) {
	const url = exporterURL
	for _, c := range []struct {
		name   string
		change func(*alerts.Options)
		want   []string
	}{
		{"no URL", func(o *alerts.Options) { o.ExternalURL = "" }, []string{
			"external URL is missing: write it as http://periskop.example.com:9968",
		}},
		{"URL without scheme", func(o *alerts.Options) { o.ExternalURL = "periskop:9968" }, []string{
			`external URL "periskop:9968" is not an absolute http or https URL: write it as http://periskop.example.com:9968`,
		}},
		{"URLs that nothing can be added to", func(o *alerts.Options) {
			o.ExternalURL, o.DashboardURL, o.RunbookURL = url+"/{{x}}", url+"/#/d/x", "wiki"
		}, []string{
			`external URL "http://periskop.example.com:9968/{{x}}" has braces, which rules read as a template: write them as %7B and %7D`,
			`runbook URL "wiki" is not an absolute http or https URL: write it as https://wiki.example.com/runbooks/{alert}`,
			`dashboard URL "http://periskop.example.com:9968/#/d/x" has a fragment, after which nothing can be added: leave out what follows the #`,
		}},
		{"values that match nothing", func(o *alerts.Options) { o.Services, o.Severities = []string{"a", ""}, []string{""} }, []string{
			"a service is empty: name it, or give none for all",
			"a severity is empty: name it, or give none for all",
		}},
		{"durations", func(o *alerts.Options) {
			o.NewWindow, o.RegressedWindow, o.SpikeWindow, o.RateWindow = -time.Minute, 0, 9*time.Hour, 1500*time.Millisecond
			o.For = map[string]time.Duration{alerts.TargetDown: -1}
		}, []string{
			"for of PeriskopTargetDown is -1ns: write whole seconds, 0s or more",
			"past of spikes is 1h0m0s, too short for an average over windows of 9h: write 18h or more",
			"window for high rates is 1.5s: write whole seconds, 1s or more",
			"window for new exceptions is -1m0s: write whole seconds, 1s or more",
			"window for regressions is 0s: write whole seconds, 1s or more",
			"window for spikes is 9h0m0s, too long to be compared with the same time yesterday: write less than 8h",
		}},
		{"thresholds", func(o *alerts.Options) { o.SpikeFactor, o.SpikeFloor, o.FailureRatio = 1, -1, 25 }, []string{
			"floor of spikes is -1: write 0 or a number above it",
			"factor of spikes is 1, by which nothing would rise: write a number above 1",
			"share of failed scrapes is 25, which no share exceeds: write less than 1, such as 0.25 for a quarter",
		}},
		{"alerts that there are not", func(o *alerts.Options) {
			o.Skip, o.For = []string{"NewException"}, map[string]time.Duration{"": 0}
		}, []string{
			`there is no alert "": it is one of ` + strings.Join(alerts.Names(), ", "),
			`there is no alert "NewException": it is one of ` + strings.Join(alerts.Names(), ", "),
		}},
		{"nothing left", func(o *alerts.Options) { o.Skip = alerts.Names() }, []string{
			"every alert is skipped: leave at least one in",
		}},
		{"labels", func(o *alerts.Options) { o.Labels = map[string]string{"service_name": "x", "on-call": "y", "ok": "z"} }, []string{
			`label "on-call" is not a name for a label: write letters, digits and underscores, no digit first`,
			`label "service_name" is the alert's own: choose another name`,
		}},
		{"format", func(o *alerts.Options) {
			o.Format, o.Resource = "json", alerts.Resource{Name: "Periskop", Namespace: "a b"}
		}, []string{
			`there is no format "json": write prometheus or prometheusrule`,
			`resource name "Periskop" is none for Kubernetes: write lower-case letters, digits, dots and hyphens`,
			`namespace "a b" is none for Kubernetes: write lower-case letters, digits and hyphens`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := alerts.Rules(options(c.change))
			if err == nil {
				t.Fatalf("got no error, but:\n%s", got)
			}
			if diff := cmp.Diff(strings.Split(err.Error(), "\n"), c.want); diff != "" {
				t.Errorf("errors (-got +want):\n%s", diff)
			}
		})
	}
}

// TestThresholdsOfZero holds a threshold of zero to what it says: there is no default in
// its place.
func TestThresholdsOfZero(t *testing.T) {
	ends := map[string]string{
		alerts.HighExceptionRate: "> 0",
		alerts.ScrapesFailing:    "> 0",
		alerts.ExceptionSpike:    ">= 0",
	}
	for _, r := range written(t, options(func(o *alerts.Options) { o.RateThreshold, o.FailureRatio, o.SpikeFloor = 0, 0, 0 })) {
		condition, _, _ := strings.Cut(r.Expr, "\nunless")
		if want := ends[r.Alert]; !strings.HasSuffix(condition, want) {
			t.Errorf("%s: got %q, want it to end in %q", r.Alert, condition, want)
		}
	}
}

// A rule as Prometheus reads it.
type rule struct {
	Alert       string
	Record      string
	Expr        string
	For         *string
	Labels      map[string]string
	Annotations map[string]string
}

// written returns the rules of the options, read back.
func written(t *testing.T, o alerts.Options) []rule {
	t.Helper()
	out, err := alerts.Rules(o)
	if err != nil {
		t.Fatal(err)
	}
	type groups []struct{ Rules []rule }
	var file struct {
		Groups groups
		Spec   struct{ Groups groups }
	}
	if err := yaml.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	var rules []rule
	for _, g := range append(file.Groups, file.Spec.Groups...) {
		rules = append(rules, g.Rules...)
	}
	return rules
}
