package merge

import (
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/triage"
)

// Decide takes in what somebody decided about the exceptions with these IDs, all of it or nothing:
// it is one event. It returns how many of them there are. The decision has to stand
// [triage.Decision.Check]; its time is set here, and its texts are kept without secrets.
func (s *State) Decide(ids []string, d triage.Decision) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := make(map[keyID]bool, len(ids))
	for _, id := range ids {
		if key, ok := parseKeyID(id); ok {
			wanted[key] = true
		}
	}
	now := s.tick()
	event := &DecisionEvent{Decision: d, Made: now}
	event.Decision.At = now
	event.Decision.By, event.Decision.Reason = s.clean.text(d.By), s.clean.text(d.Reason)
	for _, svc := range s.shown { // each ID is one of one of them
		if len(wanted) == 0 {
			break
		}
		for key := range wanted {
			if e := svc.exceptionFor(key); e != nil {
				event.Decision.At = later(event.Decision.At, triage.Next(e.decisions, now))
				event.Exceptions = append(event.Exceptions, e.name())
				delete(wanted, key)
			}
		}
	}
	if len(event.Exceptions) == 0 {
		return 0
	}
	s.decide(event)
	s.recent = nil
	return len(event.Exceptions)
}

// Resolve marks the exception as resolved, until its count grows: being reported still is no
// growth. It returns false when there is no such exception.
func (s *State) Resolve(id, reason string) bool {
	return s.Decide([]string{id}, triage.Decision{Kind: triage.Resolved, Reason: reason}) > 0
}

// decide takes in a decision. The caller holds mu.
func (s *State) decide(d *DecisionEvent) {
	s.endMutes(d.Made)
	for _, name := range d.Exceptions {
		svc := s.services[name.Service]
		if svc == nil || svc.byID[keyID(name.ID)] == nil {
			continue
		}
		e := svc.byID[keyID(name.ID)]
		e.remember(d.Decision)
		svc.applyHistory(e, d.Made, false, &s.counters.regressions)
	}
	s.journal.add(Event{Decision: d})
}

// applyHistory makes the exception open, resolved or muted, as its history says. If that is a
// new resolution, made is when it was made by our clock, and taken is set if a peer told it.
func (s *service) applyHistory(e *exception, made time.Time, taken bool, set *counterSet) {
	d := triage.Standing(e.decisions)
	if e.muted != nil && (d == nil || d.Kind != triage.Muted) {
		s.unmute(e)
	}
	if e.resolved != nil && (d == nil || d.Kind != triage.Resolved) {
		e.resolved = nil
	}
	if made.IsZero() && d != nil {
		made = d.At
	}
	switch {
	case d == nil:
	case d.Kind == triage.Resolved && (e.resolved == nil || !e.resolved.At.Equal(d.At)):
		s.resolve(e, Resolution{At: d.At, By: d.By, Reason: d.Reason, Made: made, Taken: taken}, set)
	case d.Kind == triage.Muted && (e.muted == nil || !e.muted.At.Equal(d.At)):
		s.mute(e, d)
	}
}

// remember adds to the history of the exception.
func (e *exception) remember(d triage.Decision) { e.join([]triage.Decision{d}) }

// join adds to the history of the exception, and reports whether any of it was new.
func (e *exception) join(more []triage.Decision) bool {
	before := e.decisions
	e.decisions = triage.Join(before, more)
	if same(before, e.decisions) {
		return false
	}
	e.changed()
	e.service.state.decided.add(e)
	return true
}

// resolve notes the resolution, and exposes the counters of its regressions at zero,
// so that the first regression is an increase.
func (s *service) resolve(e *exception, r Resolution, set *counterSet) {
	e.resolved = &r
	for _, c := range e.counts {
		s.regressionsOf(c, e, set, r.Made)
	}
}

// regressed notes that an exception grew although it was resolved.
func (s *service) regressed(e *exception, c *count, set *counterSet, now time.Time) {
	r := e.resolved
	e.remember(triage.Decision{Kind: triage.Regressed, At: later(now, r.At), By: r.By, Reason: r.Reason, Of: r.At})
	e.resolved = nil
	e.regressions++
	s.countRegression(e, c, set, now)
}

func (s *service) countRegression(e *exception, c *count, set *counterSet, now time.Time) {
	if series := s.regressionsOf(c, e, set, now); series != nil {
		series.add(1, now)
	}
}

// A Mute hides an exception from lists and alerts for now.
type Mute struct {
	At         time.Time
	By, Reason string
	Until      triage.Until
	// Above is the count at which it ends, if it does so by growth.
	Above uint64
}

// mute mutes the exception.
func (s *service) mute(e *exception, d *triage.Decision) {
	m := &Mute{At: d.At, By: d.By, Reason: d.Reason, Until: d.Until}
	if d.Until.Growth > 0 {
		m.Above = saturatingAdd(e.counted(), d.Until.Growth)
	}
	s.setMuted(e, m)
}

// setMuted sets a mute, a new one or one that was loaded.
func (s *service) setMuted(e *exception, m *Mute) {
	e.muted = m
	s.muted[e.id] = e
	s.state.muteEnds = earlier(s.state.muteEnds, m.Until.Time)
}

// unmute takes a mute back, if there is one.
func (s *service) unmute(e *exception) {
	e.muted = nil
	delete(s.muted, e.id)
}

// returned ends a mute by itself.
func (s *service) returned(e *exception, at time.Time) {
	m := e.muted
	s.unmute(e)
	e.remember(triage.Decision{Kind: triage.Returned, At: later(at, m.At), By: m.By, Reason: m.Reason, Until: m.Until, Of: m.At})
}

// growMuted ends a mute by growth, and begins an episode.
func (s *service) growMuted(e *exception, now time.Time, o *Settings) {
	if m := e.muted; m != nil && m.Above > 0 && e.counted() >= m.Above {
		s.returned(e, now)
		s.beginEpisode(e, now, o, true)
	}
}

// muteSawVersion ends a mute by a version that was not seen before.
func (s *service) muteSawVersion(e *exception, now time.Time) {
	if m := e.muted; m != nil && m.Until.Version {
		s.returned(e, now)
		s.beginEpisode(e, now, &s.state.settings, true)
	}
}

// beginEpisode begins the episode of an exception that came back: its mute ended, or it grew after
// it was resolved.
func (s *service) beginEpisode(e *exception, now time.Time, o *Settings, unmuted bool) {
	if e.key == OverflowKey {
		return
	}
	e.episode = s.newEpisode(now, o.EpisodeLimit)
	e.episode.Unmuted = unmuted
}

// endMutes ends those whose time is over. The caller holds mu.
func (s *State) endMutes(now time.Time) {
	if s.muteEnds.IsZero() || now.Before(s.muteEnds) {
		return
	}
	s.muteEnds, s.recent = time.Time{}, nil
	for _, svc := range s.services {
		for _, e := range svc.muted {
			if end := e.muted.Until.Time; !end.IsZero() && !now.Before(end) {
				svc.returned(e, end)
			} else {
				s.muteEnds = earlier(s.muteEnds, end)
			}
		}
	}
}

// appendMuted appends the names of the exceptions that are muted, sorted by ID.
func (s *service) appendMuted(list []MutedException) []MutedException {
	from := len(list)
	for _, e := range s.muted {
		list = append(list, MutedException{Service: s.name, ID: e.idText})
	}
	slices.SortFunc(list[from:], func(a, b MutedException) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// counted is how many occurrences were counted since the watch began.
func (e *exception) counted() uint64 {
	var sum uint64
	for _, c := range e.counts {
		sum = saturatingAdd(sum, c.counted)
	}
	return sum
}
