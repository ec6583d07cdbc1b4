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

// The options of the golden files. The tests of the rules by promtool use the files.
var cases = []struct {
	name    string
	options alerts.Options
}{
	{"default", alerts.Options{
		ExternalURL:  "http://periskop.example.com:9968",
		DashboardURL: "https://grafana.example.com/d/periskop-overview",
	}},
	{"filtered", alerts.Options{
		ExternalURL:     "https://example.com/periskop/",
		DashboardURL:    "https://grafana.example.com/d/periskop-overview?orgId=2",
		RunbookURL:      "https://wiki.example.com/runbooks/",
		Job:             "exceptions",
		Services:        []string{"checkout", "search.v2"},
		Severities:      []string{"error"},
		Labels:          map[string]string{"team": "shop", "severity": "page"},
		For:             map[string]time.Duration{alerts.ExceptionSpike: time.Minute, alerts.TargetDown: 2 * time.Minute},
		NewWindow:       time.Hour,
		RegressedWindow: 30 * time.Minute,
		SpikeWindow:     10 * time.Minute,
		SpikePast:       2 * time.Hour,
		SpikeFactor:     2.5,
		SpikeFloor:      100,
		RateThreshold:   0.5,
		RateWindow:      2 * time.Minute,
		TargetDownAfter: 3 * time.Minute,
		FailureRatio:    0.1,
		FailureWindow:   30 * time.Minute,
	}},
	{"prometheusrule", alerts.Options{
		ExternalURL: "http://periskop.monitoring:9968",
		Services:    []string{"checkout"},
		Skip:        []string{alerts.ExceptionSpike, alerts.HighExceptionRate, alerts.TargetDown, alerts.ServiceHasNoTargets, alerts.ScrapesFailing},
		Format:      alerts.PrometheusRule,
		Resource: alerts.Resource{
			Name: "periskop", Namespace: "monitoring", Labels: map[string]string{"release": "prometheus"},
		},
	}},
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

// TestDefaults holds Rules to what Defaults promises.
func TestDefaults(t *testing.T) {
	o := alerts.Defaults()
	o.ExternalURL = cases[0].options.ExternalURL
	o.DashboardURL = cases[0].options.DashboardURL
	got, err := alerts.Rules(o)
	if err != nil {
		t.Fatal(err)
	}
	want, err := alerts.Rules(cases[0].options)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("rules with explicit defaults (-got +want):\n%s", diff)
	}
}

func TestRulesErrors(t *testing.T) {
	const url = "http://periskop.example.com:9968"
	for _, c := range []struct {
		name    string
		options alerts.Options
		want    []string
	}{
		{"no URL", alerts.Options{}, []string{
			"external URL is missing: write it as http://periskop.example.com:9968",
		}},
		{"URL without scheme", alerts.Options{ExternalURL: "periskop:9968"}, []string{
			`external URL "periskop:9968" is not an absolute http or https URL: write it as http://periskop.example.com:9968`,
		}},
		{"URLs that nothing can be added to", alerts.Options{ExternalURL: url + "/{{x}}", DashboardURL: url + "/#/d/x", RunbookURL: "wiki"}, []string{
			`external URL "http://periskop.example.com:9968/{{x}}" has braces, which rules read as a template: write them as %7B and %7D`,
			`runbook URL "wiki" is not an absolute http or https URL: write it as https://wiki.example.com/runbooks/{alert}`,
			`dashboard URL "http://periskop.example.com:9968/#/d/x" has a fragment, after which nothing can be added: leave out what follows the #`,
		}},
		{"values that match nothing", alerts.Options{ExternalURL: url, Services: []string{"a", ""}, Severities: []string{""}}, []string{
			"a service is empty: name it, or give none for all",
			"a severity is empty: name it, or give none for all",
		}},
		{"durations", alerts.Options{
			ExternalURL: url, NewWindow: -time.Minute, SpikeWindow: 9 * time.Hour, RateWindow: 1500 * time.Millisecond,
			For: map[string]time.Duration{alerts.TargetDown: -1},
		}, []string{
			"for of PeriskopTargetDown is -1ns: write whole seconds, 0s or more",
			"past of spikes is 1h0m0s, too short for an average over windows of 9h: write 18h or more",
			"window for high rates is 1.5s: write whole seconds, 1s or more",
			"window for new exceptions is -1m0s: write whole seconds, 1s or more",
			"window for spikes is 9h0m0s, too long to be compared with the same time yesterday: write less than 8h",
		}},
		{"thresholds", alerts.Options{ExternalURL: url, SpikeFactor: 1, SpikeFloor: -1, FailureRatio: 25}, []string{
			"factor of spikes is 1: write a number greater than 1",
			"floor of spikes is -1: write a number greater than 0",
			"share of failed scrapes is 25, which no share exceeds: write less than 1, such as 0.25 for a quarter",
		}},
		{"alerts that there are not", alerts.Options{ExternalURL: url, Skip: []string{"NewException"}, For: map[string]time.Duration{"": 0}}, []string{
			`there is no alert "": it is one of ` + strings.Join(alerts.Names(), ", "),
			`there is no alert "NewException": it is one of ` + strings.Join(alerts.Names(), ", "),
		}},
		{"nothing left", alerts.Options{ExternalURL: url, Skip: alerts.Names()}, []string{
			"every alert is skipped: leave at least one in",
		}},
		{"labels", alerts.Options{ExternalURL: url, Labels: map[string]string{"service_name": "x", "on-call": "y", "ok": "z"}}, []string{
			`label "on-call" is not a name for a label: write letters, digits and underscores, no digit first`,
			`label "service_name" is the alert's own: choose another name`,
		}},
		{"format", alerts.Options{ExternalURL: url, Format: "json", Resource: alerts.Resource{Name: "Periskop", Namespace: "a b"}}, []string{
			`there is no format "json": write prometheus or prometheusrule`,
			`resource name "Periskop" is none for Kubernetes: write lower-case letters, digits, dots and hyphens`,
			`namespace "a b" is none for Kubernetes: write lower-case letters, digits and hyphens`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := alerts.Rules(c.options)
			if err == nil {
				t.Fatalf("got no error, but:\n%s", got)
			}
			if diff := cmp.Diff(strings.Split(err.Error(), "\n"), c.want); diff != "" {
				t.Errorf("errors (-got +want):\n%s", diff)
			}
		})
	}
}

// A rule as Prometheus reads it.
type rule struct {
	Alert       string
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
