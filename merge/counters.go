package merge

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A counterSet holds counters as they are exposed. The set, and not the exceptions, owns
// their values: several keys can share one series after relabelling, and the value must not
// fall when one of them goes.
//
// State.mu guards a set and its series. All methods expect it to be held.
type counterSet struct {
	regressions bool // what it counts
	pending     *pending
	exposure    *exposure
	series      map[labelsKey]*series
	// sorted holds the same series in the order of their keys; nil when stale.
	sorted []*series
}

// A series is one counter of a set. State.mu guards it.
type series struct {
	set *counterSet
	// service is the one that it was made for.
	service string
	key     labelsKey
	grown   time.Time
	// orphaned is when the last key that counts on it left the configuration; zero as
	// long as there is one.
	orphaned time.Time
	// born is the number of the first exposition in which it can appear.
	born uint64
	// exposed is when a scraper was first shown it, at zero; valued is set when it was
	// shown at its value. See exposure.
	exposed time.Time
	valued  bool
	// gone is set when the series has left the exposition. A counter that grows
	// again starts a new one, at zero.
	gone bool
	Series
	view *Series // a copy that was handed out; nil when stale
}

// at returns the series with those labels, which begins at zero at that time if
// there is none.
func (set *counterSet) at(service string, labels periskop.Labels, start time.Time) *series {
	key := keyOf(labels)
	if s, ok := set.series[key]; ok {
		s.orphaned = time.Time{}
		return s
	}
	s := &series{set: set, service: service, key: key, grown: start, Series: Series{Labels: labels, Start: start}}
	set.series[key] = s
	set.sorted = nil
	set.exposure.add(s)
	s.changed()
	return s
}

// changed marks the series as changed: it is written with the next commit, and its view is stale.
func (s *series) changed() {
	s.view = nil
	s.set.pending.series[s] = struct{}{}
}

func (s *series) name() SeriesName {
	return SeriesName{Regressions: s.set.regressions, Labels: s.Labels}
}

func (s *series) record() SeriesRecord {
	return SeriesRecord{
		SeriesName: s.name(), Service: s.service, Value: s.Value, Start: s.Start, Grown: s.grown,
		Newest: s.Newest, NewestAt: s.NewestAt, Exposed: s.exposed, Valued: s.valued,
	}
}

// load takes in a series as it was written.
func (set *counterSet) load(r *SeriesRecord, now time.Time) {
	s := &series{
		set: set, service: r.Service, key: keyOf(r.Labels), grown: r.Grown, exposed: r.Exposed, valued: r.Valued,
		Series: Series{Labels: r.Labels, Value: r.Value, Start: r.Start, Newest: r.Newest, NewestAt: r.NewestAt},
	}
	set.series[s.key] = s
	if s.exposed.After(now) {
		s.exposed = now // the clock was set back
	}
	if !s.valued {
		set.exposure.add(s)
	}
}

// maxValue is how far a series counts: a float64, as which Prometheus keeps it, tells the
// numbers up to 2^53 apart, and rates are computed from differences of sums.
const maxValue = 1 << 52

// add counts n more. A series that would pass maxValue begins anew with that.
func (s *series) add(n uint64, now time.Time) {
	if n == 0 {
		return
	}
	if s.Value > maxValue-min(n, maxValue) {
		s.Value, s.Start = 0, now
	}
	s.Value += min(n, maxValue)
	s.grown = later(s.grown, now)
	s.changed()
}

// sawOccurrence notes the newest occurrence behind the series.
func (s *series) sawOccurrence(uuid string, at time.Time) {
	if at.After(s.NewestAt) || s.Newest == "" {
		s.Newest, s.NewestAt = uuid, at
		s.changed()
	}
}

// orphanRetention is how long a series stays that no key counts on any more: long
// enough for every scraper to read its last increments.
const orphanRetention = 10 * time.Minute

// expire drops the series that have not grown for that long, and orphans.
func (set *counterSet) expire(now time.Time, retention time.Duration) {
	for key, s := range set.series {
		orphan := !s.orphaned.IsZero() && now.Sub(s.orphaned) > orphanRetention
		if orphan || now.Sub(s.grown) > retention {
			set.remove(key, s)
		}
	}
}

// orphan makes orphans of all series but those of the services that stay as they are, and
// but for those that are adopted after it.
func (set *counterSet) orphan(stays map[string]bool, now time.Time) {
	for _, s := range set.series {
		if s.orphaned.IsZero() && !stays[s.service] {
			s.orphaned = now
		}
	}
}

func (set *counterSet) remove(key labelsKey, s *series) {
	s.gone = true
	delete(set.series, key)
	delete(set.exposure.newSeries, s)
	set.sorted = nil
	delete(set.pending.series, s)
	set.pending.lostSeries[s] = struct{}{}
}

// snapshot returns the series as they are shown, those that are chosen.
func (set *counterSet) snapshot(chosen selection) []*Series {
	if set.sorted == nil {
		set.sorted = make([]*series, 0, len(set.series))
		for _, s := range set.series {
			set.sorted = append(set.sorted, s)
		}
		slices.SortFunc(set.sorted, func(a, b *series) int { return compareLabels(a.Labels, b.Labels) })
	}
	out := make([]*Series, 0, len(set.sorted))
	for _, s := range set.sorted {
		if chosen.has(s.Labels) {
			out = append(out, s.shown())
		}
	}
	return out
}

// shared returns labels that equal the first ones of the series, as those of a key equal those
// of its counts but for the severity, without memory of their own.
func (s *series) shared(labels periskop.Labels) periskop.Labels {
	if n := len(labels); n <= len(s.Labels) && slices.Equal(s.Labels[:n], labels) {
		return s.Labels[:n:n]
	}
	return labels
}

// shown returns the series as it is shown: at zero while it is new.
func (s *series) shown() *Series {
	if s.view == nil {
		view := s.Series
		if !s.valued {
			view.Value, view.Newest = 0, ""
		}
		s.view = &view
	}
	return s.view
}

// A labelsKey is the same for equal labels only: nobody can make labels that have the hash of
// others. It takes a tenth of the memory of the labels.
type labelsKey [16]byte

func keyOf(labels periskop.Labels) labelsKey {
	if len(labels) == 0 {
		return labelsKey{}
	}
	var buf [512]byte
	b := buf[:0]
	for _, l := range labels {
		b = append(b, l.Name...)
		b = append(b, 0xff) // which no label holds: it is not UTF-8
		b = append(b, l.Value...)
		b = append(b, 0xff)
	}
	sum := sha256.Sum256(b)
	return labelsKey(sum[:len(labelsKey{})])
}

func compareLabels(a, b periskop.Labels) int {
	return slices.CompareFunc(a, b, func(a, b periskop.Label) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
	})
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
