package merge

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Options of a [State].
type Options struct {
	// Store makes the state durable. Nil keeps it in memory only.
	Store Store
	// Saved is what was durable when the program ended. Nil is nothing.
	Saved *Records
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Patience is how long to wait for a store that does not answer. Defaults to 5
	// seconds, half of Prometheus' default scrape timeout.
	Patience time.Duration
	// Settings are those to begin with.
	Settings Settings
}

// Settings are what can change while the state is in use: see [State.Configure].
type Settings struct {
	// Services are those that are shown and counted.
	Services []ServiceSettings
	// KeysPerService is how many keys of a service have series of their own.
	// Defaults to 2000, as in OpenTelemetry's cardinality limit.
	KeysPerService int
	// OccurrencesPerKey is how many occurrences are kept of each key. Defaults to 10,
	// as many as the client libraries keep.
	OccurrencesPerKey int
	// OccurrenceSize is how many bytes of text are kept of an occurrence. Defaults to
	// 256 kB: a request, and a stack trace of several thousand lines.
	OccurrenceSize int
	// LabelLength is how many bytes a label value has at most. Defaults to 256.
	LabelLength int
	// SeriesRetention is how long a key that does not grow stays in the exposition.
	// Defaults to 7 days.
	SeriesRetention time.Duration
	// ProcessRetention is how long a process is known that is neither discovered nor
	// answers. Defaults to 1 hour.
	ProcessRetention time.Duration
	// EpisodeQuiet is how long an exception must not grow for its [Episode] to end.
	// Defaults to 1 hour.
	EpisodeQuiet time.Duration
	// EpisodeLimit is how many episodes of a service within an hour are told of one by
	// one. Defaults to 20.
	EpisodeLimit int
	// Redact removes secrets from an occurrence before it is kept. Nil keeps all.
	// It is called concurrently.
	Redact func(*periskop.Occurrence)
}

// ServiceSettings are the settings of one service.
type ServiceSettings struct {
	Name string
	// GroupBy are the target labels that become labels of the service's series.
	GroupBy []string
	// Labels returns the labels under which a key is exposed, and false if it is not
	// exposed at all. Keys with equal labels share a series. Nil exposes nothing.
	Labels func(SeriesKey) (periskop.Labels, bool)
}

// A SeriesKey is what one series stands for.
type SeriesKey struct {
	Service string
	// Key is the aggregation key, cut to the length of a label value.
	Key   string
	ID    string
	Class string
	// Severity is empty for what concerns all severities of a key.
	Severity string
	Group    periskop.Labels
}

func (o *Settings) setDefaults() {
	setDefault(&o.KeysPerService, 2000)
	setDefault(&o.OccurrencesPerKey, 10)
	setDefault(&o.OccurrenceSize, 256<<10)
	setDefault(&o.LabelLength, 256)
	setDefault(&o.SeriesRetention, 7*24*time.Hour)
	setDefault(&o.ProcessRetention, time.Hour)
	setDefault(&o.EpisodeQuiet, time.Hour)
	setDefault(&o.EpisodeLimit, 20)
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// A State owns everything that is counted. Its methods are safe for concurrent use.
// Only those that say so wait for the store.
type State struct {
	store    Store
	now      func() time.Time
	patience time.Duration
	// committing holds one element while a commit is under way. It is filled before mu
	// is taken.
	committing chan struct{}

	mu sync.Mutex
	// The rest is guarded by mu.
	settings Settings
	clean    *cleaner            // of the settings
	services map[string]*service // also those that are not configured any more
	shown    []*service          // the configured ones, sorted by name
	ledgers  ledgers
	scrapers map[string]*scraper
	pending  *pending
	seen     map[string]int // for appendSeen; kept for its memory
	status   StoreStatus
}

// ledgers are what is exposed: the counts, and the regressions.
type ledgers struct {
	counts, regressions ledger
}

func newLedgers(p *pending) ledgers {
	return ledgers{
		counts:      ledger{pending: p, series: map[string]*series{}},
		regressions: ledger{pending: p, series: map[string]*series{}, regressions: true},
	}
}

func (l *ledgers) of(name SeriesName) *ledger {
	if name.Regressions {
		return &l.regressions
	}
	return &l.counts
}

func (l *ledgers) setGeneration(n uint64) { l.counts.generation, l.regressions.generation = n, n }

// nextGeneration returns the generation of the newest series, and makes those that come
// be of a later one.
func (l *ledgers) nextGeneration() uint64 {
	now := l.counts.generation
	if !l.counts.births && !l.regressions.births {
		return now - 1
	}
	l.counts.births, l.regressions.births = false, false
	l.setGeneration(now + 1)
	return now
}

// New returns a state that knows what was saved.
func New(o Options) *State {
	o.Settings.setDefaults()
	setDefault(&o.Patience, 5*time.Second)
	s := &State{
		store: o.Store, now: o.Now, patience: o.Patience, settings: o.Settings, committing: make(chan struct{}, 1),
		services: map[string]*service{}, scrapers: map[string]*scraper{}, pending: newPending(), seen: map[string]int{},
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.ledgers = newLedgers(s.pending)
	s.ledgers.setGeneration(1)
	if o.Saved != nil {
		s.load(o.Saved)
	}
	s.Configure(o.Settings)
	return s
}

// service returns the service of that name, which is made if there is none.
func (s *State) service(name string) *service {
	svc := s.services[name]
	if svc == nil {
		svc = newService(name, s.pending)
		s.services[name] = svc
	}
	return svc
}

// Configure replaces the settings. Nothing that was counted is lost: a service that
// is no longer configured is not shown, and goes on where it was when it comes
// back.
func (s *State) Configure(o Settings) {
	o.setDefaults()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = o
	s.clean = newCleaner(&o)
	s.ledgers.counts.orphan(now)
	s.ledgers.regressions.orphan(now)
	for _, svc := range s.shown {
		svc.shown = false
	}
	s.shown = nil
	for _, so := range o.Services {
		svc := s.service(so.Name)
		svc.configure(so, o.LabelLength, &s.ledgers, now)
		s.shown = append(s.shown, svc)
	}
	slices.SortFunc(s.shown, func(a, b *service) int { return strings.Compare(a.name, b.name) })
}

// Fold takes in one scrape. Scrapes without a report, and those of services that are
// not configured, change nothing. When it returns, nothing of the scrape is in use
// any more.
func (s *State) Fold(sc *periskop.Scrape) {
	if sc.Report == nil {
		return
	}
	arrivals, clean := s.arrivals(sc)
	for i := range arrivals {
		arrivals[i].decode(clean)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if svc := s.configured(sc.Target.Service); svc != nil {
		f := folding{service: svc, settings: &s.settings, ledgers: &s.ledgers, target: sc.Target, now: sc.End()}
		f.fold(sc.Report, arrivals)
	}
}

// arrivals returns the aggregates of the report, with those marked whose occurrences
// are worth decoding, and what decodes them: that is for the caller to do, without the
// lock.
func (s *State) arrivals(sc *periskop.Scrape) ([]arrival, *cleaner) {
	name := sc.Target.Service
	list := combine(sc.Report.Aggregates, func(key string) keyID { return newKeyID(name, key) })
	arrivals := make([]arrival, len(list))
	c := clockOf(sc)
	s.mu.Lock()
	defer s.mu.Unlock()
	svc := s.configured(name)
	for i := range list {
		arrivals[i] = arrival{combined: list[i], clock: c, instance: sc.Target.Instance}
		if svc != nil {
			svc.mark(&arrivals[i], processID(sc), s.settings.OccurrencesPerKey)
		}
	}
	return arrivals, s.clean
}

// configured returns the service if it is configured. The caller holds mu.
func (s *State) configured(name string) *service {
	if svc := s.services[name]; svc != nil && svc.shown {
		return svc
	}
	return nil
}

// Discovered tells which targets there are now, so that a process that is still
// discovered is not forgotten while it does not answer.
func (s *State) Discovered(services []periskop.ServiceTargets) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range services {
		if svc := s.configured(st.Service); svc != nil {
			svc.discovered(st.Targets, now)
		}
	}
}

// Maintain forgets what has been gone for longer than it is kept. It is to be called
// every few minutes.
func (s *State) Maintain() {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledgers.counts.expire(now, s.settings.SeriesRetention)
	s.ledgers.regressions.expire(now, s.settings.SeriesRetention)
	for _, svc := range s.services {
		svc.maintain(now, &s.settings)
	}
	s.forgetScrapers(now)
}

// Snapshot returns what pages show.
func (s *State) Snapshot() *Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshot()
}

func (s *State) snapshot() *Snapshot {
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
	return len(s.ledgers.counts.series)
}

// KeysPerService returns the limit of that name.
func (s *State) KeysPerService() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings.KeysPerService
}

// Resolve marks the exception as resolved, until its count grows: being reported
// still is no growth. It returns false when there is no such exception. To resolve
// one that is resolved replaces time and reason.
func (s *State) Resolve(id, reason string) bool {
	r := Resolution{At: s.now(), Reason: reason}
	return s.withException(id, func(svc *service, e *exception) { svc.resolve(e, r, &s.ledgers.regressions) })
}

// Reopen takes a resolution back. It returns false when there is no such exception.
func (s *State) Reopen(id string) bool {
	return s.withException(id, func(_ *service, e *exception) {
		e.resolved = nil
		e.changed()
	})
}

func (s *State) withException(id string, f func(*service, *exception)) bool {
	key, ok := parseKeyID(id)
	if !ok {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, svc := range s.shown {
		if e := svc.byID[key]; e != nil {
			f(svc, e)
			return true
		}
	}
	return false
}
