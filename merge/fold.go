package merge

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// OverflowKey is the key under which new keys are counted together once a service
// has as many as it may have.
const OverflowKey = "__overflow__"

// maxEpochsPerKey bounds what one process can make us remember: its epochs are at
// most that many times the keys that its service may have.
const maxEpochsPerKey = 10

// An arrival is an aggregate on its way into the state.
type arrival struct {
	combined
	clock    clock
	instance string
	// wanted is set when the occurrences are needed; kept are those that the key had
	// when that was decided, and full whether that was as many as are kept.
	wanted, full bool
	kept         []periskop.Occurrence
	// occurrences are the new ones, and newest the time of the newest of all that
	// were reported, as oldest is that of the oldest.
	occurrences    []periskop.Occurrence
	newest, oldest time.Time
}

// decode reads the occurrences that may be new. It needs no lock.
func (a *arrival) decode(c *cleaner) {
	if !a.wanted {
		return
	}
	found := c.decode(append(a.more, a.Latest), a.skip)
	for _, o := range found.Occurrences {
		if o.Severity == "" {
			o.Severity = a.Severity
		}
		if o.Instance == "" {
			o.Instance = a.instance
		}
		o.Timestamp = a.clock.ours(o.Timestamp)
		c.rest(&o)
		a.occurrences = append(a.occurrences, o)
	}
}

// skip reports whether an occurrence is kept already, or older than all that are.
func (a *arrival) skip(uuid string, reported time.Time) bool {
	at := a.clock.ours(reported)
	a.newest, a.oldest = later(a.newest, at), earlier(a.oldest, at)
	if a.full && at.Before(a.kept[len(a.kept)-1].Timestamp) {
		return true
	}
	for i := range a.kept {
		if a.kept[i].UUID == uuid {
			return true
		}
	}
	return false
}

// A folding is the taking in of one report.
type folding struct {
	service  *service
	settings *Settings
	ledgers  *ledgers
	target   *periskop.Target
	now      time.Time

	process *process
	changed bool // of the process
	group   periskop.Labels
	sight   firstSight // what all epochs of the report have in common
	before  time.Time  // when the process answered last
}

func (f *folding) fold(r *periskop.Report, arrivals []arrival) {
	s := f.service
	if s.watchedSince.IsZero() {
		s.watchedSince = f.now
		s.pending.services[s] = struct{}{}
	}
	f.enterProcess(r, arrivals)
	f.group = groupOf(f.target, s.settings.GroupBy)
	s.inconsistent(Malformed, r.Skipped)
	for i := range arrivals {
		f.foldAggregate(&arrivals[i])
	}
	f.process.restored = false
	f.process.touch(s.pending, f.changed)
}

// seenRefresh is how old the time at which a process was seen may get in the store
// before it is written again for no other reason: well below the time after which it
// is forgotten.
const seenRefresh = 10 * time.Minute

// touch makes the process be written if it has changed, or has not been for long.
func (p *process) touch(pending *pending, changed bool) {
	if changed || p.seen.Sub(p.durable) > seenRefresh {
		p.durable = p.seen
		pending.processes[p] = struct{}{}
	}
}

// enterProcess finds the process that reports, or notes that it is new.
func (f *folding) enterProcess(r *periskop.Report, arrivals []arrival) {
	s := f.service
	id := processID(&periskop.Scrape{Target: f.target, Report: r})
	p, known := s.processes[id]
	if !known {
		p = s.newProcess(id)
		p.byAddress = id == addressPrefix+f.target.URL
		if _, f.sight.returned = s.forgotten[id]; f.sight.returned {
			s.remember(id)
			p.floor = latestCreation(arrivals)
		}
	}
	f.process, f.before = p, p.seen
	p.seen = later(p.seen, f.now)
	p.reported = p.seen
	if before := s.addresses[f.target.URL]; before != p {
		if before != nil {
			p.discovered, before.discovered, before.kept = before.discovered, false, f.now
		}
		s.addresses[f.target.URL] = p
	}
	f.changed = !known || p.url != f.target.URL
	p.url = f.target.URL
	f.sight.knownProcess = known
	f.sight.watchedSince = s.watchedSince
	f.sight.floor = p.floor
}

// latestCreation returns the creation of the youngest epoch that is reported.
func latestCreation(arrivals []arrival) int64 {
	var latest int64
	for i := range arrivals {
		latest = max(latest, arrivals[i].epoch.created)
	}
	return latest
}

func (f *folding) foldAggregate(a *arrival) {
	s, p := f.service, f.process
	before, known := p.epochs[a.epoch]
	var (
		v       verdict
		highest = a.total
	)
	switch {
	case known:
		v, highest = judgeGrowth(before.highest, a.total, p.byAddress && a.epoch.created == 0)
	case len(p.epochs) >= maxEpochsPerKey*f.settings.KeysPerService:
		s.inconsistent(TooManyEpochs, 1)
		return
	default:
		v = f.judgeFirst(a)
	}
	f.changed = f.changed || !known || highest != before.highest
	p.epochs[a.epoch] = epoch{highest: highest, reported: f.now.Unix()}
	if v.fell {
		s.inconsistent(TotalFell, 1)
	}
	if known && v.increment == 0 {
		if e := s.byID[a.epoch.id]; e != nil { // those of another worker of a pre-fork server
			e.keepOccurrences(a.occurrences, f.settings.OccurrencesPerKey)
		}
		return
	}
	e := f.exceptionOf(a, v)
	if !known {
		s.hold(a.epoch.id)
	}
	if e == nil {
		return
	}
	if !known || e.firstSeen.IsZero() {
		e.firstSeen = earlier(e.firstSeen, f.firstSeen(a))
	}
	e.history = saturatingAdd(e.history, v.history)
	f.count(e, a, v)
	e.changed()
}

// judgeFirst judges the first total of an epoch.
func (f *folding) judgeFirst(a *arrival) verdict {
	sight := f.sight
	sight.created, sight.clock = a.CreatedAt, a.clock
	switch {
	case sight.isNews():
		return verdict{increment: a.total, history: a.History}
	case sight.returned:
		return verdict{} // it was history, or counted, before it was forgotten
	}
	return verdict{history: saturatingAdd(a.total, a.History)}
}

// firstSeen is when the epoch began, as far as it is known.
func (f *folding) firstSeen(a *arrival) time.Time {
	if first := a.clock.ours(a.FirstSeen); !first.IsZero() {
		return first
	}
	if created := a.clock.ours(a.CreatedAt); !created.IsZero() {
		return created
	}
	return earlier(f.now, a.oldest)
}

// lastSeen is when the newest occurrence was. Some clients keep the first
// occurrences and not the last: when none of them is newer than the last answer, the
// increment still is.
func (f *folding) lastSeen(a *arrival, v verdict) time.Time {
	switch {
	case v.increment > 0 && !f.before.IsZero() && a.newest.Before(f.before):
		return f.now
	case !a.newest.IsZero():
		return a.newest
	case v.increment == 0 && !a.CreatedAt.IsZero():
		return a.clock.ours(a.CreatedAt)
	}
	return f.now
}

// count adds what the verdict says to the exception and to the series behind it.
func (f *folding) count(e *exception, a *arrival, v verdict) {
	seen := f.lastSeen(a, v)
	e.lastSeen = later(e.lastSeen, seen)
	f.service.stir(e, v.increment, f.now, f.settings)
	if v.increment > 0 {
		e.grown = later(e.grown, f.now)
	} else {
		e.grown = later(e.grown, seen)
	}
	e.keepOccurrences(a.occurrences, f.settings.OccurrencesPerKey)

	c := e.countOf(f.group, a.Severity, f.settings.LabelLength, f.now)
	c.counted = saturatingAdd(c.counted, v.increment)
	if e.resolved != nil && v.increment > 0 {
		f.service.regressed(e, c, &f.ledgers.regressions, f.now)
	}
	if e.grown.Before(f.now.Add(-f.settings.SeriesRetention)) {
		return // history that is older than what is exposed
	}
	series := f.service.seriesOf(c, e, &f.ledgers.counts, f.now)
	if series == nil {
		return
	}
	series.add(v.increment, f.now)
	for i := range a.occurrences {
		series.sawOccurrence(a.occurrences[i].UUID, a.occurrences[i].Timestamp)
	}
}

// exceptionOf returns the exception that the aggregate counts for: that of its key,
// or, past the limit, the one in which keys are counted together. It returns nil for
// history past the limit, of which there is nothing to count.
func (f *folding) exceptionOf(a *arrival, v verdict) *exception {
	s := f.service
	if e := s.byID[a.epoch.id]; e != nil {
		return e
	}
	if s.makeRoom(f.settings.KeysPerService) {
		return s.add(newException(s, a.epoch.id, keptKey(a.Key), a, f.settings.LabelLength))
	}
	if v.increment == 0 {
		return nil
	}
	if _, ok := s.overflow[a.epoch.id]; !ok {
		s.overflow[a.epoch.id] = 0
	}
	id := newKeyID(s.name, OverflowKey)
	if e := s.byID[id]; e != nil {
		return e
	}
	return s.add(newException(s, id, OverflowKey, a, f.settings.LabelLength))
}

func (s *service) inconsistent(r Reason, n int) {
	if n > 0 {
		s.inconsistencies[r] = saturatingAdd(s.inconsistencies[r], uint64(n))
	}
}

// groupOf returns the target's labels that the service is grouped by.
func groupOf(t *periskop.Target, groupBy []string) periskop.Labels {
	var group periskop.Labels
	for _, l := range t.Labels {
		for _, name := range groupBy {
			if l.Name == name {
				group = append(group, l)
				break
			}
		}
	}
	return group
}
