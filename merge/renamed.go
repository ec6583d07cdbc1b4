package merge

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// What nothing proves is held back if it may have been counted under another name, until the
// names that the client uses are known to mean something.

// holdBack keeps what may have been counted already.
func (f *folding) holdBack(e *epoch, a *receivedAggregate, d *delta) {
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
	r.held, r.renamed = a.held, f.context.known
	if from != nil && len(from.rare().heldFor) < maxRenamed {
		from.heldFor = append(from.heldFor, e)
	}
	d.increment -= a.held
	f.endpoint.fullAnswersLeft = moreFullAnswers
	f.requestAll()
}

// moreFullAnswers is how many answers are read whole after something was held back: several
// processes may answer in turn.
const moreFullAnswers = 16

// requestAll makes the next answer of the target be read whole, and not only what has changed.
func (f *folding) requestAll() { f.endpoint.generation = f.service.state.nextGeneration() }

// maybeCounted returns how much of the total of a new epoch may have been counted, or been
// history, under another name, and under which.
func (f *folding) maybeCounted(a *receivedAggregate, d *delta) (uint64, *epoch) {
	if f.report.relayed || d.increment == 0 {
		return 0, nil
	}
	n, before := f.mayContinue(a)
	switch {
	case before != nil:
		if before.rareState != nil && before.held > 0 {
			d.doubt = ChangingEpoch
		}
		return n, before
	case !f.context.known && !a.proves() && f.createdNow(a):
		return d.increment, nil
	}
	return 0, nil
}

// createdNow reports whether the epoch claims to have been created when the answer was made: an
// adapter that makes up created_at for each answer says so.
func (f *folding) createdNow(a *receivedAggregate) bool {
	c := &f.report.clock
	return a.epoch.created > c.theirs(c.now.Add(-c.age-answerTime))
}

// answerTime is how much earlier than an answer a time can seem to be that is the time of it:
// whole seconds are cut, and so is Date.
const answerTime = 2 * time.Second

// mayContinue returns the epoch that a new one may continue although the client names it
// otherwise and nothing proves it, and how much of it may have been counted. That is an epoch of
// the same time of creation under another UUID. Unless UUIDs and times of creation are known to
// be right, it is also one with the same key and no higher total that is not reported now.
//
// A single such epoch is that of a process that ended: a restart looks like that. When there
// are several, and the total rose each time, the names are made up, and all that was counted
// under them may be in this total.
func (f *folding) mayContinue(a *receivedAggregate) (uint64, *epoch) {
	if q := f.endpoint.knows(a.epoch); q != nil && !f.context.known && a.epoch.created != 0 && !a.isAnother(a.total, q.epochs[a.epoch]) {
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
	all := f.renamedOf(a.epoch.id)
	from := sort.Search(len(all), func(i int) bool { return all[i].highest <= a.total })
	for _, e := range all[from:min(from+maxRenamed, len(all))] {
		if a.isAnother(a.total, e) {
			continue
		}
		counted = saturatingAdd(counted, e.counted())
		if several = best != nil; !several {
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

// canBeRenamed reports whether the name of the aggregate's epoch can be made up.
func (f *folding) canBeRenamed(a *receivedAggregate) bool {
	e := f.endpoint
	switch {
	case e.steady || a.epoch.created == 0 || a.createdBeforeNewest():
		return false
	case f.context.known:
		return true
	case a.proves(): // that it is of another epoch than any that is known
		return e.changing
	}
	return !e.named
}

// isSameProcess reports whether the process that tells the aggregate has answered before: its
// UUID says so, or, where that is made up or missing, the rest of its answer.
func (f *folding) isSameProcess(a *receivedAggregate) bool {
	if f.context.known && !f.process.anonymous || f.report.unchanged > 0 || f.endpoint.changing || !a.proves() && f.createdNow(a) {
		return true
	}
	if f.continuedKeys == nil {
		f.continuedKeys = f.findContinued()
	}
	return slices.ContainsFunc(f.continuedKeys, func(id keyID) bool { return id != a.epoch.id })
}

// findContinued returns up to two keys of which the report tells epochs that the process has told
// before: it goes on.
func (f *folding) findContinued() []keyID {
	ids := []keyID{}
	for i := range f.report.aggregates {
		a := &f.report.aggregates[i]
		if slices.Contains(ids, a.epoch.id) || !f.wasReported(a) {
			continue
		}
		if ids = append(ids, a.epoch.id); len(ids) == 2 {
			break
		}
	}
	return ids
}

// wasReported reports whether the process has told the epoch of the aggregate before.
func (f *folding) wasReported(a *receivedAggregate) bool {
	if e := f.process.epochs[a.epoch]; e != nil && a.epoch.created != 0 && !f.isNew[a.epoch] {
		return true
	}
	_, ok := a.among(f.process, &f.own)
	return ok
}

// renamedOf returns the epochs of the key that the process does not report any more, or, if the
// process is not known, that those before it at its address had: those with the highest totals
// first.
func (f *folding) renamedOf(id keyID) []*epoch {
	if f.renamed == nil {
		f.findRenamed()
	}
	return f.renamed[id]
}

func (f *folding) findRenamed() {
	f.renamed = map[keyID][]*epoch{}
	from := []*process{f.process}
	if !f.context.known {
		from = f.endpoint.processes
	}
	reported := make(map[epochKey]bool, len(f.report.aggregates))
	if f.context.known {
		for i := range f.report.aggregates {
			reported[f.report.aggregates[i].epoch] = true
		}
	}
	for _, p := range from {
		for key, e := range p.epochs {
			if !reported[key] {
				f.renamed[key.id] = append(f.renamed[key.id], e)
			}
		}
	}
	for _, list := range f.renamed {
		slices.SortFunc(list, func(a, b *epoch) int {
			return cmp.Or(cmp.Compare(b.highest, a.highest), cmp.Compare(b.reported, a.reported))
		})
	}
}

// maxRenamed bounds the epochs of one key that are looked at for each total.
const maxRenamed = 100

// learnCreation notes that times of creation mean what they say: the newest occurrence is
// younger, or the total grew although the epoch was told before when it was older than that.
func (f *folding) learnCreation(e *epoch, a *receivedAggregate, d delta) {
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

// markApart notes that the epoch is told again: the epochs that seemed to continue it do not.
func (e *epoch) markApart() {
	if e.rareState == nil {
		return
	}
	for _, other := range e.heldFor {
		other.rare().apart = true
	}
	e.heldFor = nil
}

// release returns what was held back of an epoch that is told a second time now, unless that
// is the same answer once more.
func (f *folding) release(e *epoch, a *receivedAggregate) uint64 {
	switch {
	case e.rareState == nil || e.held == 0:
		return 0
	case f.report.redone:
		a.held = min(a.held, e.held)
	case a.epoch.created == 0 && !a.created.IsZero(): // by another name each time
		return 0
	case f.createdNow(a):
		f.requestAll()
		return 0
	case e.renamed && !f.endpoint.steady && !e.apart:
		return 0
	default:
		a.held = e.held
	}
	e.held -= a.held
	return a.held
}
