package merge

import "time"

// A client can call one and the same epoch by another name in the next answer: by another
// UUID, at another address, with another created_at. Its occurrences prove which it is, and so
// does a time of creation that is exact enough. What nothing proves is counted once it is told
// a second time under the same name.

// sameAsKnown finds the epoch that the aggregate goes on with although the client says
// otherwise, and takes its total in.
func (f *folding) sameAsKnown(a *arrival) (delta, *epoch) {
	q, key := f.known(a)
	if q == nil {
		return delta{}, nil
	}
	e := q.epochs[key]
	a.indexed = e.indexed()
	t := f.total(a)
	d := e.grow(&t)
	f.changed = true
	if key == a.epoch {
		f.learnCreation(e, a, d)
		if other := f.service.endpoints[q.address]; other != nil && other.steady && !f.endpoint.steady {
			f.endpoint.steady = true
			f.service.changedEndpoint(f.report.address)
		}
	}
	if q != f.process || key != a.epoch {
		f.service.share(e, q, f.process)
	}
	switch {
	case q == f.process && key.created != a.epoch.created:
		d.doubt = ChangingEpoch
	case q.address == f.report.address:
		d.doubt = ChangingUUID
		if !f.endpoint.changing {
			f.endpoint.changing = true
			f.service.changedEndpoint(f.report.address)
		}
	default:
		d.doubt = SeveralAddresses
	}
	return d, e
}

// known returns where the epoch of the aggregate is known under another name: with one of its
// occurrences, or with its time of creation.
func (f *folding) known(a *arrival) (*process, epochKey) {
	if q, key := f.withOccurrence(a); q != nil {
		return q, key
	}
	if key, ok := f.withoutTime(a); ok {
		return f.process, key
	}
	if a.epoch.created == 0 {
		return nil, epochKey{}
	}
	q := f.previous // which may have called itself by another UUID
	switch {
	case f.process.anonymous:
		q = f.service.anonymous[a.epoch] // which may be found at another address
	case a.epoch.precise():
		q = f.endpoint.knows(a.epoch)
	}
	if q == nil || q == f.process || q.epochs[a.epoch] == nil || a.isAnother(a.total, q.epochs[a.epoch]) {
		return nil, epochKey{}
	}
	switch {
	case a.epoch.precise():
	case f.process.anonymous && a.epoch.wholeSeconds() && f.createdNow(a):
		return nil, epochKey{}
	case !f.process.anonymous && a.total != q.epochs[a.epoch].highest:
		return nil, epochKey{}
	}
	return q, a.epoch
}

// knows returns, of the processes that have answered there and have the epoch, the one that has
// told the highest total; nil if none has it.
func (e *endpoint) knows(key epochKey) *process {
	var best *process
	for _, p := range e.processes {
		if known := p.epochs[key]; known != nil && (best == nil || known.highest > best.epochs[key].highest) {
			best = p
		}
	}
	return best
}

// madeUp reports whether created_at is the time of the answer, as it was when the same key was
// told before: an adapter writes that then, and no occurrence proves which epoch it means.
func (f *folding) madeUp(a *arrival) bool {
	epochs := f.process.epochs
	if f.report.redone || f.report.relayed || f.endpoint.steady || a.epoch.created == 0 || a.proves() || epochs[a.epoch] != nil {
		return false
	}
	if epochs[epochKey{id: a.epoch.id}] != nil {
		f.doubt(ChangingEpoch)
		return true
	}
	if !f.createdNow(a) || f.process.anonymous && a.epoch.precise() && f.service.anonymous[a.epoch] != nil {
		return false
	}
	for key, e := range epochs {
		if key.id == a.epoch.id && key.created >= f.report.clock.theirs(time.Unix(e.reported, 0).Add(-answerTime)) {
			return true
		}
	}
	return false
}

// withOccurrence returns where one of the occurrences is known. Not all of them are found in
// other processes than this one and the one before it at its address.
func (f *folding) withOccurrence(a *arrival) (*process, epochKey) {
	if !a.proves() {
		return nil, epochKey{}
	}
	if q, key := f.service.withOccurrence(a); q != nil {
		return q, key
	}
	if key, ok := a.among(f.process, &f.own); ok {
		return f.process, key
	}
	if key, ok := a.among(f.previous, &f.before); ok {
		return f.previous, key
	}
	return nil, epochKey{}
}

// withOccurrence returns where one of the occurrences is known.
func (s *service) withOccurrence(a *arrival) (*process, epochKey) {
	for _, h := range a.hashes {
		q := s.state.occurrences[h]
		if q == nil || q.Service != s.name {
			continue
		}
		for key, e := range q.epochs {
			if key.id == a.epoch.id && a.meets(e) {
				return q, key
			}
		}
	}
	return nil, epochKey{}
}

// among returns the epoch of the process that has one of the occurrences. byKey are its epochs
// by key, which are made when they are needed.
func (a *arrival) among(p *process, byKey *map[keyID][]epochKey) (epochKey, bool) {
	if p == nil || !a.proves() {
		return epochKey{}, false
	}
	if *byKey == nil {
		*byKey = make(map[keyID][]epochKey, len(p.epochs))
		for key := range p.epochs {
			(*byKey)[key.id] = append((*byKey)[key.id], key)
		}
	}
	for _, key := range (*byKey)[a.epoch.id] {
		if e := p.epochs[key]; e != nil && a.meets(e) {
			return key, true
		}
	}
	return epochKey{}, false
}

// withoutTime returns the epoch of the process with the same key if created_at was found, now
// or before, to be no time of creation: then it tells no epochs apart.
func (f *folding) withoutTime(a *arrival) (last epochKey, ok bool) {
	belied := a.epoch.created == 0 && !a.created.IsZero()
	if !belied && (a.epoch.created == 0 || f.process.epochs[epochKey{id: a.epoch.id}] == nil) {
		return epochKey{}, false
	}
	var best *epoch
	for key, e := range f.process.epochs {
		switch {
		case key.id != a.epoch.id:
			continue
		case a.meets(e):
			return key, true
		case a.isAnother(a.total, e):
			continue
		}
		if best == nil || e.isNearer(a.total, best) || e.highest == best.highest && key.created > last.created {
			best, last = e, key
		}
	}
	return last, best != nil
}

// isNearer reports whether the total is rather one of the epoch than of the other: from the
// highest that is not higher it rose by the least.
func (e *epoch) isNearer(total uint64, other *epoch) bool {
	if e.highest <= total != (other.highest <= total) {
		return e.highest <= total
	}
	return e.highest > other.highest
}

// elsewhere returns the epoch that the aggregate is of if its occurrences show that it is not
// the one that is known under its name, and why that can be: after a restart, one address can
// tell it first, and then another.
func (f *folding) elsewhere(e *epoch, a *arrival) (*epoch, Reason) {
	if !a.proves() {
		return nil, ""
	}
	if a.meets(e) {
		return nil, ""
	}
	q, key := f.withOccurrence(a)
	switch q {
	case nil:
		return nil, ""
	case f.process:
		return q.epochs[key], ChangingEpoch
	}
	f.service.pending.processes[q] = struct{}{}
	return q.epochs[key], SeveralAddresses
}

// inherit makes a process that is not known have the epochs of the one before it at its
// address: it says the same of them, byte for byte, and so does not say it again.
func (f *folding) inherit() {
	if f.report.unchanged == 0 || f.previous == nil {
		return
	}
	told := make(map[epochKey]bool, len(f.report.arrivals))
	for i := range f.report.arrivals {
		told[f.report.arrivals[i].epoch] = true
	}
	for key, e := range f.previous.epochs {
		if told[key] {
			continue
		}
		f.process.epochs[key] = e
		f.service.share(e, f.previous, f.process)
		f.service.hold(key.id)
	}
	f.doubt(ChangingUUID)
}

// holdBack keeps what may have been counted already.
func (f *folding) holdBack(e *epoch, a *arrival, d *delta) {
	var from *epoch
	if !f.report.redone {
		var n uint64
		n, from = f.maybeCounted(a, d)
		a.held = min(n, d.increment)
	}
	if a.held == 0 {
		return
	}
	r := e.rare()
	r.held, r.renamed, r.from = a.held, f.sight.known, from
	d.increment -= a.held
	f.endpoint.again = answersAgain
	f.tellAgain()
}

// answersAgain is in how many answers what is held back is asked for again: several processes
// may answer in turn.
const answersAgain = 16

// tellAgain makes the target tell all, and not only what has changed since.
func (f *folding) tellAgain() { f.endpoint.generation = f.service.state.nextGeneration() }

// maybeCounted returns how much of the total of a new epoch may have been counted, or been
// history, under another name, and under which.
func (f *folding) maybeCounted(a *arrival, d *delta) (uint64, *epoch) {
	if f.report.relayed || d.increment == 0 {
		return 0, nil
	}
	n, before := f.goesOn(a)
	switch {
	case before != nil:
		if before.rarities != nil && before.held > 0 {
			d.doubt = ChangingEpoch
		}
		return n, before
	case !f.sight.known && !a.proves() && f.createdNow(a):
		return d.increment, nil
	}
	return 0, nil
}

// createdNow reports whether the epoch claims to have been created when the answer was made: an
// adapter that makes up created_at for each answer says so.
func (f *folding) createdNow(a *arrival) bool {
	c := &f.report.clock
	return a.epoch.created > c.theirs(c.now.Add(-c.age-answerTime))
}

// answerTime is how much earlier than an answer a time can seem to be that is the time of it:
// whole seconds are cut, and so is Date.
const answerTime = 2 * time.Second

// goesOn returns the epoch with which a new one may go on although the client says otherwise
// and nothing proves it, and how much may have been counted of it: one of the same time of
// creation under another UUID, or, unless UUIDs and times of creation are known to mean what
// they say, one with the same key and no higher total that is not reported now.
//
// One such epoch alone is that of a process that ended: a restart looks like that. When there
// are more, and the total rose each time, names are made up, and all that was counted under
// them may be in this total.
func (f *folding) goesOn(a *arrival) (uint64, *epoch) {
	if q := f.endpoint.knows(a.epoch); q != nil && !f.sight.known && a.epoch.created != 0 && !a.isAnother(a.total, q.epochs[a.epoch]) {
		return q.epochs[a.epoch].highest, q.epochs[a.epoch]
	}
	if !f.canBeRenamed(a) {
		return 0, nil
	}
	var (
		best    *epoch
		counted uint64
		several bool
	)
	for _, e := range f.renamedOf(a.epoch.id) {
		if e.highest > a.total || a.isAnother(a.total, e) {
			continue
		}
		counted = saturatingAdd(counted, e.counted())
		several = best != nil
		if !several || best.highest < e.highest || best.highest == e.highest && best.reported < e.reported {
			best = e
		}
	}
	switch {
	case best == nil:
		return 0, nil
	case f.isSameProcess(a):
		return best.highest, best
	case several:
		return max(best.highest, counted), best
	}
	return 0, nil
}

// canBeRenamed reports whether what the aggregate is called by can be made up.
func (f *folding) canBeRenamed(a *arrival) bool {
	e := f.endpoint
	switch {
	case e.steady || a.epoch.created == 0 || a.createdBeforeNewest():
		return false
	case f.sight.known:
		return true
	case a.proves(): // that it is of another epoch than any that is known
		return e.changing
	}
	return !e.named
}

// isSameProcess reports whether it is a process that has answered before that tells the
// aggregate: its UUID says so, or, where that is made up or missing, what else it tells.
func (f *folding) isSameProcess(a *arrival) bool {
	if f.sight.known && !f.process.anonymous || f.report.unchanged > 0 || f.endpoint.changing || !a.proves() && f.createdNow(a) {
		return true
	}
	for i := range f.report.arrivals {
		other := &f.report.arrivals[i]
		e := f.process.epochs[other.epoch]
		if other.epoch.id == a.epoch.id {
			continue
		}
		if e != nil && other.epoch.created != 0 && !f.isNew[other.epoch] {
			return true
		}
		if _, ok := other.among(f.process, &f.own); ok {
			return true
		}
	}
	return false
}

// renamedOf returns the epochs of the key that the process does not report any more, or, if the
// process is not known, that those before it at its address had.
func (f *folding) renamedOf(id keyID) []*epoch {
	if f.renamed == nil {
		f.findRenamed()
	}
	return f.renamed[id]
}

func (f *folding) findRenamed() {
	f.renamed = map[keyID][]*epoch{}
	from := []*process{f.process}
	if !f.sight.known {
		from = f.endpoint.processes
	}
	told := make(map[epochKey]bool, len(f.report.arrivals))
	if f.sight.known {
		for i := range f.report.arrivals {
			told[f.report.arrivals[i].epoch] = true
		}
	}
	for _, p := range from {
		for key, e := range p.epochs {
			if !told[key] {
				f.renamed[key.id] = append(f.renamed[key.id], e)
			}
		}
	}
}

// learnCreation notes that times of creation mean what they say: the newest occurrence is
// younger, or the total grew although the epoch was told before when it was older than that.
func (f *folding) learnCreation(e *epoch, a *arrival, d delta) {
	r := f.report
	if f.endpoint.steady || a.epoch.created == 0 || r.relayed || r.pushed {
		return
	}
	grew := e != nil && d.increment > 0 && r.clock.known && a.epoch.created < r.clock.theirs(time.Unix(e.reported, 0).Add(-answerTime))
	if !grew && a.newest-a.epoch.created < int64(answerTime) {
		return
	}
	f.endpoint.steady = true
	f.service.changedEndpoint(r.address)
}

// standBeside notes that an epoch is told again: one that may have gone on with it did not.
func (f *folding) standBeside(e *epoch, a *arrival) {
	if f.endpoint.again == 0 {
		return
	}
	for key, other := range f.process.epochs {
		if key.id == a.epoch.id && other.rarities != nil && other.from == e {
			other.apart, other.from = true, nil
		}
	}
}

// release returns what was held back of an epoch that is now told a second time, if that is
// not just the same answer once more.
func (f *folding) release(e *epoch, a *arrival) uint64 {
	switch {
	case e.rarities == nil || e.held == 0:
		return 0
	case f.report.redone:
		a.held = min(a.held, e.held)
	case a.epoch.created == 0 && !a.created.IsZero(): // by another name each time
		return 0
	case f.createdNow(a):
		f.tellAgain()
		return 0
	case e.renamed && !f.endpoint.steady && !e.apart:
		return 0
	default:
		a.held = e.held
	}
	e.held -= a.held
	return a.held
}
