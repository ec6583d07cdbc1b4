package merge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// An exception is the mutable state behind an [Exception]. State.mu guards it.
type exception struct {
	service    *service
	id         keyID
	idText     string
	key, label string
	class      string

	counts              []*count // sorted by group and severity
	history             uint64
	firstSeen, lastSeen time.Time
	// grown is when it was last counted, or, for history, last seen.
	grown       time.Time
	kept        *Kept
	versions    []Version // sorted by when they were first seen; never changed in place
	resolved    *Resolution
	muted       *Mute
	decisions   []triage.Decision // the oldest first; never changed in place
	revision    uint64            // of the decisions: see [decisionLog]
	regressions uint64
	episode     Episode
	// epochs is how many epochs of known processes report it.
	epochs int
	// exposed is set while it has a series.
	exposed bool
	// gone is set when it is no longer part of the service.
	gone bool
	// members are the other keys that count for it, and rules those that said that its own does.
	members map[keyID]*member
	rules   uint64

	view *Exception  // a copy that was handed out; nil when stale
	seen []keyedSeen // nil when stale, as view
}

// A keyedSeen is a [Seen] with the key of its labels.
type keyedSeen struct {
	*Seen
	key labelsKey
}

// A count is the mutable state behind a [Count]. State.mu guards it.
type count struct {
	group    periskop.Labels
	groupKey labelsKey
	severity string
	counted  uint64
	start    time.Time
	series   *series
	// regressions is the series of its regressions, all severities together; nil
	// unless the exception was ever resolved.
	regressions *series
	// hidden is set when the labels say that it is not exposed.
	hidden bool
}

// changed marks the exception as changed: it is written with the next commit, and its view is stale.
func (e *exception) changed() {
	e.view = nil
	e.service.pending.exceptions[e] = struct{}{}
}

// keepOccurrences adds to the occurrences, and keeps the newest up to the limit.
func (e *exception) keepOccurrences(more []periskop.Occurrence, limit int) {
	e.sawVersions(more)
	kept := e.kept.add(more, limit)
	if kept == e.kept {
		return
	}
	e.kept = kept
	e.view = nil
	e.service.pending.occurrences[e] = struct{}{}
}

func newException(s *service, id keyID, key string, a *receivedAggregate, labelLength int) *exception {
	e := &exception{service: s, id: id, idText: id.String(), key: key, label: LabelValue(key, labelLength)}
	if key == OverflowKey {
		return e // of many classes
	}
	e.class = ClassOf(a.key)
	if newest := mergeOccurrences(nil, a.occurrences, 1); len(newest) > 0 && newest[0].Error.Class != "" {
		e.class = newest[0].Error.Class
	}
	e.class = LabelValue(e.class, labelLength)
	return e
}

// isCounted reports whether it was ever counted.
func (e *exception) isCounted() bool {
	return slices.ContainsFunc(e.counts, func(c *count) bool { return c.counted > 0 })
}

func (e *exception) countOf(group periskop.Labels, severity string, now time.Time) *count {
	groupKey := keyOf(group)
	for _, c := range e.counts {
		if c.groupKey == groupKey && c.severity == severity {
			return c
		}
	}
	c := &count{group: group, groupKey: groupKey, severity: severity, start: e.newStart(now)}
	e.counts = append(e.counts, c)
	slices.SortFunc(e.counts, func(a, b *count) int {
		return cmp.Or(compareLabels(a.group, b.group), strings.Compare(a.severity, b.severity))
	})
	return c
}

// newStart returns a time that no count of the exception began at yet: now, or a
// moment later.
func (e *exception) newStart(now time.Time) time.Time {
	for slices.ContainsFunc(e.counts, func(c *count) bool { return c.start.Equal(now) }) {
		now = now.Add(time.Nanosecond)
	}
	return now
}

// seriesOf returns the series behind the count, or nil when it is not exposed.
func (s *service) seriesOf(c *count, e *exception, set *counterSet, now time.Time) *series {
	if c.hidden || s.settings.Labels == nil {
		return nil
	}
	if c.series == nil || c.series.gone {
		labels, ok := s.settings.Labels(e.seriesKey(s.name, c.group, c.severity))
		if !ok {
			c.hidden = true
			return nil
		}
		c.series = set.at(s.name, labels, now)
	}
	if !e.exposed {
		e.exposed = true
		s.exposed++
	}
	return c.series
}

// regressionsOf returns the series that counts the regressions under the labels of the
// count, or nil when it is not exposed.
func (s *service) regressionsOf(c *count, e *exception, set *counterSet, now time.Time) *series {
	if s.settings.Labels == nil {
		return nil
	}
	if c.regressions == nil || c.regressions.gone {
		labels, ok := s.settings.Labels(e.seriesKey(s.name, c.group, ""))
		if !ok {
			return nil
		}
		c.regressions = set.at(s.name, labels, now)
	}
	return c.regressions
}

// checkExposed notes which of its series have left the exposition.
func (e *exception) checkExposed() {
	e.exposed = false
	for _, c := range e.counts {
		switch {
		case c.series == nil:
		case c.series.gone:
			c.series = nil
			e.view = nil
		default:
			e.exposed = true
		}
	}
}

func (e *exception) seriesKey(service string, group periskop.Labels, severity string) SeriesKey {
	return SeriesKey{
		Service: service, Key: e.label, ID: e.idText, Class: e.class,
		Severity: severity, Group: group,
	}
}

func (e *exception) snapshot(service string) *Exception {
	if e.view != nil {
		return e.view
	}
	e.view = &Exception{
		ID: e.idText, Service: service, Key: e.key, Label: e.label, Class: e.class,
		Counts:  make([]Count, len(e.counts)),
		History: e.history, FirstSeen: e.firstSeen, LastSeen: e.lastSeen,
		Kept: e.kept, Versions: e.versions, Resolved: e.resolved, Muted: e.muted, Decisions: e.decisions, Regressions: e.regressions,
		Grown: e.grown, Episode: e.episode, Keys: e.keys(), Grouped: len(e.members),
	}
	for i, c := range e.counts {
		e.view.Counts[i] = Count{Group: c.group, Severity: c.severity, Counted: c.counted, Start: c.start}
	}
	e.seen = nil
	return e.view
}

// seenTimes returns the times of the exception per group, for the groups that are
// exposed.
func (e *exception) seenTimes(s *service) []keyedSeen {
	e.snapshot(s.name) // also makes what is stale known
	if e.seen != nil || s.settings.Labels == nil {
		return e.seen
	}
	e.seen = []keyedSeen{}
	var last labelsKey
	for i, c := range e.counts {
		if c.series == nil || (i > 0 && c.groupKey == last) {
			continue
		}
		last = c.groupKey
		if labels, ok := s.settings.Labels(e.seriesKey(s.name, c.group, "")); ok {
			e.seen = append(e.seen, keyedSeen{&Seen{Labels: c.series.shared(labels), First: e.firstSeen, Last: e.lastSeen}, keyOf(labels)})
		}
	}
	return e.seen
}
