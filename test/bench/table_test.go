package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
)

// A result is what one benchmark measured.
type result struct {
	name    string
	metrics []string
}

// A table is printed once all benchmarks are done: the lines of `go test` are made for
// benchstat and not for readers.
type table struct{ results []result }

var results table

// report tells a metric to benchstat, and adds it to the table.
func report(b *testing.B, value float64, unit string) {
	b.ReportMetric(value, unit)
	name := strings.TrimPrefix(b.Name(), "Benchmark")
	last := len(results.results) - 1
	if last < 0 || results.results[last].name != name {
		results.results = append(results.results, result{name: name})
		last++
	}
	results.results[last].metrics = append(results.results[last].metrics, fmt.Sprintf("%.3g %s", value, unit))
}

func (t *table) print() {
	if len(t.results) == 0 {
		return
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w)
	for _, r := range t.results {
		fmt.Fprintf(w, "%s\t%s\n", r.name, strings.Join(r.metrics, "\t"))
	}
	_ = w.Flush()
}
