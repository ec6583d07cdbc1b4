package alerts_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// documented returns the queries of docs/alerting.md.
func documented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/alerting.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		out = append(out, m[1])
	}
	if len(out) < 5 {
		t.Fatalf("found %d queries", len(out))
	}
	return out
}

// TestDocumentedQueries parses the queries of the documentation, and sees to it that
// promtool has a test with the result of each.
func TestDocumentedQueries(t *testing.T) {
	text, err := os.ReadFile("testdata/promtool/documentation.test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests []struct {
			Queries []struct{ Expr string } `yaml:"promql_expr_test"`
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	var tested []string
	for _, test := range file.Tests {
		for _, q := range test.Queries {
			tested = append(tested, words(q.Expr))
		}
	}
	others := []string{"http_requests_total", "process_start_time_seconds"}
	for _, expr := range documented(t) {
		if !slices.Contains(tested, words(expr)) {
			t.Errorf("promtool does not test the query\n%s", expr)
		}
		parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
		if err != nil {
			t.Errorf("%v in\n%s", err, expr)
			continue
		}
		parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
			if s, ok := n.(*parser.VectorSelector); ok && !slices.Contains(others, s.Name) {
				names.Find(s.Name) // panics when there is none
			}
			return nil
		})
	}
}
