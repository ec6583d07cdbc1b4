package merge

import "slices"

// Workers of one server that say the same of their epochs of a key are told apart by what they
// list. One that raised so much between two answers that it lists nothing that is known can be
// any of those with a lower total. It is taken for the one with the highest, so that least is
// counted, until that one is told as well. Then it was another one: the sibling with the next
// total, or one that was not known.
//
// An example: of two workers 50 and 40 are counted. A total of 60 lists nothing that is known. It
// is taken for the first one, and 10 are counted. Then comes 52, and lists what was known at 50:
// the 60 were those of the second one, of which 40 were counted. So 52 - 40 are counted now, which
// makes 112.

// isThere notes that the worker of that epoch, of this and its siblings, was told, and reports
// whether that was open.
func (e *epoch) isThere(which *epoch) (news bool) {
	if which.isGone() {
		which.gone, news = false, true
	}
	for s := e; s != nil; s = s.nextSibling() {
		if s.rareState == nil {
			continue
		}
		if i := slices.Index(s.instead, which); i >= 0 { // it is told beside it
			s.instead, news = slices.Delete(s.instead, i, i+1), true
		}
	}
	return news
}

// takeOver notes that the total that the epoch has now may be that of another worker: of one of the
// others, or of one that is not known.
func (e *epoch) takeOver(others []*epoch) {
	r := e.rare()
	r.takenOver = true
	for _, other := range others {
		if !slices.Contains(r.instead, other) {
			r.instead = append(r.instead, other)
		}
	}
}

// worker takes in the total of another worker that says the same of its epoch, once
// that is certain.
func (e *epoch) worker(t *total) delta {
	r := e.rare()
	late := false
	for s := e; s != nil; s = s.nextSibling() {
		late = late || t.canBeLate(s)
	}
	taken, certain := e.takenFor(t)
	if !t.lists(&r.candidate) && (late || !certain) {
		if !late {
			r.candidate = t.kept()
		}
		return delta{refused: TotalFell}
	}
	r.candidate = [keptHashes]uint64{}
	counted := uint64(0)
	if taken != nil {
		counted = min(taken.giveBack(), t.value)
	}
	for s := e; s != nil && t.created && !certain; s = s.nextSibling() {
		if s.highest <= t.value && !t.isAnother(t.value, s) {
			counted = max(counted, s.highest) // it can be that one
		}
	}
	e.addSibling(t)
	if !t.news {
		return delta{history: t.value - counted, noted: true}
	}
	return delta{increment: t.value - counted, noted: true}
}

// isGone reports whether the worker of the epoch is that of a sibling by now.
func (e *epoch) isGone() bool { return e.rareState != nil && e.gone }

// takenFor returns the epoch, of this and its siblings, that was the worker's before another total
// was taken for its own, and whether that is certain. Without proof it is the one of which most
// was counted.
func (e *epoch) takenFor(t *total) (taken *epoch, certain bool) {
	for s := e; s != nil; s = s.nextSibling() {
		switch {
		case s.rareState == nil:
		case t.lists(&s.replaced):
			return s, true
		case s.takenOver && s.replacedAt <= t.value && (taken == nil || s.countedInstead() > taken.countedInstead()):
			taken = s
		}
		if !t.created {
			break
		}
	}
	return taken, false
}

// other returns the sibling whose total the epoch can have now, the one of which most was counted,
// or nil.
func (e *epoch) other() *epoch {
	var most *epoch
	for _, s := range e.instead {
		if most == nil || s.highest > most.highest {
			most = s
		}
	}
	return most
}

// countedInstead returns how much was counted of the worker whose total was taken for another's.
func (e *epoch) countedInstead() uint64 {
	if !e.takenOver { // it is not known any more
		return e.replacedAt
	}
	if other := e.other(); other != nil {
		return other.highest
	}
	return 0
}

// giveBack makes the epoch that of the worker whose total it has, and returns how much was counted
// of that one before.
func (e *epoch) giveBack() uint64 {
	n := e.countedInstead()
	if other := e.other(); other != nil {
		other.highest, other.rare().gone = max(other.highest, e.highest), true
	}
	e.takenOver, e.instead, e.replaced, e.replacedAt = false, nil, [keptHashes]uint64{}, 0
	return n
}

// takeover returns what is written of the worker that the epoch was of. It is first, or a sibling of
// that.
func (e *epoch) takeover(first *epoch) TakeoverState {
	if e.rareState == nil {
		return TakeoverState{}
	}
	t := TakeoverState{Replaced: e.replaced, ReplacedAt: e.replacedAt, TakenOver: e.takenOver, Gone: e.gone}
	at := uint64(0)
	for s := first; s != nil; s = s.nextSibling() {
		if slices.Contains(e.instead, s) {
			t.Instead = append(t.Instead, at)
		}
		at++
	}
	return t
}

// setTakeover takes in what was written, with the epoch and its siblings in the order of then.
func (e *epoch) setTakeover(t *TakeoverState, all []*epoch) {
	if t.isSettled() {
		return
	}
	r := e.rare()
	r.replaced, r.replacedAt, r.takenOver, r.gone = t.Replaced, t.ReplacedAt, t.TakenOver, t.Gone
	for _, at := range t.Instead {
		if at < uint64(len(all)) {
			r.instead = append(r.instead, all[at])
		}
	}
}

// canBeLate reports whether the total can be an earlier one of the epoch: it is lower, and not
// newer, by so much that nothing has to be listed any more that is known now.
func (t *total) canBeLate(e *epoch) bool {
	known := uint64(0)
	for _, h := range e.known {
		if h != 0 {
			known++
		}
	}
	return t.newest <= e.newest && t.value < e.highest && e.highest-t.value >= known
}
