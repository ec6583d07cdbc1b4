package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promdiscovery "github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Options are what a Discovery is made of.
type Options struct {
	// Publish receives what was found whenever a service, a target, a problem or a count
	// has changed. A target that has not changed is the same pointer as before. It is
	// called by the goroutine of Run only; what it is given may be kept, and not be
	// modified. Required.
	Publish func(periskop.Found)
	// CheckName says what is wrong with the name of a service that a label of a target
	// has, or returns nil. Nil accepts all.
	CheckName func(name string) error
	// Known are the services that labels of targets named when the program ended. They
	// stay admitted.
	Known []NamedService
	// Registerer takes the metrics of Prometheus' service discovery, once. Nil means
	// nowhere.
	Registerer prometheus.Registerer
	// Logger is told of problems when they begin and when they end. Nil means
	// discard.
	Logger *slog.Logger
}

// A NamedService is a service that is there because labels of targets name it.
type NamedService struct {
	Name string
	// Block names the one whose settings are those of the service as a whole.
	Block string
	// Latest is when it had a target last.
	Latest time.Time
}

// Settings are what is discovered.
type Settings struct {
	// Services are in the order of the file, which says whose settings count when
	// several find targets of a service that none of them is named after.
	Services []Service
	// Limit is how many services there are at most, and Retention how long one without
	// targets stays that labels named. The services of the file are always admitted. Zero
	// means no limit, and not to stay.
	Limit     int
	Retention time.Duration
}

// A Service says where the targets of one service come from, and what a target is
// when neither discovery nor relabelling says otherwise. It is not changed once it
// has been applied. A target whose label service_name is not empty belongs to the
// service of that name instead.
type Service struct {
	Name string
	// FixedName is for targets that are no services': the label changes nothing, and
	// does not count to the limit.
	FixedName bool
	Configs   promdiscovery.Configs
	Relabel   []*relabel.Config
	// Scheme of the targets. Empty means http.
	Scheme string
	// Path is the endpoint.
	Path string
	// Params are the query parameters.
	Params   url.Values
	Interval time.Duration
	Timeout  time.Duration
	// TargetLimit is how many targets are scraped at most of those that are found. Zero
	// means no limit.
	TargetLimit int
}

// A Discovery keeps the targets of all services. Its methods are safe for concurrent
// use.
type Discovery struct {
	publish   func(periskop.Found)
	checkName func(string) error
	known     []NamedService
	logger    *slog.Logger
	manager   *promdiscovery.Manager
	api       *apiServerHealth
	// cancel ends the manager, and all discoverers with it.
	cancel  context.CancelFunc
	runs    sync.WaitGroup // the sources that are running
	changed chan struct{}  // of capacity 1: there is something to publish
	ready   chan struct{}

	applying sync.Mutex // held through Apply, and when Run begins and ends
	state    state      // guarded by applying
	lastID   int        // guarded by applying

	rounds atomic.Pointer[[]periskop.Round]

	mu       sync.Mutex           // guards the fields below
	services []*configuredService // by name
	limits   limits
}

type state int

const (
	waiting state = iota
	running
	ended
)

// New returns a Discovery without services, which does nothing before Run. It fails
// when the metrics cannot be registered.
func New(o Options) (*Discovery, error) {
	d := &Discovery{
		publish:   o.Publish,
		checkName: o.CheckName,
		known:     o.Known,
		logger:    o.Logger,
		changed:   make(chan struct{}, 1),
		ready:     make(chan struct{}),
	}
	d.rounds.Store(&[]periskop.Round{})
	if d.checkName == nil {
		d.checkName = func(string) error { return nil }
	}
	if d.logger == nil {
		d.logger = slog.New(slog.DiscardHandler)
	}
	reg := o.Registerer
	if reg == nil {
		reg = prometheus.NewRegistry()
	}
	metrics, err := promdiscovery.CreateAndRegisterSDMetrics(reg)
	if err != nil {
		return nil, fmt.Errorf("register the metrics of service discovery: %w", err)
	}
	if d.api, err = newAPIServerHealth(reg); err != nil {
		return nil, fmt.Errorf("register the metrics of the Kubernetes client: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	// Sources have a logger of their own, and report what cannot be created. The name
	// is the one that dashboards for Prometheus look for.
	d.manager = promdiscovery.NewManager(ctx, slog.New(slog.DiscardHandler), reg, metrics, promdiscovery.Name("scrape"))
	if d.manager == nil {
		cancel()
		return nil, errors.New("register the metrics of the discovery manager")
	}
	return d, nil
}

// Apply makes the services of s the ones whose targets are discovered. It is for the
// start and for every reload; before Run it only says with what Run begins.
//
// Discoverers whose configuration is in use already go on undisturbed. A service
// whose discoverers are new keeps the targets it had until they have answered, ten
// seconds at most; so does one that is gone while others have new discoverers, which may
// find its targets. A configuration from which no discoverer can be made is not an error
// but a problem of its services.
//
// An error means that two services have one name, or that a relabelling rule is not
// valid; then nothing has changed.
func (d *Discovery) Apply(s Settings) error {
	checked, err := newServices(s.Services)
	if err != nil {
		return err
	}
	d.applying.Lock()
	defer d.applying.Unlock()
	d.assignSources(checked)
	d.mu.Lock()
	d.services, d.limits = checked, limits{s.Limit, s.Retention}
	d.mu.Unlock()
	if d.state == running {
		d.applyToManager(checked)
	}
	return nil
}

// assignSources gives each service a source for each of its configurations: the one
// that has an equal configuration, or a new one. The caller holds applying.
func (d *Discovery) assignSources(services []*configuredService) {
	var known []*source
	before, _ := d.snapshot()
	for _, s := range before {
		known = append(known, s.sources...)
	}
	names := map[*source][]string{}
	for _, s := range services {
		for _, config := range s.Configs {
			config = numbered(config)
			i := slices.IndexFunc(known, func(k *source) bool { return reflect.DeepEqual(k.config, config) })
			if i < 0 {
				i = len(known)
				known = append(known, d.newSource(config))
			}
			if src := known[i]; !slices.Contains(s.sources, src) {
				s.sources = append(s.sources, src)
				names[src] = append(names[src], s.Name)
			}
		}
	}
	for src, users := range names {
		src.setServices(users)
	}
}

// newSource returns a source for a configuration. The caller holds applying.
func (d *Discovery) newSource(config promdiscovery.Config) *source {
	d.lastID++
	return &source{
		id:      d.lastID,
		config:  config,
		logger:  d.logger.With("discovery", config.Name()),
		changed: d.wake,
		runs:    &d.runs,
		logged:  make(chan struct{}, 1),
		groups:  map[string]*targetgroup.Group{},
	}
}

// applyToManager hands the sources to the manager, which starts and stops them. The caller
// holds applying.
func (d *Discovery) applyToManager(services []*configuredService) {
	configs := make(map[string]promdiscovery.Configs, len(services))
	for _, s := range services {
		configs[s.Name] = promdiscovery.Configs{}
		for _, src := range s.sources {
			configs[s.Name] = append(configs[s.Name], provider{src.id, src})
		}
	}
	// It never fails in this version of Prometheus; what cannot be created is known
	// to the sources.
	if err := d.manager.ApplyConfig(configs); err != nil {
		d.logger.Error("service discovery not applied", "err", err)
	}
	d.wake()
}

// Ready returns a channel that is closed when the first round is in and published:
// every discoverer of the services that Run began with has answered or failed once,
// or ten seconds have passed.
func (d *Discovery) Ready() <-chan struct{} { return d.ready }

// Rounds returns for each service of Apply, by name, how far its discovery has looked.
// It is cheap and never waits. What it tells belongs to what was published last: while
// Options.Publish runs, it still tells of the rounds before. So a target in what is
// published that was not there before was not there in the round that Last is of, and
// one that stays away has not been there up to what a later call says.
func (d *Discovery) Rounds() []periskop.Round { return *d.rounds.Load() }

func (d *Discovery) snapshot() ([]*configuredService, limits) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.services, d.limits
}

// wake makes Run publish before long. It does not block.
func (d *Discovery) wake() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}
