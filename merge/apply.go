package merge

import "time"

// Here a delta is applied to the exception that it counts for, and to the series of that.

// apply adds the delta of a total to the exception.
func (f *folding) apply(a *receivedAggregate, d delta, isNew bool) {
	s := f.service
	x := f.exceptionOf(a, d)
	if isNew {
		s.retainKey(a.epoch.id)
	}
	if x == nil {
		return
	}
	if isNew || x.firstSeen.IsZero() {
		x.firstSeen = earlier(x.firstSeen, f.firstSeen(a))
	}
	x.history = saturatingAdd(x.history, d.history)
	f.count(x, a, d)
	f.countMember(x, a, d)
	x.changed()
}

// firstSeen is when the epoch began, as far as it is known.
func (f *folding) firstSeen(a *receivedAggregate) time.Time {
	clock := &f.report.clock
	if first := clock.ours(a.firstSeen); !first.IsZero() {
		return first
	}
	if clock.credible(a.created) {
		return clock.ours(a.created)
	}
	if a.oldest == 0 {
		return f.report.end
	}
	return clock.ours(time.Unix(0, a.oldest).UTC())
}

// lastSeen is when the newest occurrence was. Some clients keep the first
// occurrences and not the last: when none of them is newer than the last answer, the
// increment still is.
func (f *folding) lastSeen(a *receivedAggregate, d delta) time.Time {
	newest := time.Time{}
	if a.newest != 0 {
		newest = f.report.clock.ours(time.Unix(0, a.newest).UTC())
	}
	switch {
	case d.increment > 0 && f.context.known && newest.Before(f.context.before):
		return f.report.end
	case !newest.IsZero():
		return newest
	case d.increment == 0 && f.report.clock.credible(a.created):
		return f.report.clock.ours(a.created)
	}
	return f.report.end
}

// comesBack reports whether an exception that grew is resolved, and so is a regression. A
// resolution that a peer told was made on another replica: what occurred before it, and is told
// here only now, is no regression. Where that cannot be known, the other replica decides: it is
// told the same.
func (f *folding) comesBack(x *exception, a *receivedAggregate) bool {
	r := x.resolved
	switch {
	case r == nil:
		return false
	case !r.Taken:
		return true
	case f.context.known && f.context.before.After(r.Made): // all of it is later
		return true
	case a.newest == 0:
		return false
	}
	newest := f.report.clock.ours(time.Unix(0, a.newest).UTC())
	return newest.After(r.Made.Add(resolutionSlack))
}

// count adds the delta to the exception and to the series behind it.
func (f *folding) count(x *exception, a *receivedAggregate, d delta) {
	now := f.report.end
	seen := f.lastSeen(a, d)
	x.lastSeen = later(x.lastSeen, seen)
	back := d.increment > 0 && f.comesBack(x, a)
	f.service.updateEpisode(x, d.increment, back, now, f.settings)
	if d.increment > 0 {
		x.grown = later(x.grown, now)
	} else {
		x.grown = later(x.grown, seen)
	}
	before := x.kept
	x.keepOccurrences(a.occurrences, f.settings.OccurrencesPerKey)
	f.collectExport(x, before, d.increment)

	c := x.countOf(f.report.group, a.severity, now)
	c.counted = saturatingAdd(c.counted, d.increment)
	if back {
		f.service.regressed(x, c, &f.counters.regressions, now)
	}
	f.service.growMuted(x, now, f.settings)
	if x.grown.Before(now.Add(-f.settings.SeriesRetention)) {
		return // history that is older than what is exposed
	}
	series := f.service.seriesOf(c, x, &f.counters.counts, now)
	if series == nil {
		return
	}
	series.add(d.increment, now)
	for i := range a.occurrences {
		series.sawOccurrence(a.occurrences[i].UUID, a.occurrences[i].Timestamp)
	}
}

// exceptionOf returns the exception that the aggregate counts for: that of its key,
// or, past the limit, the one in which keys are counted together. It returns nil for
// history past the limit, of which there is nothing to count.
func (f *folding) exceptionOf(a *receivedAggregate, d delta) *exception {
	s := f.service
	if x := s.exceptionFor(a.epoch.id); x != nil {
		return x
	}
	key, id := f.target(a)
	x := s.byID[id]
	if x == nil && s.ensureCapacity(f.settings.KeysPerService, d.increment > 0, f.report.end) {
		x = s.add(newException(s, id, key, a, f.settings.LabelLength))
	}
	switch {
	case x == nil:
		return f.overflow(a, d)
	case id != a.epoch.id:
		s.join(x, &member{id: a.epoch.id, label: LabelValue(a.key, f.settings.LabelLength)}, a)
	case !a.guessed:
		x.rules = a.rules
	}
	return x
}

// overflow returns the exception in which keys are counted together, nil when there is nothing to
// count.
func (f *folding) overflow(a *receivedAggregate, d delta) *exception {
	s := f.service
	if d.increment == 0 {
		s.inconsistent(NoRoomForHistory, 1)
		return nil
	}
	if _, ok := s.overflow[a.epoch.id]; !ok {
		s.overflow[a.epoch.id] = 0
	}
	id := newKeyID(s.name, OverflowKey)
	if x := s.byID[id]; x != nil {
		return x
	}
	return s.add(newException(s, id, OverflowKey, &receivedAggregate{}, f.settings.LabelLength))
}
