package merge

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/triage"
)

// A ResetEvent is that somebody took back what was counted of an exception.
type ResetEvent struct {
	ExceptionName
	At time.Time
	By string // "" for not known
}

// Reset takes back what was counted of an exception: its counters begin anew at zero, as new
// series do. What its processes have told stays the baseline, so that nothing of it is counted
// again. It returns false when there is no such exception.
func (s *State) Reset(id, by string) bool {
	return s.withException(id, func(e *exception) {
		s.reset(&ResetEvent{ExceptionName: e.name(), At: s.tick(), By: s.clean.text(by)})
	})
}

// reset takes in a ResetEvent. The caller holds mu.
func (s *State) reset(r *ResetEvent) {
	svc := s.services[r.Service]
	if svc == nil || svc.byID[keyID(r.ID)] == nil {
		return
	}
	e := svc.byID[keyID(r.ID)]
	for _, c := range e.counts {
		c.counted, c.start = 0, e.newStart(r.At)
		if c.series != nil && !c.series.gone {
			s.restart(c.series, r.At)
		}
	}
	if s.endMutes(r.At); e.muted != nil && e.muted.Above > 0 { // it is to grow by as much from here
		again, m := *e.muted, e.muted
		again.Above = m.Until.Growth
		e.muted = &again
	}
	e.remember(triage.Decision{Kind: triage.Reset, At: r.At, By: r.By})
	for _, p := range svc.processes {
		svc.rebase(p, e.id)
	}
	for _, at := range svc.endpoints { // which tells all of its totals again
		at.generation = s.nextGeneration()
	}
	s.journal.add(Event{Reset: r})
}

// restart puts a new series in the place of one, for all that count on it. The caller holds mu.
func (s *State) restart(old *series, now time.Time) {
	old.set.remove(old.key, old)
	anew := old.set.at(old.service, old.Labels, now)
	for _, svc := range s.services {
		for _, e := range svc.byID {
			for _, c := range e.counts {
				if c.series == old {
					c.series = anew
				}
			}
		}
	}
}

// rebase makes all that the process has told of a key a baseline. If a total was wrong, the next
// one is lower, and is the baseline then.
func (s *service) rebase(p *process, id keyID) {
	for key, e := range p.epochs {
		if e := s.exceptionFor(key.id); e == nil || e.id != id {
			continue
		}
		told := uint64(0)
		for b := e; b != nil; b = b.nextSibling() {
			told = saturatingAdd(told, b.highest)
		}
		e.rare().rebased = true
		e.baseline = told - min(told, e.held)
		s.pending.processes[p] = struct{}{}
		s.changedShared(e)
	}
}

// afterReset takes in the first total after a reset, and reports whether that is all there is to
// do: it is lower, and nothing can be known of what it rose by.
func (e *epoch) afterReset(t *total) bool {
	if !e.isRebased() {
		return false
	}
	e.rebased = false
	if e.nextSibling() != nil || t.value >= e.highest {
		return false
	}
	e.highest, e.baseline = t.value, t.value
	e.list(&t.listing)
	return true
}

// isRebased reports whether no total was told since a reset.
func (e *epoch) isRebased() bool { return e.rareState != nil && e.rebased }
