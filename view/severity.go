package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// A severity is a word of the target's and the tone in which it is printed.
type severity struct {
	Name text
	Tone string
}

// knownSeverities are those of the client libraries, the worst first.
var knownSeverities = []string{"error", "warning", "info"}

func newSeverity(name string) severity {
	const most = 40
	s := severity{Name: snippet(name, most), Tone: "other"}
	if slices.Contains(knownSeverities, name) {
		s.Tone = name
	}
	return s
}

// compareSeverities puts the worst first, and those that are not known last.
func compareSeverities(a, b string) int {
	rank := func(s string) int {
		if i := slices.Index(knownSeverities, s); i >= 0 {
			return i
		}
		return len(knownSeverities)
	}
	if d := cmp.Compare(rank(a), rank(b)); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// severitiesOf returns the severities of an exception, the worst first.
func severitiesOf(e *merge.Exception) []string {
	var list []string
	for i := range e.Counts {
		list = append(list, e.Counts[i].Severity)
	}
	slices.SortFunc(list, compareSeverities)
	return slices.Compact(list)
}
