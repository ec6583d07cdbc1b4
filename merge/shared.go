package merge

import "slices"

// One epoch can be known under several names: of processes, because one program is found
// at several addresses or calls itself by another UUID, and of times of creation. All of
// them lead to the same epoch, and are written together.

// share makes the epoch, which the process q knows, one of p as well.
func (s *service) share(e *epoch, q, p *process) {
	if e.rare().shared == 0 {
		s.state.lastShared++
		e.shared = s.state.lastShared
	}
	s.state.noteShared(e, q)
	s.state.noteShared(e, p)
	s.changedShared(e)
}

// noteShared notes that the process knows the shared epoch. The caller holds mu.
func (s *State) noteShared(e *epoch, p *process) {
	s.lastShared = max(s.lastShared, e.shared)
	if list := s.sharers[e.shared]; !slices.Contains(list, p) {
		s.sharers[e.shared] = append(list, p)
	}
}

// knows reports whether the process knows the epoch, by whatever name.
func (p *process) knows(e *epoch) bool {
	for _, other := range p.epochs {
		if other == e {
			return true
		}
	}
	return false
}

// sharersOf returns the processes that know the epoch, if there are several. The caller holds mu.
func (s *State) sharersOf(e *epoch) []*process {
	if e.rareState == nil || e.shared == 0 {
		return nil
	}
	return s.sharers[e.shared]
}

// changedShared makes all processes be written that know the epoch.
func (s *service) changedShared(e *epoch) {
	for _, p := range s.state.sharersOf(e) {
		s.pending.processes[p] = struct{}{}
	}
}

// unshare notes that the process does not know the epoch any more. The caller holds mu.
func (s *State) unshare(e *epoch, p *process) {
	if e.rareState == nil || e.shared == 0 {
		return
	}
	list := slices.DeleteFunc(s.sharers[e.shared], func(q *process) bool { return q == p })
	if len(list) == 0 {
		delete(s.sharers, e.shared)
	} else {
		s.sharers[e.shared] = list
	}
}
