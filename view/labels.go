package view

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A labelRow is a label of an occurrence.
type labelRow struct{ Name, Value block }

func newLabelRows(ls periskop.Labels, limit *budget) []labelRow {
	var rows []labelRow
	for _, l := range ls {
		rows = append(rows, labelRow{limit.line(l.Name), limit.line(l.Value)})
	}
	return rows
}

// A valueTable says how the occurrences that are kept spread over the values of a label.
type valueTable struct {
	Name block
	Rows []valueRow
	Left string
}

type valueRow struct {
	Value block
	Count string
	URL   string // leads to the exceptions with that value
}

// maxValues is how many values of a label are listed: as many as occurrences are kept by default.
const maxValues = 10

// newValueTables returns a table for each label that occurrences have.
func newValueTables(list []periskop.Occurrence, limit *budget, to links) []valueTable {
	counts := map[string]map[string]int{}
	for i := range list {
		for _, l := range list[i].Labels {
			if counts[l.Name] == nil {
				counts[l.Name] = map[string]int{}
			}
			counts[l.Name][l.Value]++
		}
	}
	var tables []valueTable
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		t := valueTable{Name: limit.line(name)}
		values := mostFrequent(counts[name])
		if left := len(values) - maxValues; left > 0 {
			t.Left = plural(left, "other value")
			values = values[:maxValues]
		}
		for _, v := range values {
			row := valueRow{Value: limit.line(v), Count: number(counts[name][v])}
			if !strings.ContainsAny(v, " \t\n") { // else a search would look for its words apart
				row.URL = to.exceptions(filter{Query: name + "=" + v, State: conditionAny})
			}
			t.Rows = append(t.Rows, row)
		}
		tables = append(tables, t)
	}
	return tables
}

// mostFrequent returns the texts, the one with the most first.
func mostFrequent(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
}

// versions are those in which an exception was seen first and last.
type versions struct{ First, Last block }

// newVersions returns nil when no version is known.
func newVersions(e *merge.Exception, limit *budget) *versions {
	if len(e.Versions) == 0 {
		return nil
	}
	v := &versions{First: limit.line(e.FirstVersion())}
	if len(e.Versions) > 1 {
		v.Last = limit.line(e.LastVersion())
	}
	return v
}

// versionText says the same in a line.
func versionText(e *merge.Exception) string {
	if len(e.Versions) < 2 {
		return e.FirstVersion()
	}
	return "first in " + e.FirstVersion() + ", last in " + e.LastVersion()
}
