package merge

import "time"

// An epochKey is the name of an epoch: what the client says of it.
type epochKey struct {
	id keyID
	// created is created_at as reported in nanoseconds since 1970; 0 for none, and for
	// one that the occurrences contradict.
	created int64
}

// wholeSeconds reports whether the client cuts created_at to seconds, as Ruby's does,
// or sends none: two workers of one server can then say the same of two epochs.
func (k epochKey) wholeSeconds() bool { return k.created%int64(time.Second) == 0 }

// precise reports whether created_at tells one process from any other: it has
// microseconds.
func (k epochKey) precise() bool { return k.created%int64(time.Millisecond) != 0 }

// An epoch is the life of one aggregate in one process. Its total only grows. State.mu guards
// it.
type epoch struct {
	highest uint64
	// reported is when it was last part of a report, in seconds since 1970.
	reported int64
	// known are the newest occurrences that it listed last, and newest is the time of
	// the newest, by the clock of the target in nanoseconds since 1970.
	known  [keptHashes]uint64
	newest int64
	// baseline is the part of the total that was not counted when it was first reported.
	baseline uint64
	// severity is that of the last report.
	severity severity
	*rareState
}

// A rareState has the fields that few epochs need.
type rareState struct {
	// shared is the same for the entries of several processes, or of several times of
	// creation, that are one epoch; 0 for none.
	shared uint64
	// sibling is another epoch of which the client says the same: of another worker, or
	// of what was at the address before.
	sibling *epoch
	// candidate are the occurrences of a lower total that may be that of another
	// worker. It is counted once they are listed again, which proves that the
	// occurrences of that worker stay.
	candidate [keptHashes]uint64
	// replaced are the occurrences that were known before a higher total came that
	// listed none of them, and replacedAt is the total that they were known with. That total
	// can have been another worker's.
	replaced   [keptHashes]uint64
	replacedAt uint64
	// takenOver is set while it is open whether that was so, and instead are the siblings whose
	// total it can have been.
	takenOver bool
	instead   []*epoch
	// gone is set when the worker is that of a sibling by now.
	gone bool
	// held may have been counted under another name, and is not counted before the epoch is
	// told a second time under this one.
	held uint64
	// renamed is set when that is because the same process told the key with another time of
	// creation before: that one is another epoch only if times of creation are known to stay.
	renamed bool
	// heldFor are the epochs that may continue this one, and apart is set once the epoch that
	// this one may continue was told again as well. Both are lost at a restart.
	heldFor []*epoch
	apart   bool
	// peak is the total from which an anonymous epoch without occurrences fell last.
	peak uint64
	// unread is set when nothing is known of the total yet, and it will be history.
	unread bool
	// rebased is set from a reset until the next total: see [State.Reset].
	rebased bool
	// unstable is set when such an epoch fell and rose again: several processes answer there.
	unstable bool
}

func (e *epoch) rare() *rareState {
	if e.rareState == nil {
		e.rareState = &rareState{}
	}
	return e.rareState
}

// nextSibling returns the next epoch of which the client says the same, or nil.
func (e *epoch) nextSibling() *epoch {
	if e.rareState == nil {
		return nil
	}
	return e.sibling
}

// indexed returns the hash by which the epoch is found: that of the second newest
// occurrence if there is one, for the sake of clients that keep the first ones.
func (e *epoch) indexed() uint64 {
	if e.known[1] != 0 {
		return e.known[1]
	}
	return e.known[0]
}

// counted returns how much of the total was counted.
func (e *epoch) counted() uint64 {
	n := e.highest - min(e.highest, e.baseline)
	if e.rareState != nil {
		n -= min(n, e.held)
	}
	return n
}

// refusedEpoch returns an epoch whose first total cannot be. The next one is as much news as
// that would have been: all of it, or nothing.
func refusedEpoch(news uint64) *epoch {
	e := &epoch{}
	if news == 0 {
		e.rare().unread = true
	}
	return e
}

// A delta is how one total changes the counts.
type delta struct {
	// increment is what is counted.
	increment uint64
	// history is what was there before the watch began.
	history uint64
	// refused is why the total, or a part of it, was not counted; "" when all was.
	refused Reason
	// doubt is why the target is doubtful; "" when it is not.
	doubt Reason
	// noted is set when what is known of workers has changed, which counts for later totals.
	noted bool
}

const (
	// maxRise is more than any process reports between two answers; it is a broken
	// total, as 2^53-5 is that some client computes.
	maxRise = 1_000_000_000_000
	// maxRate is how many exceptions a process can report in a second: ten times what
	// the fastest client library manages in a loop.
	maxRate = 10_000_000
)

// possible reports whether a process can have raised so many in that time.
func possible(rise uint64, within time.Duration) bool {
	if rise > maxRise {
		return false
	}
	seconds := max(within, 0)/time.Second + 2 // as neither clock nor Date is exact
	return rise <= maxRate*uint64(seconds)
}

// A total is one total of a known epoch.
type total struct {
	value uint64
	listing
	// base is what other services were told of the same epoch.
	base uint64
	// within is how long ago the process answered before.
	within time.Duration
	// before is when the process answered before, and since when its exceptions are
	// news, both by its own clock in nanoseconds since 1970.
	before, since int64
	// restarts is set when a lower total can be that of another process without the
	// client saying so: it names neither itself nor the time of creation. unnamed is set
	// when it does not send one either, instead of one that means nothing.
	restarts, unnamed bool
	// workers is set when a lower total can be that of another worker of the server:
	// see [epochKey.wholeSeconds]. It is news if it would be so as a first total. Created is set
	// when the time of creation means something.
	workers, news, created bool
}

// grow compares the total with the epoch and its siblings, and takes it in.
//
// An epoch's total cannot fall. A lower one is an answer that comes late, or is told
// by another process. Which one, occurrences prove: one that was listed before makes
// it a late answer. Without such proof it is a restart, as for PromQL's rate
// (https://prometheus.io/docs/prometheus/latest/querying/functions/#rate), if the
// client can restart without a trace, and else nothing.
func (e *epoch) grow(t *total) delta {
	if e.afterReset(t) {
		return delta{}
	}
	which, others := e.of(t)
	switch {
	case which == nil:
		return e.takeLower(t)
	case t.value < which.highest && t.lists(&which.known):
		return delta{refused: TotalFell}
	case t.value < which.highest:
		return e.takeLower(t)
	}
	var d delta
	listed, known := t.lists(&which.known), which.known[0] != 0
	if t.value > which.highest {
		d = which.rise(t)
	} else {
		which.list(&t.listing)
	}
	switch {
	case !t.workers || !t.created || d.refused != "":
	case listed:
		d.noted = e.isThere(which)
	case known && t.proves():
		which.takeOver(others)
		d.noted = true
	}
	return d
}

// of returns the epoch, of this and its siblings, that the total belongs to; nil
// for none. Without proof that is the one with the highest total, and others are those that it can
// belong to as well.
func (e *epoch) of(t *total) (best *epoch, others []*epoch) {
	several := t.restarts || t.workers
	if e.nextSibling() == nil && !several {
		return e, nil
	}
	displaced := false
	for s := e; s != nil; s = s.nextSibling() {
		displaced = displaced || t.workers && t.created && s.rareState != nil && t.lists(&s.replaced)
		switch {
		case t.lists(&s.known):
			return s, nil
		case s.highest > t.value || s.isGone() || several && t.isAnother(t.value, s):
		case best == nil:
			best = s
		case s.highest > best.highest:
			best, others = s, append(others, best)
		default:
			others = append(others, s)
		}
	}
	if displaced {
		return nil, nil
	}
	return best, others
}

// isAnother reports whether that total is certainly none of the epoch. Client libraries list
// the newest occurrences, some the first.
func (l *listing) isAnother(total uint64, e *epoch) bool {
	switch {
	case !l.proves() || e.known[0] == 0 || l.lists(&e.known):
		return false
	case total < e.highest: // said before what is known
		return e.newest != 0 && l.newest > e.newest
	}
	return uint64(len(l.hashes)) == total || l.oldest != 0 && l.oldest < e.newest
}

// rise takes in a higher total.
func (e *epoch) rise(t *total) delta {
	from := max(e.highest, t.base)
	if t.value > from && !possible(t.value-from, t.within) {
		return delta{refused: ImpossibleTotal}
	}
	if e.rareState != nil && e.unread {
		e.list(&t.listing)
		e.unread, e.highest, e.baseline = false, t.value, t.value
		return delta{history: t.value}
	}
	if e.rareState != nil && t.unnamed && !t.proves() {
		from = max(from, e.afterFall(from, t.value))
	}
	var d delta
	if e.rareState != nil && e.unstable {
		d.doubt = TotalWavers
	}
	if t.value > from {
		d.increment = t.value - from
	}
	e.list(&t.listing)
	e.highest = t.value
	return d
}

// afterFall returns from where a rise is counted that passes the total from which the
// epoch fell. If most of the rise lies below that total, it is the return of what was
// there before, such as another process behind a load balancer, and not growth.
//
// For 1000, 10, 1001: the fall to 10 is taken for a restart and counts 10; the rise
// to 1001 returns over 990 to 1000 and counts 1. For 43, 42, 44: a process that
// restarted passes 43 by itself, and 2 are counted.
func (e *epoch) afterFall(from, value uint64) uint64 {
	peak := e.peak
	if from >= peak || value < peak {
		return from
	}
	if peak-from > value-peak {
		e.unstable = true
	}
	if e.unstable {
		return peak
	}
	return from
}

// takeLower takes in a total that is lower than the known ones that it could belong to,
// and lists no occurrence of them.
func (e *epoch) takeLower(t *total) delta {
	switch {
	case t.restarts && t.proves():
		return e.successor(t)
	case t.unnamed:
		return e.restart(t)
	case t.workers && t.proves():
		return e.worker(t)
	}
	return delta{refused: TotalFell}
}

// restart takes in the lower total of an anonymous epoch without occurrences.
func (e *epoch) restart(t *total) delta {
	r := e.rare()
	if r.unstable {
		return delta{refused: TotalFell, doubt: TotalWavers}
	}
	r.peak = max(r.peak, e.highest)
	e.highest = t.value
	return delta{increment: t.value}
}

// successor takes in the lower total of another process at the address of an anonymous
// one. If it began after the last answer, all of it is news; else it was there before,
// unseen, and what it lists from the time of the watch is.
func (e *epoch) successor(t *total) delta {
	seen := e.rareState != nil && t.lists(&e.replaced)
	e.addSibling(t)
	switch {
	case seen: // and counted, as far as it can be known
		return delta{refused: TotalFell, doubt: TotalWavers}
	case t.oldest >= t.before-int64(time.Second): // whole seconds can be cut
		return delta{increment: t.value}
	}
	news := uint64(0)
	for _, at := range t.times {
		if at >= t.since {
			news++
		}
	}
	news = min(news, t.value)
	return delta{increment: news, history: t.value - news, doubt: TotalWavers}
}

// maxSiblings bounds the siblings of an epoch: more than a server has workers that raise the
// same exception first within one second.
const maxSiblings = 32

// addSibling adds a sibling to this epoch, in place of the one that was reported longest
// ago when there are too many.
func (e *epoch) addSibling(t *total) {
	added := &epoch{highest: t.value, reported: e.reported}
	added.list(&t.listing)
	if next := e.nextSibling(); next != nil {
		added.rare().sibling = next
	}
	e.rare().sibling = added
	last := added
	for n := 1; last.nextSibling() != nil; n++ {
		if n == maxSiblings {
			last.sibling = nil
			return
		}
		last = last.sibling
	}
}

// list notes the occurrences that the client lists now.
func (e *epoch) list(l *listing) {
	if l.proves() {
		if e.known[0] != 0 && !l.lists(&e.known) && (e.rareState == nil || !e.takenOver) {
			e.rare().replaced, e.replacedAt = e.known, e.highest
		}
		e.known = l.kept()
	}
	e.newest = max(e.newest, l.newest)
}
