package merge

import (
	"slices"
	"time"
)

// Our own clock can be set while the program runs, and between two runs. All times that
// are kept then move with it: what is news does not depend on what our clock shows, only
// on how much time has passed.

// tick returns the time, after it has moved all times that are kept if the clock was set
// since the last call. The caller holds mu.
func (s *State) tick() time.Time {
	now, by := s.own.look()
	if by != 0 {
		s.set(by)
	}
	return now
}

// set takes in that the clock was set.
func (s *State) set(by time.Duration) {
	s.shift(by)
	s.journal.add(Event{Step: &StepEvent{By: by}})
	if s.stepped != nil {
		s.stepped(by)
	}
}

// shift moves all times that are kept and that the counting depends on.
func (s *State) shift(by time.Duration) {
	move := func(times ...*time.Time) {
		for _, t := range times {
			if !t.IsZero() {
				*t = t.Add(by)
			}
		}
	}
	for _, r := range s.rounds {
		move(&r.first, &r.last)
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
			e.view = nil
		}
		svc.addAll(s.pending)
	}
	for _, l := range []*ledger{&s.ledgers.counts, &s.ledgers.regressions} {
		for _, series := range l.series {
			move(&series.grown, &series.orphaned, &series.exposed)
			s.pending.series[series] = struct{}{}
		}
	}
	for scraper := range s.exposure.scrapers.all {
		move(&scraper.seen)
	}
	for i := range s.exposure.scrapers.unmatched {
		move(&s.exposure.scrapers.unmatched[i].at)
	}
	move(&s.committed)
}

// skews tell by the clocks of the targets whether our clock was set while the program did
// not run: the clocks of all processes that went on have then moved against it by the same
// time. The zero value expects nothing.
type skews struct {
	expected []time.Duration // of the processes that may have gone on
	moved    []time.Duration
	settled  bool
}

const (
	// enoughSkews are enough processes to tell our clock from theirs.
	enoughSkews = 3
	// skewTolerance is what two Date headers of one clock leave open.
	skewTolerance = 2 * time.Second
)

// expect notes that a process was restored, which may go on and tell.
func (s *skews) expect(p *process) {
	if p.hasSkew {
		s.expected = append(s.expected, p.skew)
	}
}

// open reports whether it is not known yet how our clock stands to that of the last run.
func (s *skews) open() bool { return !s.settled && len(s.expected) > 0 }

// compare takes in the clock of a process that went on, and returns by how much our clock
// was set once that is known; 0 for not at all.
func (s *skews) compare(before, now time.Duration) time.Duration {
	if !s.open() {
		return 0
	}
	s.moved = append(s.moved, before-now)
	if len(s.moved) < min(len(s.expected), enoughSkews) {
		return 0
	}
	s.settled = true
	slices.Sort(s.moved)
	if by := s.moved[len(s.moved)/2]; by.Abs() > skewTolerance {
		return by
	}
	return 0
}

// recognise takes in the clock of a process that is not known. If it stands to ours as one
// did in the last run, ours was not set.
func (s *skews) recognise(now time.Duration) {
	s.settled = s.settled || slices.ContainsFunc(s.expected, func(before time.Duration) bool {
		return (before - now).Abs() <= skewTolerance
	})
}

// compareClocks finds out from the answer whether our clock was set while the program did
// not run.
func (f *folding) compareClocks(p *process) {
	r, s := f.report, f.service.state
	switch {
	case !r.clock.known || !s.skews.open():
	case p == nil:
		s.skews.recognise(r.clock.skew)
	case p.restored && p.hasSkew:
		if by := s.skews.compare(p.skew, r.clock.skew); by != 0 {
			s.set(by)
		}
	}
	r.clock.open = s.skews.open()
}
