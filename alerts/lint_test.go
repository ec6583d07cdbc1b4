package alerts_test

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/periskop-exporter/periskop_exporter/alerts"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// exposed are the metrics that rules may ask for.
var exposed = []string{
	names.ExporterStateInfo,
	"up",
	names.ExceptionsTotal, names.ExceptionFirstSeen, names.ExceptionsRegressedTotal, names.ExceptionMuted, names.ServiceWatchedSince,
	names.ServiceTargets, names.TargetUp, names.ScrapesTotal, names.ExporterOverflowKeys, names.ExporterConfigReloadSuccess,
	names.ExporterServicesOverLimit, names.ExporterStateCommitFailures, names.ExporterStateCommitSuccess, names.ExporterStateDamaged,
	names.ExporterAlertsSent, names.ExporterAlertsFailed, names.ExporterAlertsDropped, names.ExporterAlertmanagers, names.ExporterExportQueueAge, names.ExporterExportRecords,
	names.ExporterPeerSuccess,
}

func TestComplete(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range written(t, c.options) {
				lintRule(t, r)
			}
		})
	}
}

func lintRule(t *testing.T, r rule) {
	t.Helper()
	if r.Record != "" {
		lintExpr(t, r.Record, r.Expr)
		return
	}
	if r.For == nil {
		t.Errorf("%s: does not say for how long", r.Alert)
	}
	if r.Labels["severity"] == "" {
		t.Errorf("%s: has no severity", r.Alert)
	}
	for _, name := range []string{"summary", "description", "runbook_url"} {
		if r.Annotations[name] == "" {
			t.Errorf("%s: has no %s", r.Alert, name)
		}
	}
	if (r.Annotations["exception_url"] == "") == (r.Annotations["status_url"] == "") {
		t.Errorf("%s: wants an exception_url or a status_url", r.Alert)
	}
	lintExpr(t, r.Alert, r.Expr)
	for name, text := range r.Annotations {
		out := expand(t, r.Alert, text)
		if u, err := url.Parse(out); strings.HasSuffix(name, "_url") && (err != nil || u.Host == "") {
			t.Errorf("%s: %s becomes %q, no URL", r.Alert, name, out)
		}
		if strings.Contains(out, "{{") || strings.Contains(out, "<no value>") {
			t.Errorf("%s: %s becomes %q", r.Alert, name, out)
		}
	}
	if s := expand(t, r.Alert, r.Annotations["summary"]); len(s) > 120 || strings.HasSuffix(s, ".") {
		t.Errorf("%s: the summary is no headline: %s", r.Alert, s)
	}
	if d := expand(t, r.Alert, r.Annotations["description"]); !strings.HasSuffix(d, ".") {
		t.Errorf("%s: the description is no sentence: %s", r.Alert, d)
	}
}

// lintExpr checks that the expression asks for nothing that is not exposed.
func lintExpr(t *testing.T, alert, expr string) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %v in %s", alert, err, expr)
		return
	}
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		if s, ok := n.(*parser.VectorSelector); ok && !slices.Contains(exposed, s.Name) {
			t.Errorf("%s: asks for %s, which is not exposed", alert, s)
		}
		return nil
	})
}

// A sample is what a query gives to a template.
type sample struct {
	Labels map[string]string
	Value  float64
}

// expand fills in the template as Prometheus does, with one sample for each query.
func expand(t *testing.T, alert, text string) string {
	t.Helper()
	labels := map[string]string{
		"service_name": "check out", "aggregation_key": "a/b#c&d", "exception_id": "0123456789abcdef",
		"class": "", "result": "timeout", "reason": "file_damaged", "severity": "error", "job": "periskop", "instance": "a:80", "target": "a:80",
	}
	funcs := template.FuncMap{
		"toTime":             func(seconds float64) time.Time { return time.Unix(int64(seconds), 0).UTC() },
		"humanizePercentage": func(v float64) string { return strconv.FormatFloat(100*v, 'g', 4, 64) + "%" },
		"sortByLabel":        func(_ string, v []sample) []sample { return v },
		"first":              func(v []sample) sample { return v[0] },
		"value":              func(s sample) float64 { return s.Value },
		"query": func(expr string) []sample {
			lintExpr(t, alert, expr)
			return []sample{{labels, 1}}
		},
	}
	const start = "{{ $labels := .Labels }}{{ $value := .Value }}"
	parsed, err := template.New(alert).Funcs(funcs).Option("missingkey=zero").Parse(start + text)
	if err != nil {
		t.Errorf("%s: %v", alert, err)
		return ""
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, sample{labels, 0.5}); err != nil {
		t.Errorf("%s: %v", alert, err)
	}
	return out.String()
}

// TestLinks shows that every link survives a key and a service that need encoding.
func TestLinks(t *testing.T) {
	got := map[string]string{}
	for _, r := range written(t, cases[1].options) {
		if r.Alert != alerts.NewException && r.Alert != alerts.HighExceptionRate && r.Alert != alerts.ExporterDown {
			continue
		}
		for name, text := range r.Annotations {
			if strings.HasSuffix(name, "_url") {
				got[r.Alert+" "+name] = expand(t, r.Alert, text)
			}
		}
	}
	want := map[string]string{
		"PeriskopNewException exception_url":      "https://example.com/periskop/trace/0123456789abcdef",
		"PeriskopNewException dashboard_url":      "https://grafana.example.com/d/periskop-overview?orgId=2&var-service=check+out&var-key=a%2Fb%23c%26d",
		"PeriskopNewException runbook_url":        "https://wiki.example.com/runbooks/PeriskopNewException",
		"PeriskopHighExceptionRate exception_url": "https://example.com/periskop/exceptions?service_name=check+out",
		"PeriskopHighExceptionRate dashboard_url": "https://grafana.example.com/d/periskop-overview?orgId=2&var-service=check+out",
		"PeriskopHighExceptionRate runbook_url":   "https://wiki.example.com/runbooks/PeriskopHighExceptionRate",
		"PeriskopExporterDown status_url":         "https://example.com/periskop/status",
		"PeriskopExporterDown dashboard_url":      "https://grafana.example.com/d/periskop-overview?orgId=2",
		"PeriskopExporterDown runbook_url":        "https://wiki.example.com/runbooks/PeriskopExporterDown",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("links (-got +want):\n%s", diff)
	}
}

// TestPages holds the documentation to one page per alert.
func TestPages(t *testing.T) {
	files, err := filepath.Glob("../docs/alerts/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var pages []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		if name == "README" {
			continue
		}
		pages = append(pages, name)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"# " + name + "\n", "\n## What it means\n", "\n## What to look at\n", "\n## What to do\n"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s has no line %q", file, strings.TrimSpace(want))
			}
		}
	}
	want := append(alerts.Names(), names.ManyExceptions)
	slices.Sort(want)
	if diff := cmp.Diff(pages, want); diff != "" {
		t.Errorf("pages (-got +want):\n%s", diff)
	}
}
