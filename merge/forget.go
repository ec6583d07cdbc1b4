package merge

import (
	"cmp"
	"slices"
	"time"
)

const (
	// maxForgotten is how long a process that was forgotten is recognised when it
	// returns.
	maxForgotten = 7 * 24 * time.Hour
	// maxForgottenIDs is how many of a service are: two megabytes, and far more
	// processes than end within an hour in any but a hostile service.
	maxForgottenIDs = 20_000
)

// forget forgets a process but for its ID. What it reports if it returns is known to
// be old.
func (s *service) forget(p *process, now time.Time) {
	for key, e := range p.epochs {
		delete(p.epochs, key)
		s.removeEpoch(p, key, e)
	}
	p.epochs = nil
	delete(s.processes, p.ID)
	s.state.processes.remove(p)
	s.leaveEndpoint(p)
	delete(s.pending.processes, p)
	s.pending.lostProcesses[p.ProcessName] = struct{}{}
	s.noteForgotten(p.ID, now)
	s.pending.forgotten[p.ProcessName] = now
	for len(s.forgottenOrder) > maxForgottenIDs {
		s.forgottenUntil = later(s.forgottenUntil, s.forgotten[s.forgottenOrder[0]])
		s.pending.services[s] = struct{}{}
		s.remember(s.forgottenOrder[0])
	}
}

func (s *service) noteForgotten(id string, at time.Time) {
	s.forgotten[id] = at
	s.forgottenOrder = append(s.forgottenOrder, id)
}

// remember takes back that a process was forgotten.
func (s *service) remember(id string) {
	name := ProcessName{Service: s.name, ID: id}
	delete(s.forgotten, id)
	if i := slices.Index(s.forgottenOrder, id); i >= 0 {
		s.forgottenOrder = slices.Delete(s.forgottenOrder, i, i+1)
	}
	delete(s.pending.forgotten, name)
	s.pending.lostForgotten[name] = struct{}{}
}

// sortForgotten puts the forgotten processes in order after a start.
func (s *service) sortForgotten() {
	slices.SortFunc(s.forgottenOrder, func(a, b string) int { return s.forgotten[a].Compare(s.forgotten[b]) })
}

func (s *service) forgetForgotten(now time.Time) {
	for len(s.forgottenOrder) > 0 && s.forgotten[s.forgottenOrder[0]].Before(now.Add(-maxForgotten)) {
		s.remember(s.forgottenOrder[0])
	}
}

// leaveEndpoint takes a process off the endpoint at which it answered last.
func (s *service) leaveEndpoint(p *process) {
	e := s.endpoints[p.address]
	if e == nil {
		return
	}
	e.generation = s.state.nextGeneration()
	e.processes = slices.DeleteFunc(e.processes, func(q *process) bool { return q == p })
	if e.process == p {
		e.process = nil
	}
}

// limitProcesses forgets the processes of one endpoint that were seen longest ago when
// there are too many: a target that calls itself by another name in each answer costs a
// bounded amount.
func (s *service) limitProcesses(e *endpoint, limit int, now time.Time) {
	for len(e.processes) > limit {
		oldest := e.processes[0]
		if oldest.address == "" || s.endpoints[oldest.address] != e {
			e.processes = e.processes[1:] // it answers elsewhere now
			continue
		}
		s.inconsistent(TooManyProcesses, 1)
		s.forget(oldest, now)
	}
}

// prune drops the epochs that the process no longer reports although it reports
// others: those of workers that are gone, and, behind an address without UUIDs, those
// of processes that are gone.
func (s *service) prune(p *process, retention time.Duration) {
	oldest := p.complete.Add(-retention).Unix()
	for key, e := range p.epochs {
		if e.reported < oldest {
			s.dropEpoch(p, key, e)
		}
	}
}

// dropEpochs drops the n epochs that were reported longest ago, and returns n.
func (s *service) dropEpochs(p *process, n int) int {
	type reported struct {
		key epochKey
		at  int64
	}
	all := make([]reported, 0, len(p.epochs))
	for key, e := range p.epochs {
		all = append(all, reported{key, e.reported})
	}
	slices.SortFunc(all, func(a, b reported) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.key.created, b.key.created))
	})
	for _, r := range all[:min(n, len(all))] {
		s.dropEpoch(p, r.key, p.epochs[r.key])
	}
	return n
}

// dropEpoch drops an epoch. It does not count again if it returns: what the process
// shows later and is not younger may have been counted before.
func (s *service) dropEpoch(p *process, key epochKey, e *epoch) {
	if key.created <= unixNano(p.seen.Add(p.skew+maxAhead)) { // not of the future
		p.floor = max(p.floor, key.created)
	}
	delete(p.epochs, key)
	if at := s.endpoints[p.address]; at != nil {
		at.generation = s.state.nextGeneration()
	}
	s.removeEpoch(p, key, e)
	s.pending.processes[p] = struct{}{}
}

// removeEpoch takes an epoch out of all indexes.
func (s *service) removeEpoch(p *process, key epochKey, e *epoch) {
	s.state.unindex(p, e)
	if s.anonymous[key] == p {
		delete(s.anonymous, key)
	}
	s.releaseKey(key.id)
	if len(s.state.sharersOf(e)) > 0 && !p.knows(e) {
		s.state.unshare(e, p)
	}
}
