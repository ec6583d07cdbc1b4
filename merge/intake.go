package merge

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// An Intake takes in an answer while it arrives: each aggregate as it passes, and then what
// came of the scrape. It is for one goroutine.
type Intake struct {
	state *State
	clean *cleaner
	// service is nil when it is not configured.
	service    *service
	endpoint   *endpoint
	generation uint64
	clock      clock // as far as it is known when an answer begins
	aggregates []receivedAggregate
	index      map[epochKey]int
	unreadable int
	keyText    int // how many bytes of keys were looked at
}

// Begin returns what takes in the answer to a scrape, of which the target, the start and the
// head of the answer are known.
func (s *State) Begin(sc *periskop.Scrape) *Intake {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	in := &Intake{state: s, clean: s.clean, service: s.configured(sc.Target.Service), index: map[epochKey]int{}}
	if in.service == nil {
		return in
	}
	in.endpoint = in.service.endpoint(addressOf(sc.Target))
	in.generation = in.endpoint.generation
	begun := *sc
	begun.Duration = s.own.now().Sub(sc.Start)
	in.clock = clockOf(&begun, now)
	return in
}

// Generation changes when something is forgotten that the target has told: it is then to tell
// all of it again, and not only what has changed.
func (in *Intake) Generation() uint64 { return in.generation }

// Take takes in an aggregate. Its occurrences are not used after it returns.
func (in *Intake) Take(a *periskop.Aggregate) {
	if in.service == nil {
		return
	}
	key := epochKey{id: newKeyID(in.service.name, a.Key), created: unixNano(a.CreatedAt)}
	at, ok := in.index[key]
	if !ok {
		at = len(in.aggregates)
		in.index[key] = at
		in.aggregates = append(in.aggregates, receivedAggregate{
			epoch: key, key: keptKey(a.Key), longKey: in.longKey(a.Key), severity: a.Severity, created: a.CreatedAt, firstSeen: a.FirstSeen,
		})
	}
	// Clients with keys that differ only in bytes that JSON cannot hold send several of one
	// epoch: they are added up.
	to := &in.aggregates[at]
	to.total = saturatingAdd(to.total, a.TotalCount)
	to.history = saturatingAdd(to.history, a.History)
	in.markWanted(to, a.TotalCount)
	if to.wanted {
		in.unreadable += to.decode([]periskop.RawOccurrences{a.Latest}, &in.clock, in.clean)
	}
}

// longKey is [cleaner.longKey], up to the bound for all keys.
func (in *Intake) longKey(key string) string {
	if in.keyText += min(len(key), lookedAt); len(key) > maxKey && in.keyText > maxKeyText {
		return endWithHash("", key, maxKey)
	}
	return in.clean.longKey(key)
}

// markWanted looks up what is known of the occurrences.
func (in *Intake) markWanted(a *receivedAggregate, total uint64) {
	in.state.mu.Lock()
	defer in.state.mu.Unlock()
	var p *process // the one that most likely answers; which one does, it says at the end
	if len(in.endpoint.processes) == 1 {
		p = in.endpoint.process
	}
	if total != a.total {
		p = nil
	}
	in.service.markWanted(a, p, in.state.settings.OccurrencesPerKey)
}

// Fold takes in how the scrape ended. Scrapes without a report, and those of services that are
// not configured, change nothing. When it returns, nothing of the scrape is in use any more, and
// what it told survives the end of the program. For that it waits for the store; when the store
// cannot be written, or does not answer for long, it returns all the same, and
// [State.StoreStatus] says so.
func (in *Intake) Fold(sc *periskop.Scrape) {
	s := in.state
	switch {
	case sc.Report == nil || in.service == nil:
		return
	case sc.Report.Processes != nil:
		s.foldProcesses(sc)
		return
	}
	for i := range sc.Report.Aggregates {
		in.Take(&sc.Report.Aggregates[i])
	}
	s.awaitClock(sc)
	r, known := s.report(sc)
	if r == nil {
		return
	}
	r.aggregates, r.unreadable = in.aggregates, r.unreadable+in.unreadable
	r.finish(in.clean, known)
	if s.fold(r) {
		s.writeEvents()
	}
}

// Fold takes in one scrape whose report has all aggregates: see [Intake.Fold].
func (s *State) Fold(sc *periskop.Scrape) {
	if sc.Report != nil {
		s.Begin(sc).Fold(sc)
	}
}

// report returns the report of a scrape without what was taken in of it, and whether its process
// is known; nil if the service is not configured. Its times are put on our clock as it is now: the
// difference between two readings of the monotonic clock is not touched when the clock is set.
func (s *State) report(sc *periskop.Scrape) (r *report, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	r = newReport(sc, now.Add(-s.own.now().Sub(sc.End())), s.clean)
	svc := s.configured(r.service)
	if svc == nil {
		return nil, false
	}
	r.group = s.clean.group(labelsOf(sc.Target.Labels, svc.settings.GroupBy))
	r.keeps = svc.settings.OccurrenceLabels
	r.groupKey, r.rules = svc.settings.Group, svc.rules
	r.labels = s.clean.group(labelsOf(sc.Target.Labels, r.keeps))
	svc.endpoint(r.address).checkDate(r, sc.Date)
	_, known = svc.processes[r.process]
	return r, known
}

// finish puts times on our clock, and redacts what is left to be redacted. It needs no lock.
func (r *report) finish(c *cleaner, known bool) {
	if r.pushed && !r.clock.known {
		r.clock.skew = r.newestAhead()
	}
	left := maxKeyText
	for i := range r.aggregates {
		r.aggregates[i].finish(r, c, &left)
	}
	r.doubtful = !known && r.isInTheFuture()
}

// maxKeyText is how many bytes of the keys of one report are looked at that are not known:
// those of ten thousand exceptions have less. Of those that follow a hash is kept, which bounds
// the time that it takes.
const maxKeyText = 4 << 20

func (a *receivedAggregate) finish(r *report, c *cleaner, left *int) {
	a.raw = a.key
	if !a.wanted {
		return
	}
	switch {
	case a.knownKey != "":
		a.key = a.knownKey
	case a.longKey != "":
		a.key = a.longKey
	case len(a.key) > *left:
		a.key = endWithHash("", a.key, maxKey)
	default:
		*left -= len(a.key)
		a.key = c.text(a.key)
	}
	for i := range a.occurrences {
		o := &a.occurrences[i]
		if o.Severity == "" {
			o.Severity = a.severity
		}
		if o.Instance == "" {
			o.Instance = r.instance
		}
		o.Labels = r.labelsOf(o)
		o.Timestamp = r.clock.ours(o.Timestamp)
	}
	a.assignGroup(r)
	if r.relayed { // they are those of all processes, and tell nothing of this one
		a.listing = listing{newest: a.newest, oldest: a.oldest}
		return
	}
	if a.isContradicted() {
		a.epoch.created = 0
	}
}

// newestAhead returns how far the newest occurrence lies in the future. A program that
// reports by itself does so after it happened: its clock is ahead by that much.
func (r *report) newestAhead() time.Duration {
	var newest int64
	for i := range r.aggregates {
		newest = max(newest, r.aggregates[i].newest)
	}
	if newest == 0 {
		return 0
	}
	return max(time.Unix(0, newest).Sub(r.end), 0)
}
