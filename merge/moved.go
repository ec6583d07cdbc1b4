package merge

// Several services can know one and the same program, or a relabelling or a new name moves it
// from one service to another. The totals that one service knows are the baseline of the others.

// findBases looks up the totals of the same epochs in other services. The caller holds mu.
func (s *State) findBases(r *report) {
	if r.relayed || r.redone {
		return
	}
	for _, q := range s.processes[r.process] {
		for i := range r.aggregates {
			a := &r.aggregates[i]
			if e := q.epochs[a.in(q, r, a.epoch.created)]; e != nil && q.Service != r.service {
				a.base = max(a.base, e.highest)
			}
		}
	}
	for i := range r.aggregates {
		a := &r.aggregates[i]
		for _, h := range a.hashes {
			if q := s.occurrences[h]; q != nil && q.Service != r.service {
				a.base = max(a.base, a.highestIn(q, r))
			}
		}
	}
}

// in returns the name of the epoch in the service of another process.
func (a *receivedAggregate) in(q *process, r *report, created int64) epochKey {
	if q.Service == r.service {
		return epochKey{a.epoch.id, created}
	}
	return epochKey{newKeyID(q.Service, a.raw), created}
}

// highestIn returns the highest total of the epoch of the process that has an occurrence which
// the aggregate lists, too.
func (a *receivedAggregate) highestIn(q *process, r *report) uint64 {
	id := a.in(q, r, 0).id
	for key, e := range q.epochs {
		if key.id == id && a.lists(&e.known) {
			return e.highest
		}
	}
	return 0
}

// moved returns the process as another service knows it, nil if none does. The caller holds mu.
func (s *State) moved(p *process) *process {
	var last *process
	for _, q := range s.processes[p.ID] {
		if q != p && q.epochs != nil && (last == nil || q.seen.After(last.seen)) {
			last = q
		}
	}
	return last
}

// move takes over what another service knows of the process: what the other service was not
// told is news. At an address without a UUID, another process may answer now.
func (f *folding) move(p, q *process) {
	p.floor = q.floor
	if p.anonymous {
		p.since = later(q.made, f.report.end.Add(-f.settings.LateDiscovery))
		return
	}
	p.since = q.since
	f.context.known, f.context.before = true, q.made
}
