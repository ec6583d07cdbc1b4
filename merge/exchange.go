package merge

import (
	"slices"
	"sort"
	"time"

	"github.com/periskop-exporter/periskop_exporter/triage"
)

// Replicas tell each other what was decided. Each of them joins what it is told with what it knows
// (see [triage.Join]), so that all come to the same, in whatever order they hear of it.

const (
	// maxAheadOfUs is how far ahead of our clock a decision may be that is taken in: well above
	// what clocks that are kept right differ by. A clock that is wrong decides nothing.
	maxAheadOfUs = 5 * time.Minute
	// resolutionSlack is how much later than a resolution that a peer told an occurrence has to be,
	// to be one after it: clocks are compared by headers that have seconds.
	resolutionSlack = 3 * time.Second
	// maxAwaited is how many decisions are kept about exceptions that are not known yet. Who told
	// them tells them again.
	maxAwaited = 10_000
)

// Decided is what was decided about an exception, as replicas tell each other.
type Decided struct {
	Service string
	ID      string // the [ExceptionID]
	// Decisions are the oldest first; resets are not among them.
	Decisions []triage.Decision
	// Made is when the last resolution among them was made, by the clock of the state; zero
	// without one.
	Made time.Time
}

// Decided returns what was decided about the exceptions about which something was decided after a
// point, and the point after that: 0 is the beginning. It returns about that many decisions; there
// are more when more is set. Points mean something to this state alone.
func (s *State) Decided(after uint64, most int) (list []Decided, next uint64, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endMutes(s.tick())
	l := &s.decided
	if after > l.last {
		after = 0
	}
	from := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].revision > after })
	n := 0
	for _, entry := range l.entries[from:] {
		e := entry.exception
		if e.revision != entry.revision || e.gone || !e.service.shown {
			continue
		}
		if n >= most {
			return list, after, true
		}
		after = entry.revision
		d := Decided{Service: e.service.name, ID: e.idText, Decisions: triage.Shared(e.decisions)}
		if len(d.Decisions) == 0 {
			continue
		}
		if e.resolved != nil {
			d.Made = e.resolved.Made
		}
		n += len(d.Decisions)
		list = append(list, d)
	}
	return list, l.last, false
}

// Take takes in what a peer tells, with times of our clock in place of its own, all of it or
// nothing: it is one event. What is about services that are not configured is left out, as is what
// is unsound. It returns about how many exceptions something was new, and how many decisions were
// refused because they are too far in the future. The list is not used any more after that.
func (s *State) Take(list []Decided) (changed, refused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	event := &TakenEvent{At: now}
	for i := range list {
		d := &list[i]
		id, ok := parseKeyID(d.ID)
		svc := s.configured(d.Service)
		if !ok || svc == nil {
			continue
		}
		sound, ahead := s.acceptable(d.Decisions, now)
		refused += ahead
		t := TakenException{ExceptionName{svc.name, uint64(id)}, sound, d.Made}
		if e := svc.byID[id]; e == nil {
			s.awaited.add(t)
		} else if t.Decisions = newDecisions(e, sound); len(t.Decisions) > 0 {
			event.Exceptions = append(event.Exceptions, t)
		}
	}
	if len(event.Exceptions) > 0 {
		s.applyTaken(event)
	}
	return len(event.Exceptions), refused
}

// acceptable returns the decisions that can be taken in, and how many are too far in the future.
// The caller holds mu.
func (s *State) acceptable(list []triage.Decision, now time.Time) (out []triage.Decision, ahead int) {
	latest := now.Add(maxAheadOfUs)
	for _, d := range list[:min(len(list), 2*triage.MaxHistory)] {
		if d.At.After(latest) {
			ahead++
		} else if d.Sound(latest) {
			d.By, d.Reason = s.clean.text(d.By), s.clean.text(d.Reason)
			out = append(out, d)
		}
	}
	return out, ahead
}

// newDecisions returns those of the decisions that would change the history.
func newDecisions(e *exception, list []triage.Decision) []triage.Decision {
	if same(triage.Join(e.decisions, list), e.decisions) {
		return nil
	}
	return slices.DeleteFunc(list, func(d triage.Decision) bool {
		return same(triage.Join(e.decisions, []triage.Decision{d}), e.decisions)
	})
}

// same reports whether they are one list, as when nothing was joined.
func same(a, b []triage.Decision) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// applyTaken takes in what peers told. The caller holds mu.
func (s *State) applyTaken(t *TakenEvent) {
	s.endMutes(t.At)
	for i := range t.Exceptions {
		x := &t.Exceptions[i]
		if svc := s.services[x.Service]; svc != nil && svc.byID[keyID(x.ID)] != nil {
			s.takeDecisions(svc, svc.byID[keyID(x.ID)], x, t.At)
		}
	}
	s.recent = nil
	s.journal.add(Event{Taken: t})
}

// takeDecisions joins what peers decided about one exception, and applies it.
// The caller holds mu.
func (s *State) takeDecisions(svc *service, e *exception, t *TakenException, now time.Time) {
	set := &s.counters.regressions
	resolved, muted, regressions := e.resolved, e.muted, regressionsOf(e.decisions)
	if !e.join(t.Decisions) {
		return
	}
	svc.applyHistory(e, t.Made, true, set)
	if n := regressionsOf(e.decisions); n > regressions {
		e.regressions += uint64(n - regressions)
	}
	switch {
	case len(e.counts) == 0:
	case e.resolved != nil && e.resolved != resolved && e.grewAfter(e.resolved):
		svc.regressed(e, e.counts[0], set, now)
		svc.beginEpisode(e, now, &s.settings, false)
	case resolved != nil && has(e.decisions, triage.Regressed, resolved.At):
		svc.countRegression(e, e.counts[0], set, now)
		svc.beginEpisode(e, now, &s.settings, false)
	case muted != nil && e.Open() && !timeIsOver(muted, now) && has(e.decisions, triage.Returned, muted.At):
		svc.beginEpisode(e, now, &s.settings, true)
	}
}

// Open is that of [Exception.Open].
func (e *exception) Open() bool { return e.resolved == nil && e.muted == nil }

// timeIsOver reports whether a mute ends by its time. That begins no episode.
func timeIsOver(m *Mute, now time.Time) bool {
	return !m.Until.Time.IsZero() && !now.Before(m.Until.Time)
}

// grewAfter reports whether the exception was certainly counted after a resolution that a peer
// told: it has a later occurrence.
func (e *exception) grewAfter(r *Resolution) bool {
	if !r.Taken || !e.isCounted() || e.kept.Len() == 0 {
		return false
	}
	after := r.Made.Add(resolutionSlack)
	return e.grown.After(r.Made) && time.Unix(0, e.kept.marks[0].At).After(after)
}

func regressionsOf(history []triage.Decision) (n int) {
	for i := range history {
		if history[i].Kind == triage.Regressed {
			n++
		}
	}
	return n
}

// has reports whether the history has such an end of the decision of that time.
func has(history []triage.Decision, end triage.Kind, of time.Time) bool {
	return slices.ContainsFunc(history, func(d triage.Decision) bool { return d.Kind == end && d.Of.Equal(of) })
}

// A decisionLog lists the exceptions about which something was decided, in the order in which
// that came to be known here. So what is new to a peer is found without a look at all exceptions.
// The zero value is empty. State.mu guards it.
type decisionLog struct {
	last    uint64 // revision
	entries []decidedEntry
	// compact is from how many entries on those are dropped that newer ones have replaced.
	compact int
}

// A decidedEntry is replaced once the exception has another revision.
type decidedEntry struct {
	revision  uint64
	exception *exception
}

// add notes that something was decided about the exception.
func (l *decisionLog) add(e *exception) {
	l.last++
	e.revision = l.last
	l.entries = append(l.entries, decidedEntry{l.last, e})
	if len(l.entries) <= max(l.compact, 64) {
		return
	}
	l.entries = slices.DeleteFunc(l.entries, func(entry decidedEntry) bool {
		return entry.exception.gone || entry.exception.revision != entry.revision
	})
	l.compact = 2 * len(l.entries)
}

// addAll adds all exceptions of a service about which something was decided.
func (l *decisionLog) addAll(s *service) {
	for _, e := range s.byID {
		if len(e.decisions) > 0 {
			l.add(e)
		}
	}
}

// awaitedDecisions are decisions about exceptions that are not known yet. The zero value has
// none. State.mu guards them.
type awaitedDecisions struct {
	byID      map[keyID]TakenException
	decisions int // of all
	// arrived are exceptions that have come to be known since the last look.
	arrived []keyID
}

func (a *awaitedDecisions) add(t TakenException) {
	if known, ok := a.byID[keyID(t.ID)]; ok {
		a.decisions -= len(known.Decisions)
		t.Decisions = triage.Join(triage.Join(nil, known.Decisions), t.Decisions)
		t.Made = later(t.Made, known.Made)
		delete(a.byID, keyID(t.ID))
	}
	if len(t.Decisions) == 0 || a.decisions+len(t.Decisions) > maxAwaited {
		return
	}
	if a.byID == nil {
		a.byID = map[keyID]TakenException{}
	}
	a.byID[keyID(t.ID)] = t
	a.decisions += len(t.Decisions)
}

// arrive notes that an exception has come to be known.
func (a *awaitedDecisions) arrive(id keyID) {
	if _, ok := a.byID[id]; ok {
		a.arrived = append(a.arrived, id)
	}
}

// takeAwaited takes in what peers told of exceptions before they came to be known here.
// The caller holds mu.
func (s *State) takeAwaited(now time.Time) {
	a := &s.awaited
	if len(a.arrived) == 0 {
		return
	}
	event := &TakenEvent{At: now}
	for _, id := range a.arrived {
		t := a.byID[id]
		delete(a.byID, id)
		a.decisions -= len(t.Decisions)
		event.Exceptions = append(event.Exceptions, t)
	}
	a.arrived = nil
	s.applyTaken(event)
}
