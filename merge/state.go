package merge

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Options of a [State].
type Options struct {
	// Store makes the state durable. Nil keeps it in memory only.
	Store Store
	// Saved is what was durable when the program ended. Nil is nothing.
	Saved *Saved
	// ExportQueue takes the occurrences that are counted while [Settings] say so. Nil is none.
	ExportQueue ExportQueue
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Elapsed is a clock that nobody sets, by which it is found out when Now was set.
	// Defaults to the monotonic clock of the system; with another Now, to that.
	Elapsed func() time.Duration
	// Stepped is called when the clock was found to have been set by that much. It must
	// not call the state. Nil tells nobody.
	Stepped func(by time.Duration)
	// ClockTimeout is how long a new process waits after a start for those that are known, by
	// which it is found out whether our clock was set before. Without, it does not wait.
	ClockTimeout time.Duration
	// StoreTimeout is how long to wait for a store that does not answer. Defaults to 5
	// seconds, half of Prometheus' default scrape timeout.
	StoreTimeout time.Duration
	// ServiceLabel is the label that names the service of a series.
	ServiceLabel string
	// NewSeriesDelay is for how long a new series is shown at zero at least, from when it
	// was first scraped. Without it, that is as long as the longest interval of those who
	// scrape, up to 2 minutes.
	NewSeriesDelay time.Duration
	// Settings are those to begin with.
	Settings Settings
}

// A State owns everything that is counted. Its methods are safe for concurrent use.
// Only those that say so wait for the store.
type State struct {
	store        Store
	exportQueue  ExportQueue
	storeTimeout time.Duration
	stepped      func(by time.Duration)
	// clockTimeout is that of the options.
	clockTimeout time.Duration
	// writing is the slot for writing: it holds one element while something is being
	// written. Whoever needs both takes the slot before mu.
	writing chan struct{}

	// mu guards the rest, and all that is reached from there: services, processes,
	// endpoints, epochs, exceptions, members, counter sets, scrapers and the pending
	// changes. The methods of those types expect mu to be held. The methods of State that
	// expect it say so. It is never held during I/O.
	mu       sync.Mutex
	own      ownClock
	settings Settings
	clean    *cleaner            // of the settings
	services map[string]*service // also those that are not configured any more
	shown    []*service          // the configured ones, sorted by name
	rounds   map[string]*round   // by discovery
	counters counterSets
	exposure *exposure
	seen     map[labelsKey]int // for appendSeen; kept for its memory

	generation uint64 // the last one of an endpoint
	// muteEnds is when the first mute ends that has a time for it; zero for none, or earlier.
	muteEnds time.Time

	recent   *Snapshot // nil for none
	recentAt time.Duration

	decided decisionLog
	awaited awaitedDecisions

	processes   processIndex
	occurrences occurrenceIndex
	sharers     map[uint64][]*process // of shared epochs
	lastShared  uint64
	skews       skews

	pending      *pending
	journal      journal
	exportBuffer exportBuffer
	journaled    int64 // bytes of the journal since the last commit
	unsynced     bool  // some of them were not synced
	committed    time.Time
	large        time.Duration // when the last large commit was, by the clock that nobody sets
	releasesLeft int           // how often its memory is still given back
	failed       time.Time     // when the store failed last
	status       StoreStatus
}

// counterSets are the counters that are exposed: of exceptions, and of regressions.
type counterSets struct {
	counts, regressions counterSet
}

func newCounterSets(p *pending, e *exposure) counterSets {
	return counterSets{
		counts:      counterSet{pending: p, exposure: e, series: map[labelsKey]*series{}},
		regressions: counterSet{pending: p, exposure: e, series: map[labelsKey]*series{}, regressions: true},
	}
}

func (sets *counterSets) of(name SeriesName) *counterSet {
	if name.Regressions {
		return &sets.regressions
	}
	return &sets.counts
}

// New returns a state that knows what was saved.
func New(o Options) *State {
	o.Settings.setDefaults()
	setDefault(&o.StoreTimeout, 5*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if now, start := o.Now, o.Now(); o.Elapsed == nil {
		o.Elapsed = func() time.Duration { return now().Sub(start) }
	}
	s := &State{
		store: o.Store, exportQueue: o.ExportQueue, storeTimeout: o.StoreTimeout, stepped: o.Stepped, settings: o.Settings, writing: make(chan struct{}, 1),
		own:      newOwnClock(o.Now, o.Elapsed),
		services: map[string]*service{}, rounds: map[string]*round{},
		seen: map[labelsKey]int{}, processes: processIndex{}, occurrences: occurrenceIndex{}, sharers: map[uint64][]*process{},
		pending: newPending(), skews: skews{done: make(chan struct{})}, clockTimeout: o.ClockTimeout,
	}
	s.committed = s.own.wall
	s.exposure = newExposure(&o, s.pending, &s.journal)
	s.counters = newCounterSets(s.pending, s.exposure)
	if o.Saved == nil {
		o.Saved = &Saved{}
	}
	s.load(&o.Saved.Records)
	s.journal.seq = o.Saved.Seq
	s.journal.off = true
	s.Configure(o.Settings)
	s.resumeExport(o.Saved)
	s.replay(o.Saved.Events)
	if len(o.Saved.Events) > 0 {
		s.committed = time.Time{} // what was done again is to be written soon
	}
	s.recoverLost(o.Saved)
	s.restored(o.Saved.Alive)
	return s
}

// restored prepares what was restored for going on now. Only New calls it.
func (s *State) restored(alive time.Time) {
	now := s.own.wall
	for _, svc := range s.services {
		for _, p := range svc.processes {
			// It has as much time to answer as one that was seen just now: nothing is
			// written as long as nothing changes.
			p.kept = now
			p.restored = true
			s.skews.expect(p)
		}
	}
	for _, r := range s.rounds {
		if !r.stalled {
			r.last = later(r.last, alive)
		}
	}
	if !s.skews.open() { // else what seems to be the future may be the past
		s.capFutureTimes()
	}
}

// sooner returns t, or now if that is earlier: a watch does not begin in the future.
func sooner(t, now time.Time) time.Time {
	if t.After(now) {
		return now
	}
	return t
}

// nextGeneration returns a generation that no endpoint had. The caller holds mu.
func (s *State) nextGeneration() uint64 {
	s.generation++
	return s.generation
}

// service returns the service of that name, which is made if there is none. The caller holds mu.
func (s *State) service(name string) *service {
	svc := s.services[name]
	if svc == nil {
		svc = newService(name, s)
		s.services[name] = svc
	}
	return svc
}

// Configure replaces the settings. Nothing that was counted is lost: a service that
// is no longer configured is not shown, and goes on where it was when it comes
// back.
func (s *State) Configure(o Settings) {
	o.setDefaults()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	labelLength := s.settings.LabelLength
	s.settings, s.recent = o, nil
	s.clean = newCleaner(&o)
	for _, svc := range s.services { // what is kept of occurrences may be another part now
		for _, e := range svc.endpoints {
			e.generation = s.nextGeneration()
		}
	}
	before := make(map[*service]bool, len(s.shown))
	for _, svc := range s.shown {
		svc.shown = false
		before[svc] = true
	}
	s.shown = make([]*service, 0, len(o.Services))
	var changed []ServiceSettings
	stays := make(map[string]bool, len(o.Services)) // as it was
	for _, so := range o.Services {
		svc := s.service(so.Name)
		svc.shown, svc.hidden = true, time.Time{}
		if !before[svc] {
			s.decided.addAll(svc)
		}
		if svc.block != so.Block {
			svc.block = so.Block
			s.pending.services[svc] = struct{}{}
		}
		if so.Revision != nil && so.Revision == svc.settings.Revision && labelLength == o.LabelLength && before[svc] {
			stays[so.Name] = true
		} else {
			changed = append(changed, so)
		}
		s.shown = append(s.shown, svc)
	}
	for svc := range before {
		if !svc.shown {
			svc.hidden = now
			svc.settings = ServiceSettings{}
		}
	}
	slices.SortFunc(s.shown, func(a, b *service) int { return strings.Compare(a.name, b.name) })
	s.reconfigure(changed, stays, now)
}

// reconfigure gives services new settings. Their series become orphans, but for those that
// are adopted again, and so do those of services that are not configured any more.
// The caller holds mu.
func (s *State) reconfigure(changed []ServiceSettings, stays map[string]bool, now time.Time) {
	s.counters.counts.orphan(stays, now)
	s.counters.regressions.orphan(stays, now)
	for _, so := range changed {
		s.service(so.Name).configure(so, s.settings.LabelLength, &s.counters, now)
	}
	for _, svc := range s.shown {
		if stays[svc.name] {
			svc.adopt()
		}
	}
	s.pending.urgent = !s.pending.empty()
}

// fold takes in a report, and reports whether there is something to write.
func (s *State) fold(r *report) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc := s.configured(r.service)
	if svc == nil {
		return false
	}
	s.endMutes(r.end)
	s.findBases(r)
	if r.pushed {
		s.recent = nil
	}
	svc.fold(r, &s.settings, &s.counters)
	s.takeAwaited(r.end)
	if !r.relayed {
		s.bufferExport(r.candidates, s.journal.seq)
	}
	return len(s.journal.queue) > 0 || s.journal.overrun || len(s.exportBuffer.items) > 0
}

func (s *service) fold(r *report, settings *Settings, sets *counterSets) {
	f := folding{service: s, settings: settings, counters: sets, report: r}
	f.fold()
}

// configured returns the service if it is configured. The caller holds mu.
func (s *State) configured(name string) *service {
	if svc := s.services[name]; svc != nil && svc.shown {
		return svc
	}
	return nil
}

// Maintain forgets what has been gone for longer than it is kept. It is to be called
// every few minutes.
func (s *State) Maintain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	if s.skews.open() && s.own.elapsed() > longestOpen {
		s.settleClock()
	}
	s.counters.counts.expire(now, s.settings.SeriesRetention)
	s.counters.regressions.expire(now, s.settings.SeriesRetention)
	for _, svc := range s.services {
		svc.maintain(now, &s.settings)
		s.removeUnused(svc, now)
	}
	s.exposure.scrapers.maintain(now)
	s.pending.urgent = s.pending.urgent || s.pending.lost()
}

// removeUnused forgets a service that left the configuration and of which nothing is left.
// The caller holds mu.
func (s *State) removeUnused(svc *service, now time.Time) {
	if svc.shown || len(svc.processes)+len(svc.byID)+len(svc.forgotten) > 0 || now.Sub(svc.hidden) < s.settings.SeriesRetention {
		return
	}
	for address := range svc.endpoints {
		svc.removeEndpoint(address)
	}
	delete(s.services, svc.name)
	delete(s.pending.services, svc)
	s.pending.lostServices[svc.name] = struct{}{}
}

// Snapshot returns what pages show.
func (s *State) Snapshot() *Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshot()
}

// RecentSnapshot is Snapshot for many readers: it may return one that is younger than age, if
// nothing happened since that somebody waits to see: a decision, a push, a new configuration.
func (s *State) RecentSnapshot(age time.Duration) *Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.own.elapsed(); s.recent == nil || now-s.recentAt >= age {
		s.recent, s.recentAt = s.snapshot(), now
	}
	return s.recent
}

// snapshot makes what pages show. The caller holds mu.
func (s *State) snapshot() *Snapshot {
	s.endMutes(s.tick())
	snap := &Snapshot{Services: make([]*Service, len(s.shown))}
	for i, svc := range s.shown {
		snap.Services[i] = svc.snapshot()
	}
	return snap
}

// Series returns how many series [Exposition.Exceptions] has.
func (s *State) Series() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.counters.counts.series)
}

// KeysPerService returns the limit of that name.
func (s *State) KeysPerService() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings.KeysPerService
}

func (s *State) withException(id string, f func(*exception)) bool {
	key, ok := parseKeyID(id)
	if !ok {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, svc := range s.shown {
		if e := svc.exceptionFor(key); e != nil {
			f(e)
			s.recent = nil
			return true
		}
	}
	return false
}
