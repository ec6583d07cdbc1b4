package names_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

//go:generate go test -run TestDocumentation -update .

var update = flag.Bool("update", false, "rewrite docs/metrics.md")

const head = `# Metrics

Generated from the code; ` + "`make generate`" + ` rewrites it.

Metrics of exceptions carry the labels that ` + "`group_by`" + ` names as well, and are relabelled by ` + "`metric_relabel_configs`" + `.
` + "`exception_id`" + ` is the same on every exporter and after every restart; the page of an exception is
` + "`<external URL>/trace/<exception_id>`" + `. A key longer than 256 bytes is cut and ends in a hash of the whole.

A counter that is new is shown at 0 first, for ` + "`increase()`" + ` to see it rise:
[alerting.md](alerting.md#the-first-exceptions-of-a-series). With ` + "`/metrics?service_name=a&service_name=b`" + ` only the series of these services
are shown, and those that concern none. With ` + "[`peers:`](high-availability.md#peers) all series have a label `replica`" + ` as well.

Beside these there are the metrics of Prometheus' service discovery (` + "`prometheus_sd_*`" + `), of Go
(` + "`go_*`" + `) and of the process (` + "`process_*`" + `).

`

func TestDocumentation(t *testing.T) {
	const path = "../../docs/metrics.md"
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("| Metric | Type | Labels | Meaning |\n| --- | --- | --- | --- |\n")
	for _, m := range names.Metrics() {
		labels := ""
		for i, l := range m.Labels {
			if i > 0 {
				labels += ", "
			}
			labels += "`" + l + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Name, m.Type, labels, m.Help)
	}
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), b.String()); diff != "" {
		t.Errorf("docs/metrics.md (-file +code), rewrite it with make generate:\n%s", diff)
	}
}

func TestMetricsAreSorted(t *testing.T) {
	sorted := slices.IsSortedFunc(names.Metrics(), func(a, b names.Metric) int { return strings.Compare(a.Name, b.Name) })
	if !sorted {
		t.Error("names.Metrics is not sorted by name")
	}
}
