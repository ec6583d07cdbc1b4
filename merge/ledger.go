package merge

import (
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// The ledger holds the counters as they are exposed. It, and not the exceptions,
// owns their values: several keys can share one series after relabelling, and the
// value must not fall when one of them goes.
type ledger struct {
	series map[string]*series
	// sorted holds the same series in the order of their keys; nil when stale.
	sorted []*series
}

type series struct {
	key   string
	grown time.Time
	// gone is set when the series has left the exposition. A counter that grows
	// again starts a new one, at zero.
	gone bool
	Series
	view *Series // a copy that was handed out; nil when stale
}

// at returns the series with those labels, which begins at zero at that time if
// there is none.
func (l *ledger) at(labels periskop.Labels, start time.Time) *series {
	key := labelsKey(labels)
	if s, ok := l.series[key]; ok {
		return s
	}
	s := &series{key: key, grown: start, Series: Series{Labels: labels, Start: start}}
	if l.series == nil {
		l.series = map[string]*series{}
	}
	l.series[key] = s
	l.sorted = nil
	return s
}

// add counts n more.
func (s *series) add(n uint64, now time.Time) {
	if n == 0 {
		return
	}
	s.Value = saturatingAdd(s.Value, n)
	s.grown = later(s.grown, now)
	s.view = nil
}

// sawOccurrence notes the newest occurrence behind the series.
func (s *series) sawOccurrence(uuid string, at time.Time) {
	if at.After(s.NewestAt) || s.Newest == "" {
		s.Newest, s.NewestAt = uuid, at
		s.view = nil
	}
}

// expire drops the series that have not grown since then.
func (l *ledger) expire(since time.Time) {
	for key, s := range l.series {
		if s.grown.Before(since) {
			s.gone = true
			delete(l.series, key)
			l.sorted = nil
		}
	}
}

func (l *ledger) snapshot() []*Series {
	if l.sorted == nil {
		l.sorted = make([]*series, 0, len(l.series))
		for _, s := range l.series {
			l.sorted = append(l.sorted, s)
		}
		slices.SortFunc(l.sorted, func(a, b *series) int { return strings.Compare(a.key, b.key) })
	}
	out := make([]*Series, len(l.sorted))
	for i, s := range l.sorted {
		if s.view == nil {
			view := s.Series
			s.view = &view
		}
		out[i] = s.view
	}
	return out
}

// labelsKey is the same for equal labels only: no label holds a byte that is not
// UTF-8.
func labelsKey(labels periskop.Labels) string {
	var b strings.Builder
	for _, l := range labels {
		b.WriteString(l.Name)
		b.WriteByte(0xff)
		b.WriteString(l.Value)
		b.WriteByte(0xff)
	}
	return b.String()
}

// uniteSeen returns the list with those of equal labels made one.
func uniteSeen(list []*Seen) []*Seen {
	index := make(map[string]int, len(list))
	out := list[:0:0]
	for _, s := range list {
		key := labelsKey(s.Labels)
		at, ok := index[key]
		if !ok {
			index[key] = len(out)
			out = append(out, s)
			continue
		}
		out[at] = &Seen{Labels: s.Labels, First: earlier(out[at].First, s.First), Last: later(out[at].Last, s.Last)}
	}
	return out
}

// earlier returns the earlier time that is not zero.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
