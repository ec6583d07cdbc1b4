//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A board is what Grafana asks of a dashboard.
type board struct {
	Annotations struct {
		List []struct{ Name, Expr string }
	}
	Panels []struct {
		Title   string
		Targets []struct {
			Expr, LegendFormat, Format string
			Instant, Exemplar          bool
		}
	}
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
}

// quiet are the panels that show nothing on a shop where all is well but its
// exceptions: nobody has resolved any.
var quiet = map[string]int{"Exceptions that grew most": 1}

// TestDashboardQueries asks a real Prometheus over the demo what each panel asks.
func TestDashboardQueries(t *testing.T) {
	demo := process.Demo(t)
	prometheus := process.Prometheus(t, process.PrometheusOptions{
		Scrape: []*process.Program{demo}, Args: []string{"--enable-feature=exemplar-storage"},
	})
	began := time.Now()
	process.Eventually(t, "a new exception", func() error {
		return someSample(t, prometheus, "periskop_exception_first_seen_timestamp_seconds > on (service_name) group_left () periskop_service_watched_since_timestamp_seconds")
	})
	t.Run("documentation", func(t *testing.T) { testDocumentedQueries(t, prometheus) })
	for _, name := range []string{"overview", "service", "exporter"} {
		t.Run(name, func(t *testing.T) {
			var b board
			if err := json.Unmarshal([]byte(process.Run(t, "dashboards", "--dashboard="+name)), &b); err != nil {
				t.Fatal(err)
			}
			b.check(t, prometheus, substitution(began))
		})
	}
}

// testDocumentedQueries asks what docs/alerting.md has to ask. What each gives, promtool
// tests; here all are to be understood, and those about any exception to have data.
func testDocumentedQueries(t *testing.T, prometheus *process.Program) {
	text, err := os.ReadFile("../../docs/alerting.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		expr := m[1]
		if strings.HasPrefix(expr, "sum by (service_name) (rate(periskop_exceptions_total[5m]))") || strings.HasPrefix(expr, "max by") || strings.HasPrefix(expr, "topk") {
			process.Eventually(t, expr, func() error { return someSample(t, prometheus, expr) })
		} else if _, err := process.Query(t.Context(), prometheus, expr); err != nil {
			t.Errorf("%v in\n%s", err, expr)
		}
	}
}

// substitution replaces variables as Grafana does when everything is chosen.
func substitution(began time.Time) *strings.Replacer {
	return strings.NewReplacer(
		"$__range", "10m", "$__rate_interval", "10s", "${__from}", strconv.FormatInt(began.Add(-time.Minute).UnixMilli(), 10),
		"$service", "storefront|checkout|payments|search", "$severity", ".*", "$class", ".*", "$key", ".*", "$job", "periskop", "$instance", ".*",
	)
}

func (b *board) check(t *testing.T, prometheus *process.Program, substitute *strings.Replacer) {
	for _, v := range b.Templating.List {
		if v.Type != "query" {
			continue
		}
		selector, label, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(v.Definition, "label_values("), ")"), ", ")
		// A label that no series has is one of no group: it is to be there, and may be empty.
		expr := fmt.Sprintf("count by (%s) (%s)", label, substitute.Replace(selector))
		process.Eventually(t, "choices of "+v.Name, func() error { return someSample(t, prometheus, expr) })
	}
	for _, a := range b.Annotations.List {
		if a.Expr != "" {
			process.Eventually(t, a.Name, func() error { return someSample(t, prometheus, substitute.Replace(a.Expr)) })
		}
	}
	for _, p := range b.Panels {
		empty := 0
		for _, target := range p.Targets {
			expr := substitute.Replace(target.Expr)
			err := awaitSample(t, prometheus, expr, quiet[p.Title] > empty && strings.Contains(expr, "regressed"))
			if err != nil {
				empty++
			}
			checkLabels(t, prometheus, p.Title, expr, target.LegendFormat)
			if target.Exemplar {
				process.Eventually(t, "exemplars of "+p.Title, func() error { return someExemplar(t, prometheus, expr) })
			}
		}
	}
}

// awaitSample waits until the query returns something, or asks once when it may be empty.
func awaitSample(t *testing.T, prometheus *process.Program, expr string, mayBeEmpty bool) error {
	t.Helper()
	if mayBeEmpty {
		_, err := process.Query(t.Context(), prometheus, expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
		}
		return someSample(t, prometheus, expr)
	}
	process.Eventually(t, expr, func() error { return someSample(t, prometheus, expr) })
	return nil
}

func someSample(t *testing.T, prometheus *process.Program, expr string) error {
	samples, err := process.Query(t.Context(), prometheus, expr)
	if err == nil && len(samples) == 0 {
		err = fmt.Errorf("no data for %s", expr)
	}
	return err
}

// checkLabels sees to it that the series have the labels of the legend.
func checkLabels(t *testing.T, prometheus *process.Program, title, expr, legend string) {
	t.Helper()
	samples, err := process.Query(t.Context(), prometheus, expr)
	if err != nil {
		t.Errorf("%s: %v", title, err)
	}
	for _, part := range strings.Split(legend, "{{")[1:] {
		label, _, _ := strings.Cut(part, "}}")
		if label == names.Replica { // which is there with peers only
			continue
		}
		if !slices.ContainsFunc(samples, func(s process.Sample) bool { return s.Labels[label] != "" }) && len(samples) > 0 {
			t.Errorf("%s: no series has the label %s of the legend", title, label)
		}
	}
}

// someExemplar looks for an exemplar of an occurrence, with the ID of its exception.
func someExemplar(t *testing.T, prometheus *process.Program, expr string) error {
	now := time.Now()
	query := url.Values{"query": {expr}, "start": {now.Add(-10 * time.Minute).Format(time.RFC3339)}, "end": {now.Format(time.RFC3339)}}
	body, err := process.Get(t.Context(), prometheus.URL+"/api/v1/query_exemplars?"+query.Encode())
	if err != nil {
		return err
	}
	var answer struct {
		Data []struct {
			SeriesLabels map[string]string
			Exemplars    []struct{ Labels map[string]string }
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return err
	}
	for _, series := range answer.Data {
		if series.SeriesLabels["exception_id"] != "" && len(series.Exemplars) > 0 && series.Exemplars[0].Labels["occurrence"] != "" {
			return nil
		}
	}
	return fmt.Errorf("no exemplar among %d series", len(answer.Data))
}
