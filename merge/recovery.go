package merge

import (
	"slices"
	"time"
)

// recoverLost repairs a state of which something was lost. A service that lost
// something begins its watch anew, and its counters begin at zero: what they had was
// shown, and a lower value would look like a counter that began at zero and had reached
// it since. So less may be counted than was told, and never more. Only New calls it.
func (s *State) recoverLost(saved *Saved) {
	if !saved.LostAll && len(saved.Lost) == 0 {
		return
	}
	now := s.own.wall
	lost := func(service string) bool { return saved.LostAll || slices.Contains(saved.Lost, service) }
	for name, svc := range s.services {
		if lost(name) {
			svc.restartWatch(now)
		}
	}
	for _, set := range []*counterSet{&s.counters.counts, &s.counters.regressions} {
		for key, series := range set.series {
			if lost(series.service) {
				set.remove(key, series)
			}
		}
	}
	for name, svc := range s.services {
		if lost(name) {
			svc.restartSeries(&s.counters, now)
		}
	}
	s.journal.overrun = s.store != nil // all of it is written before anything else
}

// restartWatch makes history of all that arose until now, whether it was told or not.
func (s *service) restartWatch(now time.Time) {
	if !s.watchedSince.IsZero() {
		s.watchedSince = now
	}
	for _, e := range s.endpoints {
		if e.found {
			e.since = now
		}
	}
	for _, p := range s.processes {
		s.forget(p, now) // what it told last may be more than is known: its totals are baselines
	}
	s.addAll(s.pending)
}

// restartSeries gives new series, which begin at zero, to all that was exposed.
func (s *service) restartSeries(sets *counterSets, now time.Time) {
	for _, e := range s.byID {
		for _, c := range e.counts {
			counted, regressed := c.series != nil, c.regressions != nil
			c.series, c.regressions = nil, nil
			if counted {
				s.seriesOf(c, e, &sets.counts, now)
			}
			if regressed {
				s.regressionsOf(c, e, &sets.regressions, now)
			}
		}
		e.view = nil
	}
}
