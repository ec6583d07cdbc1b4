//go:build e2e

package fidelity_test

import (
	"fmt"
	"strings"
)

// table is the outcome of all cases in Markdown.
func table(w *world) string {
	var b strings.Builder
	b.WriteString("| case | before the watch | thrown | told | counted, raw | counted, `increase()` | difference | Periskop's rule |\n")
	b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, run := range w.runs {
		for _, row := range run.rows {
			r := row.result
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %.0f | %.0f | %.0f | %.0f |\n",
				r.name, r.before, r.thrown, r.told, r.raw, r.increase, r.raw-float64(r.told), r.rule)
		}
	}
	return b.String()
}

func page(w *world) string { return table(w) }
