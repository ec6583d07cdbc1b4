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
	if q != f.process || key != a.epoch {
		f.service.share(e, q, f.process)
	}
	switch {
	case q == f.process && key.created != a.epoch.created:
		d.doubt = ChangingEpoch
	case q.address == f.report.address:
		d.doubt = ChangingUUID
	default:
		d.doubt = SeveralAddresses
	}
	return d, e
}

// known returns where the epoch of the aggregate is known under another name: with one of its
// occurrences, or with its time of creation.
func (f *folding) known(a *arrival) (*process, epochKey) {
	if q, key := f.service.withOccurrence(a); q != nil {
		return q, key
	}
	if key, ok := f.ofPrevious(a); ok {
		return f.previous, key
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
	if f.report.redone || f.report.relayed || a.epoch.created == 0 || a.proves() || epochs[a.epoch] != nil {
		return false
	}
	if epochs[epochKey{id: a.epoch.id}] != nil {
		f.doubt(ChangingEpoch)
		return true
	}
	if !f.createdNow(a) {
		return false
	}
	for key, e := range epochs {
		if key.id == a.epoch.id && key.created >= f.report.clock.theirs(time.Unix(e.reported, 0).Add(-answerTime)) {
			return true
		}
	}
	return false
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

// ofPrevious returns the epoch of the process before, at the address, that has one of the
// occurrences: not all of them are found by [service.withOccurrence].
func (f *folding) ofPrevious(a *arrival) (epochKey, bool) {
	if f.previous == nil || !a.proves() {
		return epochKey{}, false
	}
	if f.before == nil {
		f.before = make(map[keyID][]epochKey, len(f.previous.epochs))
		for key := range f.previous.epochs {
			f.before[key.id] = append(f.before[key.id], key)
		}
	}
	for _, key := range f.before[a.epoch.id] {
		if a.meets(f.previous.epochs[key]) {
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
	var newest *epoch
	for key, e := range f.process.epochs {
		switch {
		case key.id != a.epoch.id:
			continue
		case a.meets(e):
			return key, true
		case a.isAnother(a.total, e):
			continue
		}
		if newest == nil || e.reported > newest.reported || e.reported == newest.reported && key.created > last.created {
			newest, last = e, key
		}
	}
	return last, newest != nil
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
	q, key := f.service.withOccurrence(a)
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
	if !f.report.redone {
		a.held = min(f.maybeCounted(a, d), d.increment)
	}
	if a.held > 0 {
		e.rare().held = a.held
		d.increment -= a.held
		f.tellAgain()
	}
}

// tellAgain makes the target tell all, and not only what has changed since.
func (f *folding) tellAgain() { f.endpoint.generation = f.service.state.nextGeneration() }

// maybeCounted returns how much of the total of a new epoch may have been counted, or been
// history, under another name.
func (f *folding) maybeCounted(a *arrival, d *delta) uint64 {
	if f.report.relayed || d.increment == 0 {
		return 0
	}
	before := f.goesOn(a)
	switch {
	case before != nil:
		if before.rarities != nil && before.held > 0 {
			d.doubt = ChangingEpoch
		}
		return before.highest
	case !f.sight.known && !a.proves() && f.createdNow(a):
		return d.increment
	}
	return 0
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
// and nothing proves it: one of the same time of creation under another UUID, or, if that is
// made up, one with the same key and no higher total that is not reported any more.
func (f *folding) goesOn(a *arrival) *epoch {
	if q := f.endpoint.knows(a.epoch); q != nil && !f.sight.known && a.epoch.created != 0 && !a.isAnother(a.total, q.epochs[a.epoch]) {
		return q.epochs[a.epoch]
	}
	if a.proves() || !f.createdNow(a) {
		return nil
	}
	if f.renamed == nil {
		f.findRenamed()
	}
	e := f.renamed[a.epoch.id]
	if e == nil || a.total < e.highest {
		return nil
	}
	delete(f.renamed, a.epoch.id) // it goes on as one
	return e
}

// findRenamed collects the highest epoch of each key that the process does not report any more,
// or, if the process is not known, that those before it at its address had.
func (f *folding) findRenamed() {
	f.renamed = map[keyID]*epoch{}
	from := []*process{f.process}
	if !f.sight.known {
		from = f.endpoint.processes
	}
	for _, p := range from {
		for key, e := range p.epochs {
			if before := f.renamed[key.id]; before == nil || before.highest < e.highest {
				f.renamed[key.id] = e
			}
		}
	}
	if !f.sight.known {
		return
	}
	for i := range f.report.arrivals {
		if key := f.report.arrivals[i].epoch; f.process.epochs[key] != nil {
			delete(f.renamed, key.id)
		}
	}
}

// release returns what was held back of an epoch that is now told a second time, if that is
// not just the same answer once more.
func (f *folding) release(e *epoch, a *arrival) uint64 {
	switch {
	case e.rarities == nil || e.held == 0:
		return 0
	case a.epoch.created == 0 && !a.created.IsZero(): // by another name each time
		return 0
	case f.createdNow(a):
		f.tellAgain()
		return 0
	}
	held := e.held
	e.held = 0
	return held
}
