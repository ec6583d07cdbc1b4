package merge

import (
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// The watch on a target begins with the last completed round of discovery that did not
// have it, less the time by which discovery lags behind processes, but not before the
// first completed round: what was created before that existed while the target was not
// ours. So the first exceptions of a new target are news, and those of a process that
// is brought from elsewhere are not.
//
// For what the first round finds the watch is that on the service, which begins with its
// first scrape; and so it is for what was not discovered, but reports by itself.

// A round says when a discovery completed rounds. State.mu guards it.
type round struct {
	first, last time.Time
	// stalled is set when it has completed none for long, because it does not work.
	stalled bool
}

// stalledAfter is how long discovery that works can take for a round: most ask every
// minute or more often, and late discovery makes up for those that do not.
const stalledAfter = 5 * time.Minute

// Rounds takes in when each discovery last completed a round, in which it found what
// [State.Discovered] was last told. It is to be called often: what is found later is news from
// that time on.
func (s *State) Rounds(rounds []periskop.Round) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noteRounds(rounds, s.tick())
}

// noteRounds takes in rounds. The caller holds mu.
func (s *State) noteRounds(rounds []periskop.Round, now time.Time) {
	for i := range rounds {
		latest := &rounds[i]
		r := s.rounds[latest.Discovery]
		if r == nil {
			r = &round{}
			s.rounds[latest.Discovery] = r
		}
		if latest.Last.IsZero() {
			continue
		}
		before := *r
		if r.first.IsZero() {
			r.first = sooner(latest.First.Round(0), now)
		}
		r.last = later(r.last, sooner(latest.Last.Round(0), now))
		r.stalled = now.Sub(r.last) > stalledAfter
		if before.first.IsZero() || before.stalled != r.stalled {
			s.pending.rounds[latest.Discovery] = r
			s.journal.add(Event{Round: r.record(latest.Discovery)})
		}
	}
}

func (r *round) record(discovery string) *RoundRecord {
	return &RoundRecord{Discovery: discovery, First: r.first, Last: r.last, Stalled: r.stalled}
}

// Discovered tells which targets there are now, and how far each discovery had looked when
// it did not know that yet, so that it is known since when what new targets report is news.
// A process that is discovered and does not answer is not forgotten.
func (s *State) Discovered(services []periskop.ServiceTargets, before []periskop.Round) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	s.noteRounds(before, now)
	since := make(map[string]time.Time, len(before))
	for i := range before {
		since[before[i].Block] = s.newsOf(before[i].Discovery)
	}
	for i := range services {
		if svc := s.configured(services[i].Service); svc != nil {
			svc.discovered(services[i].Targets, since, now)
		}
	}
}

// newsOf returns since when what a target says is news that the discovery finds now; zero
// when that is when the watch on its service began. The caller holds mu.
func (s *State) newsOf(discovery string) time.Time {
	r := s.rounds[discovery]
	if r == nil || r.first.IsZero() {
		return time.Time{} // in its first round: what it finds may have been there for long
	}
	return later(r.last.Add(-s.settings.LateDiscovery), r.first)
}

// discovered notes the targets of the service. What new targets say is news from the time on
// that since has for their block.
func (s *service) discovered(targets []*periskop.Target, since map[string]time.Time, now time.Time) {
	for _, e := range s.endpoints {
		e.targets = 0
	}
	for _, t := range targets {
		address := addressOf(t)
		e := s.endpoint(address)
		if e.targets++; !e.found {
			e.found, e.since = true, since[t.Block]
			s.changedEndpoint(address)
		}
	}
	for address, e := range s.endpoints {
		e.noteDiscovered(now)
		if e.targets == 0 && e.found {
			e.found, e.since = false, time.Time{}
			s.changedEndpoint(address)
		}
	}
}

// noteDiscovered notes at the process that answered last whether it is still discovered.
func (e *endpoint) noteDiscovered(now time.Time) {
	if p := e.process; p != nil && (p.discovered || e.targets > 0) {
		p.discovered, p.kept = e.targets > 0, now
	}
}

// noteAnswer notes that the process answered at the endpoint, and reports whether it is the
// first time.
func (e *endpoint) noteAnswer(p *process, now time.Time) bool {
	q := e.process
	if q == p {
		return false
	}
	at := slices.Index(e.processes, p)
	if at >= 0 {
		e.processes = slices.Delete(e.processes, at, at+1)
	}
	if q != nil {
		q.discovered, q.kept = false, now
		e.several = e.several || at >= 0
	}
	p.discovered = e.targets > 0
	e.process = p
	e.processes = append(e.processes, p)
	return at < 0
}

// changedEndpoint marks the endpoint as changed: it is written with the next commit.
func (s *service) changedEndpoint(address string) {
	name := EndpointName{Service: s.name, Address: address}
	e := s.endpoints[address]
	s.pending.endpoints[name] = e
	delete(s.pending.lostEndpoints, name)
	r := e.record(name)
	s.state.journal.add(Event{Endpoint: &r})
}

func (s *service) removeEndpoint(address string) {
	name := EndpointName{Service: s.name, Address: address}
	delete(s.endpoints, address)
	delete(s.pending.endpoints, name)
	s.pending.lostEndpoints[name] = struct{}{}
}

// checkDate notes the Date header, which tells nothing if it stands still: then it is that
// of a cache, which does not say how old its answer is.
func (e *endpoint) checkDate(r *report, date time.Time) {
	const standsStill = 2 * time.Second // longer than one second of a clock lasts
	if !date.IsZero() && date.Equal(e.date) {
		if r.end.Sub(e.dateAt) > standsStill {
			r.clock = clock{now: r.end, age: r.end.Sub(e.dateAt)}
		}
		return
	}
	e.date, e.dateAt = date, r.end
}

// maxSilentDrift is how far the clock of a program may be behind that reports by itself
// and does not say what time it takes it to be.
const maxSilentDrift = 5 * time.Minute

// newsSince returns when what a process that is not known says began to be news.
func (s *service) newsSince(e *endpoint, r *report) time.Time {
	since := s.watchedSince
	switch {
	case e.found:
		if !e.since.IsZero() {
			since = e.since
		}
		if q := e.process; q != nil && !e.several {
			// What was there until then was somebody else, so that this process was
			// elsewhere if it is older. Several processes behind one address are found
			// within that time, too.
			since = later(since, q.seen.Add(-s.state.settings.LateDiscovery))
		}
	case r.pushed && s.settings.Push:
		since = since.Add(-maxSilentDrift)
	}
	return later(since, s.forgottenUntil)
}
