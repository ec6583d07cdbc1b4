package merge

import (
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// OverflowKey is the key under which new keys are counted together once a service
// has as many as it may have.
const OverflowKey = "__overflow__"

// maxEpochsPerKey bounds what one process can make us remember: its epochs are at
// most that many times the keys that its service may have.
const maxEpochsPerKey = 10

// A folding folds one report into a service. State.mu is held while it does.
type folding struct {
	service  *service
	settings *Settings
	counters *counterSets
	report   *report

	process  *process
	endpoint *endpoint
	changed  bool // of the process
	context  processContext
	previous *process // that answered at the endpoint before
	// renamed are the epochs that can go on under another name: see [folding.mayContinue]. It
	// is made when it is needed.
	renamed map[keyID][]*epoch
	// isNew are the epochs that this report told first.
	isNew map[epochKey]bool
	// continuedKeys are keys that show that the process goes on: see [folding.findContinued].
	continuedKeys []keyID
	// own and before are the epochs of the process and of the previous one, by key, made when
	// they are needed.
	own, before map[keyID][]epochKey
}

func (f *folding) fold() {
	s, r := f.service, f.report
	if s.watchedSince.IsZero() {
		s.watchedSince = r.end
		s.pending.services[s] = struct{}{}
	}
	f.enterProcess()
	s.inconsistent(Malformed, r.skipped)
	s.inconsistent(UnreadableTime, r.unreadable)
	for i := range r.aggregates {
		f.foldAggregate(&r.aggregates[i])
	}
	f.process.restored = false
	if s.block != s.name {
		r.block = s.block
	}
	if f.changed || len(r.changed) > 0 {
		s.pending.processes[f.process] = struct{}{}
		s.state.journal.answered(r)
	}
}

// enterProcess finds the process that reports, or notes that it is new.
func (f *folding) enterProcess() {
	s, r := f.service, f.report
	f.endpoint = s.endpoint(r.address)
	p, known := s.processes[r.process]
	f.context = processContext{known: known, pushed: r.pushed}
	r.clock.open = s.state.skews.open()
	if known {
		f.context.before = p.made
	} else {
		p = f.newProcess()
	}
	if known && !p.anonymous && f.endpoint.process == p && !f.endpoint.named {
		f.endpoint.named = true
		s.changedEndpoint(r.address)
	}
	if f.endpoint.fullAnswersLeft > 0 {
		f.endpoint.fullAnswersLeft--
		f.requestAll()
	}
	f.process = p
	p.seen = later(p.seen, r.end)
	p.made = later(p.made, r.made)
	if r.unchanged == 0 {
		p.complete = p.seen
	} else if !known { // it told what has changed since somebody else told the rest
		f.endpoint.generation = s.state.nextGeneration()
	}
	f.changed = f.endpoint.noteAnswer(p, r.end) || !known
	p.address, p.instance = r.address, r.instance
	if r.clock.known {
		p.skew, p.hasSkew = r.clock.skew, true
	}
	r.clock.zone = f.endpoint.zone
	f.recall(known)
	if !known {
		f.inheritEpochs()
	}
	s.limitProcesses(f.endpoint, f.settings.ProcessesPerTarget, r.end)
}

// recall notes what was known when the answer came. In a replay it restores that from the
// event, because answers that told nothing new have no events.
func (f *folding) recall(known bool) {
	r := f.report
	if c := r.context; r.redone {
		f.context.known, f.context.before, r.clock.zone, r.clock.open = c.Known, c.Before, c.Zone, c.Open
		if c.Unchanged {
			r.unchanged = 1
		}
		if !known {
			f.process.since = c.Since
			f.previous = f.service.processes[c.Previous]
			f.context.succeeds = f.previous != nil
		}
		return
	}
	r.context = AnswerContext{Known: f.context.known, Before: f.context.before, Since: f.process.since, Zone: r.clock.zone, Open: r.clock.open, Unchanged: r.unchanged > 0}
	if f.previous != nil {
		r.context.Previous = f.previous.ID
	}
}

// newProcess notes a process that is not known, or was forgotten.
func (f *folding) newProcess() *process {
	s, r := f.service, f.report
	before := f.endpoint.process
	p := s.newProcess(r.process, r.address)
	p.since = s.newsSince(f.endpoint, r)
	if before != nil && !p.anonymous {
		f.context.succeeds, f.context.before, f.previous = true, before.made, before
	}
	if q := s.state.moved(p); q != nil && !r.redone {
		f.move(p, q)
	}
	if at, returned := s.forgotten[p.ID]; returned {
		f.context.returned = true
		s.remember(p.ID)
		p.floor = r.clock.theirs(at) // what is younger was not told before
	}
	return p
}

func (f *folding) foldAggregate(a *receivedAggregate) {
	s, p := f.service, f.process
	if f.isMadeUp(a) {
		a.epoch.created = 0
	}
	e, known := p.epochs[a.epoch]
	if known {
		e.markApart()
	}
	var (
		d       delta
		highest uint64
	)
	switch {
	case known:
		other, doubt := f.otherEpoch(e, a)
		if other != nil {
			e = other
		}
		highest = e.highest
		if d = f.grow(e, a); other != nil {
			d.doubt = doubt
		}
	default:
		f.limitEpochs()
		e, d = f.takeFirstTotal(a)
	}
	s.inconsistent(d.refused, 1)
	f.doubt(d.doubt)
	if e == nil {
		return
	}
	if known {
		f.learnCreation(e, a, d)
		d.increment = saturatingAdd(d.increment, f.release(e, a))
	}
	e.reported, e.severity = f.report.end.Unix(), severityOf(a.severity)
	s.state.index(p, e, a.indexed)
	moved := f.regroup(a)
	if !known || e.highest != highest || d != (delta{}) || moved {
		f.report.changed = append(f.report.changed, a)
	}
	if known && d == (delta{refused: d.refused, doubt: d.doubt, noted: d.noted}) && !moved {
		if x := s.exceptionFor(a.epoch.id); x != nil { // those of another worker of a pre-fork server
			x.keepOccurrences(a.occurrences, f.settings.OccurrencesPerKey)
		}
		return
	}
	f.changed = true
	f.apply(a, d, !known)
}

// grow compares the total of a known epoch with those before.
func (f *folding) grow(e *epoch, a *receivedAggregate) delta {
	a.indexed = e.indexed()
	if a.total == e.highest && e.nextSibling() == nil && !a.wanted && !e.isRebased() {
		return delta{}
	}
	t := f.total(a)
	if t.workers && (a.total < e.highest || e.nextSibling() != nil || !a.meets(e)) {
		s := f.firstTotalOf(a)
		n, _ := s.news()
		t.news = n > 0
	}
	before := e.highest
	d := e.grow(&t)
	if e.highest != before {
		f.changed = true
		f.service.changedShared(e)
	}
	return d
}

func (f *folding) total(a *receivedAggregate) total {
	p, r := f.process, f.report
	return total{
		value: a.total, listing: a.listing, base: a.base,
		within: r.end.Sub(f.context.before), before: r.clock.theirs(f.context.before), since: r.clock.theirs(p.since),
		restarts: p.anonymous && a.epoch.created == 0,
		unnamed:  p.anonymous && a.created.IsZero(),
		workers:  !p.anonymous && a.epoch.wholeSeconds(), created: a.epoch.created != 0,
	}
}

func (f *folding) firstTotalOf(a *receivedAggregate) firstTotal {
	f.context.floor = f.process.floor
	return firstTotal{
		created: a.created, credible: a.epoch.created != 0 && !f.report.doubtful && f.report.clock.credible(a.created),
		clock: &f.report.clock, since: f.process.since, process: f.context,
		listing: &a.listing, total: a.total, others: f.report.aggregates,
	}
}

// takeFirstTotal takes in the first total of an epoch. It returns no epoch for one that
// cannot be.
func (f *folding) takeFirstTotal(a *receivedAggregate) (*epoch, delta) {
	if d, e := f.sameAsKnown(a); e != nil {
		f.process.epochs[a.epoch] = e
		return e, d
	}
	f.learnCreation(nil, a, delta{})
	s := f.firstTotalOf(a)
	news := f.news(&s)
	if a.total > maxRise || news > 0 && !possible(a.total, f.lifetime(&s)) {
		f.process.epochs[a.epoch] = refusedEpoch(news)
		f.report.changed = append(f.report.changed, a)
		return nil, delta{refused: ImpossibleTotal}
	}
	if f.report.relayed {
		news = f.relayedNews(a, news)
	}
	if a.base > 0 { // told by another service, whose watch on it began before
		news = a.total - min(a.total, a.base)
	}
	d := delta{increment: news, history: saturatingAdd(a.total-news, a.history)}
	if news == 0 && (f.context.returned || s.credible && s.created.UnixNano() <= f.context.floor) {
		d.history = 0 // it was history, or counted, before it was forgotten
	}
	e := &epoch{highest: a.total, baseline: a.total - news}
	e.list(&a.listing)
	f.holdBack(e, a, &d)
	f.process.epochs[a.epoch] = e
	if f.isNew == nil {
		f.isNew = map[epochKey]bool{}
	}
	f.isNew[a.epoch] = true
	if f.process.anonymous && a.epoch.created != 0 {
		f.service.anonymous[a.epoch] = f.process
	}
	return e, d
}

// relayedNews returns how much of a first total that an exporter relays is news. If that
// exporter was asked before, it is what the exporter counted. If the address is known here, the
// time of creation decides as well: the process may have moved to that exporter just now, which
// could not know that it was watched here.
func (f *folding) relayedNews(a *receivedAggregate, byTime uint64) uint64 {
	counted := a.total - min(a.total, a.baseline)
	switch {
	case f.context.known || f.previous != nil:
		if f.report.relayedBefore {
			return max(byTime, counted)
		}
		return byTime
	case f.report.relayedBefore:
		return counted
	}
	return min(byTime, counted)
}

// news returns how much of a first total is news, and notes what is odd about the times
// of the target.
func (f *folding) news(s *firstTotal) uint64 {
	n, zone := s.news()
	switch {
	case zone != 0:
		f.endpoint.zone = zone
		f.service.changedEndpoint(f.report.address)
		f.doubt(LocalTime)
	case !s.credible && !s.created.IsZero():
		f.doubt(IncredibleTime)
	}
	return min(n, s.total)
}

// lifetime is how long the epoch can have existed.
func (f *folding) lifetime(s *firstTotal) time.Duration {
	if s.credible {
		return f.report.end.Sub(f.report.clock.ours(s.created))
	}
	if f.context.known {
		return f.report.end.Sub(f.context.before)
	}
	return f.report.end.Sub(s.since)
}

// limitEpochs forgets the epochs that were reported longest ago when the process has too
// many. They do not count again.
func (f *folding) limitEpochs() {
	p := f.process
	limit := maxEpochsPerKey * f.settings.KeysPerService
	if len(p.epochs) < limit {
		return
	}
	f.service.inconsistent(TooManyEpochs, f.service.dropEpochs(p, len(p.epochs)-limit+1+limit/10))
}

// doubt notes why the target is doubtful.
func (f *folding) doubt(r Reason) {
	if r == "" {
		return
	}
	f.endpoint.doubt, f.endpoint.doubtAt = r, f.report.end
	f.service.inconsistent(r, 1)
}

func (s *service) inconsistent(r Reason, n int) {
	if n > 0 && r != "" {
		s.inconsistencies[r] = saturatingAdd(s.inconsistencies[r], uint64(n))
	}
}

// labelsOf returns those of the labels that have one of the names.
func labelsOf(all periskop.Labels, names []string) periskop.Labels {
	var list periskop.Labels
	for _, l := range all {
		if slices.Contains(names, l.Name) {
			list = append(list, l)
		}
	}
	return list
}
