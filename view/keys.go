package view

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// keyTable lists the keys of clients that are grouped under one exception.
type keyTable struct {
	Count string // how many there are
	Rows  []keyRow
	Left  string // how many of them are not listed; empty for none
}

type keyRow struct {
	Key   block
	Count string
	Last  moment
}

// newKeyTable returns nil for an exception that is no group.
func newKeyTable(e *merge.Exception, now time.Time, limit *budget) *keyTable {
	if e.Grouped == 0 {
		return nil
	}
	t := &keyTable{Count: plural(e.Grouped, "key")}
	for _, k := range e.Keys {
		t.Rows = append(t.Rows, keyRow{Key: limit.line(k.Label), Count: number(k.Total), Last: newMoment(now, k.LastSeen)})
	}
	if left := e.Grouped - len(e.Keys); left > 0 {
		t.Left = number(left)
	}
	return t
}
