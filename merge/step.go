package merge

import (
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Our own clock can be set while the program runs, and between two runs. All times that
// are kept then move with it: what is news does not depend on what our clock shows, only
// on how much time has passed.

// tick returns the time, after it has moved all times that are kept if the clock was set
// since the last call. The caller holds mu.
func (s *State) tick() time.Time {
	now, by := s.own.read()
	if by != 0 {
		s.set(by)
	}
	return now
}

// set takes in that the clock was set. The caller holds mu.
func (s *State) set(by time.Duration) {
	s.shift(by)
	s.journal.add(Event{Step: &StepEvent{By: by}})
	if s.stepped != nil {
		s.stepped(by)
	}
}

// shift moves all times that are kept and that the counting depends on. The caller holds mu.
func (s *State) shift(by time.Duration) {
	move := func(times ...*time.Time) {
		for _, t := range times {
			if !t.IsZero() {
				*t = t.Add(by)
			}
		}
	}
	for discovery, r := range s.rounds {
		move(&r.first, &r.last)
		s.pending.rounds[discovery] = r
	}
	for _, svc := range s.services {
		move(&svc.watchedSince, &svc.hidden, &svc.forgottenUntil)
		for id, at := range svc.forgotten {
			svc.forgotten[id] = at.Add(by)
		}
		for _, e := range svc.endpoints {
			move(&e.since, &e.dateAt, &e.doubtAt)
		}
		for _, p := range svc.processes {
			move(&p.since, &p.seen, &p.made, &p.complete, &p.kept)
			p.skew -= by
		}
		for _, e := range svc.byID {
			move(&e.firstSeen, &e.lastSeen, &e.grown, &e.episode.Began)
			if e.resolved != nil {
				r := *e.resolved
				move(&r.Made)
				e.resolved = &r
			}
			if e.muted != nil {
				m := *e.muted
				move(&m.Until.Time)
				e.muted = &m
			}
			e.view = nil
		}
		for _, m := range svc.members {
			move(&m.firstSeen, &m.lastSeen)
		}
		svc.addAll(s.pending)
	}
	for _, set := range []*counterSet{&s.counters.counts, &s.counters.regressions} {
		for _, series := range set.series {
			move(&series.grown, &series.orphaned, &series.exposed)
			s.pending.series[series] = struct{}{}
		}
	}
	for scraper := range s.exposure.scrapers.all {
		move(&scraper.seen)
		s.pending.scrapers[scraper] = struct{}{}
	}
	for i := range s.exposure.scrapers.unmatched {
		move(&s.exposure.scrapers.unmatched[i].at)
	}
	move(&s.committed, &s.muteEnds)
}

// skews find out by the clocks of the targets whether our clock was set while the program did
// not run: then the clocks of all processes that went on have moved against ours by the same
// time. An answer by a clock that has moved waits until that is known. The zero value expects
// nothing. State.mu guards them, except done.
type skews struct {
	expected []time.Duration // of the processes that may have gone on
	moved    []time.Duration
	settled  bool
	// done is closed once it is settled, and until is how long is waited for that; zero before
	// somebody does.
	done  chan struct{}
	until time.Duration
}

const (
	// enoughSkews are enough processes to tell our clock from theirs.
	enoughSkews = 3
	// skewTolerance is what two Date headers of one clock leave open.
	skewTolerance = 2 * time.Second
	// longestOpen is after how long nobody is expected any more who could tell.
	longestOpen = 5 * time.Minute
)

// expect notes that a process was restored, which may go on and tell.
func (s *skews) expect(p *process) {
	if p.hasSkew {
		s.expected = append(s.expected, p.skew)
	}
}

// open reports whether it is not known yet how our clock stands to that of the last run.
func (s *skews) open() bool { return !s.settled && len(s.expected) > 0 }

// enough reports whether enough processes have answered, or all that can.
func (s *skews) enough() bool { return len(s.moved) >= min(len(s.expected), enoughSkews) }

// recognises reports whether a skew is that of a clock of the last run: then ours was not set.
func (s *skews) recognises(now time.Duration) bool {
	return slices.ContainsFunc(s.expected, func(before time.Duration) bool { return (before - now).Abs() <= skewTolerance })
}

// settleClock ends the search, and takes in by how much our clock was set. The caller holds mu.
func (s *State) settleClock() {
	s.skews.settled = true
	close(s.skews.done)
	if moved := s.skews.moved; len(moved) > 0 {
		slices.Sort(moved)
		if by := moved[len(moved)/2]; by.Abs() > skewTolerance {
			s.set(by)
		}
	}
	s.capFutureTimes()
}

// capFutureTimes sets the beginnings of watches and the rounds of discoveries to now if they
// are in the future.
// The caller holds mu.
func (s *State) capFutureTimes() {
	now := s.own.wall
	for _, r := range s.rounds {
		r.first, r.last = sooner(r.first, now), sooner(r.last, now)
	}
	for _, svc := range s.services {
		svc.watchedSince = sooner(svc.watchedSince, now)
		for _, e := range svc.endpoints {
			e.since = sooner(e.since, now)
		}
	}
}

// awaitClock finds out, before an answer is taken in, whether our clock was set since the last
// run: how much of what a new process tells is news depends on that. At a start, all targets
// are asked within a moment.
func (s *State) awaitClock(sc *periskop.Scrape) {
	if sc.Date.IsZero() {
		return
	}
	wait := s.compareClocks(sc)
	if wait <= 0 {
		return
	}
	select {
	case <-s.skews.done:
	case <-time.After(wait):
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.skews.open() && len(s.skews.moved) > 0 {
			s.settleClock()
		}
	}
}

// compareClocks takes in the clock of a target, and returns how long its answer is to wait: all
// together not longer than clockTimeout.
func (s *State) compareClocks(sc *periskop.Scrape) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc := s.configured(sc.Target.Service)
	if svc == nil || !s.skews.open() {
		return 0
	}
	now := s.tick()
	c := clockOf(sc, now.Add(-s.own.now().Sub(sc.End())))
	p := svc.processes[processID(s.clean.name(sc.Report.TargetUUID), addressOf(sc.Target))]
	switch {
	case p == nil && s.skews.recognises(c.skew):
		s.settleClock()
		return 0
	case p != nil && p.restored && p.hasSkew:
		by := p.skew - c.skew
		if s.skews.moved = append(s.skews.moved, by); s.skews.enough() {
			s.settleClock()
			return 0
		}
		if by.Abs() <= skewTolerance {
			return 0
		}
	case p != nil:
		return 0
	}
	if s.skews.until == 0 {
		s.skews.until = s.own.elapsed() + s.clockTimeout
	}
	return s.skews.until - s.own.elapsed()
}
