package merge

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// An Event is one change of the state, as it is written to the journal. What happened
// since the last commit is done again at the next start from the events of that time:
// exactly one of the fields is set.
type Event struct {
	// Seq counts events over the life of the state, from 1 on.
	Seq uint64

	Answer   *AnswerEvent
	Endpoint *EndpointRecord
	Round    *RoundRecord
	Decision *DecisionEvent
	Taken    *TakenEvent
	Reset    *ResetEvent
	Step     *StepEvent
	Exposed  *ExposedEvent
	Scraper  *ScraperRecord
}

// An AnswerEvent is what an answer told that was not known before.
type AnswerEvent struct {
	Service, Process, Address, Instance string
	// Block is that of the settings of the service, "" for one of its own name.
	Block                  string
	Group                  periskop.Labels
	End                    time.Time
	ClockKnown             bool
	Skew, Slack, Age       time.Duration
	Pushed, Doubtful       bool
	Relayed, RelayedBefore bool
	Skipped, Unreadable    int
	Context                AnswerContext
	Totals                 []TotalEvent
}

// An AnswerContext is what was known when an answer came, as far as the events before it do not
// say so: answers that tell nothing new make no events.
type AnswerContext struct {
	// Known is set when the process was known, to this service or another one.
	Known bool
	// Before is when the process answered before, or, if it was not known, the one at its
	// address, which is Previous.
	Before   time.Time
	Previous string
	// Since is since when what the process tells is news.
	Since time.Time
	// Zone is how far local times were known to be ahead, and Open is set when it was not
	// known whether our own clock had been set.
	Zone time.Duration
	Open bool
	// Unchanged is set when it did not tell again what it had told before.
	Unchanged bool
}

// A TotalEvent is one total of an answer.
type TotalEvent struct {
	ID                   uint64 // an ExceptionID
	Epoch                int64  // the time of creation by which it is known, as in an EpochRecord
	Created, FirstSeen   time.Time
	Key, Class, Severity string // without secrets
	Total, History, Base uint64
	// Held is the part of it that may have been counted already, or, when it is not the first
	// of its epoch, what of that is counted now.
	Baseline, Held uint64
	// Grouped is set when it was found out which exception the key counts for: another one, of the
	// key Group and the ID GroupID, or its own when that is 0; Guessed as long as there was no
	// occurrence to tell.
	Grouped, Guessed bool
	Group            string
	GroupID          uint64
	// Hashes and Times are what all listed occurrences prove, and Listed is how many
	// there are.
	Hashes []uint64
	Times  []int64
	Listed uint64
	// Occurrences are those that may be new, without secrets.
	Occurrences []periskop.Occurrence
}

// A DecisionEvent is that somebody decided something about exceptions.
type DecisionEvent struct {
	Exceptions []ExceptionName
	Decision   triage.Decision
	// Made is when, by our clock: see [Resolution].
	Made time.Time
}

// A TakenEvent is that peers told of decisions that were not known.
type TakenEvent struct {
	At         time.Time
	Exceptions []TakenException
}

// Names returns which exceptions it is about.
func (t *TakenEvent) Names() []ExceptionName {
	out := make([]ExceptionName, len(t.Exceptions))
	for i := range t.Exceptions {
		out[i] = t.Exceptions[i].ExceptionName
	}
	return out
}

// A TakenException is what was not known of one.
type TakenException struct {
	ExceptionName
	Decisions []triage.Decision
	// Made is when the last resolution among them was made, by our clock.
	Made time.Time
}

// An ExposedEvent is that series of a service were exposed: at zero to a scraper for the
// first time, or at their values.
type ExposedEvent struct {
	Service string
	Series  []SeriesName
	// At is when they were exposed at zero; zero for at their values.
	At time.Time
}

// A StepEvent is that our clock was set.
type StepEvent struct {
	By time.Duration
}

// A journal holds the events that are not written yet. It is guarded by the mutex of the
// state.
type journal struct {
	off   bool // nothing is kept: there is no store, or events are being done again
	seq   uint64
	queue []*Event
	// overrun is set when events were given up because they could not be written. The
	// next commit has all that has changed, and makes up for them.
	overrun bool
}

// maxQueued bounds the events that wait for a disk that does not write them.
const maxQueued = 10_000

func (j *journal) add(e Event) {
	if j.off {
		return
	}
	j.seq++
	e.Seq = j.seq
	if j.overrun = j.overrun || len(j.queue) >= maxQueued; j.overrun {
		j.queue = nil
		return
	}
	j.queue = append(j.queue, &e)
}

// take returns the events that wait, and empties the journal.
func (j *journal) take() []*Event {
	events := j.queue
	j.queue = nil
	return events
}

// answered adds what has changed by an answer.
func (j *journal) answered(r *report) {
	if !j.off {
		j.add(Event{Answer: r.event()})
	}
}

func (r *report) event() *AnswerEvent {
	e := &AnswerEvent{
		Service: r.service, Block: r.block, Process: r.process, Address: r.address, Instance: r.instance, Group: r.group, End: r.end,
		ClockKnown: r.clock.known, Skew: r.clock.skew, Slack: r.clock.slack, Age: r.clock.age, Pushed: r.pushed, Doubtful: r.doubtful,
		Relayed: r.relayed, RelayedBefore: r.relayedBefore,
		Skipped: r.skipped, Unreadable: r.unreadable, Context: r.context, Totals: make([]TotalEvent, len(r.changed)),
	}
	for i, a := range r.changed {
		e.Totals[i] = TotalEvent{
			ID: uint64(a.epoch.id), Epoch: a.epoch.created, Created: a.created, FirstSeen: a.firstSeen,
			Key: a.key, Class: a.class, Severity: a.severity, Total: a.total, History: a.history, Base: a.base, Baseline: a.baseline, Held: a.held,
			Hashes: a.hashes, Times: a.times, Listed: a.count, Occurrences: a.occurrences,
			Grouped: a.grouped, Guessed: a.guessed, Group: a.group, GroupID: uint64(a.groupID),
		}
	}
	return e
}

// newReplayed returns the report of an event, to be folded once more.
func newReplayed(e *AnswerEvent) *report {
	r := &report{
		service: e.Service, process: e.Process, address: e.Address, instance: e.Instance, group: e.Group, end: e.End,
		made:    e.End,
		clock:   clock{known: e.ClockKnown, skew: e.Skew, slack: e.Slack, age: e.Age, now: e.End},
		relayed: e.Relayed, relayedBefore: e.RelayedBefore,
		pushed: e.Pushed, doubtful: e.Doubtful, skipped: e.Skipped, unreadable: e.Unreadable,
		context: e.Context, redone: true, aggregates: make([]receivedAggregate, len(e.Totals)),
	}
	for i := range e.Totals {
		t := &e.Totals[i]
		r.aggregates[i] = receivedAggregate{
			epoch: epochKey{id: keyID(t.ID), created: t.Epoch}, created: t.Created, firstSeen: t.FirstSeen,
			key: t.Key, class: t.Class, severity: t.Severity, total: t.Total, history: t.History, base: t.Base, baseline: t.Baseline, held: t.Held,
			listing: listing{hashes: t.Hashes, times: t.Times, count: t.Listed}, occurrences: t.Occurrences, wanted: true,
			groupingResult: groupingResult{grouped: t.Grouped, guessed: t.Guessed, group: t.Group, groupID: keyID(t.GroupID)},
		}
		if l := &r.aggregates[i].listing; len(l.times) > 0 {
			l.newest, l.oldest = l.times[0], l.times[len(l.times)-1]
		}
	}
	return r
}

// replay does again what was done since the last commit. It is called once, before
// anything else happens.
func (s *State) replay(events []Event) {
	s.journal.off = true
	for i := range events {
		s.redo(&events[i])
		s.journal.seq = max(s.journal.seq, events[i].Seq)
	}
	s.journal.off = s.store == nil
}

// redo does one event again. Only New calls it.
func (s *State) redo(e *Event) {
	switch {
	case e.Answer != nil:
		r := newReplayed(e.Answer)
		s.endMutes(r.end) // as when the answer came
		s.service(e.Answer.Service).fold(r, &s.settings, &s.counters)
		s.bufferExport(r.candidates, e.Seq)
	case e.Endpoint != nil:
		s.loadEndpoint(e.Endpoint)
		s.service(e.Endpoint.Service).changedEndpoint(e.Endpoint.Address)
	case e.Round != nil:
		s.loadRound(e.Round)
		s.pending.rounds[e.Round.Discovery] = s.rounds[e.Round.Discovery]
	case e.Decision != nil:
		s.decide(e.Decision)
	case e.Taken != nil:
		s.applyTaken(e.Taken)
	case e.Reset != nil:
		s.reset(e.Reset)
	case e.Step != nil:
		s.shift(e.Step.By)
	case e.Exposed != nil:
		s.expose(e.Exposed)
	case e.Scraper != nil:
		if scraper := s.exposure.load(e.Scraper, s.own.wall); scraper != nil {
			s.pending.scrapers[scraper] = struct{}{}
		}
	}
}
