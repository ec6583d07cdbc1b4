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
	// Publish receives all services, sorted by name, whenever a target, a problem or
	// a count of one of them has changed. A target that has not changed is the same
	// pointer as before. It is called by the goroutine of Run only; what it is given
	// may be kept, and not be modified. Required.
	Publish func([]periskop.ServiceTargets)
	// Registerer takes the metrics of Prometheus' service discovery, once. Nil means
	// nowhere.
	Registerer prometheus.Registerer
	// Logger is told of problems when they begin and when they end. Nil means
	// discard.
	Logger *slog.Logger
}

// A Service says where the targets of one service come from, and what a target is
// when neither discovery nor relabelling says otherwise. It is not changed once it
// has been applied.
type Service struct {
	Name    string
	Configs promdiscovery.Configs
	Relabel []*relabel.Config
	// Scheme of the targets. Empty means http.
	Scheme string
	// Path is the endpoint.
	Path string
	// Params are the query parameters.
	Params   url.Values
	Interval time.Duration
	Timeout  time.Duration
}

// A Discovery keeps the targets of all services. Its methods are safe for concurrent
// use.
type Discovery struct {
	publish func([]periskop.ServiceTargets)
	logger  *slog.Logger
	manager *promdiscovery.Manager
	api     *apiServer
	// cancel ends the manager, and all discoverers with it.
	cancel  context.CancelFunc
	runs    sync.WaitGroup // the sources that are running
	changed chan struct{}  // of capacity 1: there is something to publish
	ready   chan struct{}

	applying sync.Mutex // held through Apply, and when Run begins and ends
	state    state      // guarded by applying
	lastID   int        // guarded by applying

	rounds atomic.Pointer[[]periskop.Round]

	mu       sync.Mutex // guards services
	services []*service // by name
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
		publish: o.Publish,
		logger:  o.Logger,
		changed: make(chan struct{}, 1),
		ready:   make(chan struct{}),
	}
	d.rounds.Store(&[]periskop.Round{})
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
	if d.api, err = newAPIServer(reg); err != nil {
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

// Apply makes services the ones whose targets are discovered. It is for the start and
// for every reload; before Run it only says with what Run begins.
//
// Discoverers whose configuration is in use already go on undisturbed. A service
// whose discoverers are new keeps the targets it had until they have answered, ten
// seconds at most. A configuration from which no discoverer can be made is not an
// error but a problem of its services.
//
// An error means that two services have one name, or that a relabelling rule is not
// valid; then nothing has changed.
func (d *Discovery) Apply(services []Service) error {
	checked, err := newServices(services)
	if err != nil {
		return err
	}
	d.applying.Lock()
	defer d.applying.Unlock()
	d.assignSources(checked)
	d.mu.Lock()
	d.services = checked
	d.mu.Unlock()
	if d.state == running {
		d.applyToManager(checked)
	}
	return nil
}

// assignSources gives each service a source for each of its configurations: the one
// that has an equal configuration, or a new one.
func (d *Discovery) assignSources(services []*service) {
	var known []*source
	for _, s := range d.snapshot() {
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

func (d *Discovery) applyToManager(services []*service) {
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

func (d *Discovery) snapshot() []*service {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.services
}

// wake makes Run publish before long. It does not block.
func (d *Discovery) wake() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}
