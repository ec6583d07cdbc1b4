package scrape

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	commonconfig "github.com/prometheus/common/config"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Options are what a Pool is made of.
type Options struct {
	// Begin is called for every scrape, failures included, from the loop of its
	// target: one at a time per target, concurrently for different ones. It knows the
	// target, the start and the head of the answer if there is one, and returns what takes
	// the rest in. The scrape may be kept. Required.
	Begin func(*periskop.Scrape) Intake
	// UserAgent is sent with every request. Empty means "periskop_exporter".
	UserAgent string
	// Logger is told of targets that go down and return. Nil means discard.
	Logger *slog.Logger
	// DialContext opens connections. Nil means the net package.
	DialContext commonconfig.DialContextFunc
}

// A Service says how the targets that one block of the file finds are scraped,
// whichever service they belong to.
type Service struct {
	Name string
	// HTTPClient is Prometheus' HTTP client configuration. Files that it names
	// are read when they are needed, and again when they change; as long as one
	// cannot be read, the scrapes of this service fail and say so.
	HTTPClient commonconfig.HTTPClientConfig
	// BodySizeLimit bounds an answer in bytes, after decompression. Zero means
	// no limit.
	BodySizeLimit int64
}

// A Pool scrapes all targets of all services. Its methods are safe for concurrent
// use.
type Pool struct {
	begin     func(*periskop.Scrape) Intake
	userAgent string
	logger    *slog.Logger
	dial      commonconfig.DialContextFunc
	streams   streams
	limits    memoryLimits
	gzips     sync.Pool // of *gzipBody

	// ctx ends with Run: the loops, and what they wait for, live within it.
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	// sorted are the loops by service, URL and instance.
	sorted atomic.Pointer[[]*loop]

	mu       sync.Mutex // guards the fields below
	running  bool
	services map[string]*service
	counts   map[string]counts // of the services in targets
	targets  []periskop.ServiceTargets
	loops    map[loopKey]*loop
}

// A service is what the loops share whose targets one block has found.
type service struct {
	digest   configDigest
	settings atomic.Pointer[settings]
	// left is set when Apply has not named it any more.
	left bool
}

// settings are replaced as a whole by a reload, and taken up by the next scrape.
type settings struct {
	client        *client
	bodySizeLimit int64
}

// A loopKey tells targets apart. Two targets with one URL are two when relabelling
// gave them two instances.
type loopKey struct {
	service, url, instance string
}

func (k loopKey) compare(o loopKey) int {
	return cmp.Or(
		strings.Compare(k.service, o.service),
		strings.Compare(k.url, o.url),
		strings.Compare(k.instance, o.instance),
	)
}

// New returns a Pool without services, which scrapes nothing before Run.
func New(o Options) *Pool {
	p := &Pool{
		begin:     o.Begin,
		userAgent: cmp.Or(o.UserAgent, "periskop_exporter"),
		logger:    o.Logger,
		dial:      o.DialContext,
		limits:    newMemoryLimits(),
		services:  map[string]*service{},
		counts:    map[string]counts{},
		loops:     map[loopKey]*loop{},
	}
	if p.logger == nil {
		p.logger = slog.New(slog.DiscardHandler)
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.sorted.Store(&[]*loop{})
	return p
}

// Run scrapes until ctx ends, then cancels the scrapes under way, waits for all
// loops and returns nil. A Pool runs once.
func (p *Pool) Run(ctx context.Context) error {
	p.start()
	<-ctx.Done()
	p.stop()
	return nil
}

func (p *Pool) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = true
	var waiting []*loop
	for _, l := range p.loops {
		waiting = append(waiting, l)
	}
	startAll(waiting)
}

func (p *Pool) stop() {
	p.mu.Lock()
	p.running = false // from here on nothing is added to what is waited for
	p.mu.Unlock()

	p.cancel()
	p.wg.Wait()

	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.services {
		s.settings.Load().client.retire()
	}
}

// Apply makes services, which have different names, the ones whose targets are scraped.
// It does no I/O. The targets of a service that is new are those of the latest
// SetTargets; those of one that is gone are scraped as before until the next SetTargets,
// as others may be about to find them. No target that stays is scraped anew: changed
// settings count from its next scrape on, and with unchanged ones a service keeps its
// connections.
func (p *Pool) Apply(services []Service) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.services
	p.services = make(map[string]*service, len(services))
	for _, s := range services {
		p.services[s.Name] = p.service(old[s.Name], s)
		p.services[s.Name].left = false
		delete(old, s.Name)
	}
	for name, s := range old {
		s.left = true
		p.services[name] = s
	}
	p.reconcile()
}

// service returns the service of s, which is old unless that is nil. The caller holds mu.
func (p *Pool) service(old *service, s Service) *service {
	digest := digestOf(&s.HTTPClient)
	if old == nil {
		old = &service{digest: digest}
		old.settings.Store(&settings{client: p.newClient(s), bodySizeLimit: s.BodySizeLimit})
		return old
	}
	was := old.settings.Load()
	if old.digest == digest {
		old.settings.Store(&settings{client: was.client, bodySizeLimit: s.BodySizeLimit})
		return old
	}
	old.digest = digest
	old.settings.Store(&settings{client: p.newClient(s), bodySizeLimit: s.BodySizeLimit})
	was.client.retire()
	return old
}

func (p *Pool) newClient(s Service) *client {
	return &client{
		service:   s.Name,
		config:    s.HTTPClient,
		userAgent: p.userAgent,
		dial:      p.dial,
		pool:      p.ctx,
		wg:        &p.wg,
	}
}

// SetTargets makes targets the ones that are scraped; their Interval is positive.
// It does not block and keeps targets, which must not change any more. New targets
// are started, missing ones stopped, and a target of the same service, URL and
// instance goes on at its pace, with its new settings from its next scrape on.
// How a target is scraped is a matter of the block that has found it, and of its service
// if it names none; it waits for Apply to name that. Of targets with one URL and one
// instance, the first is scraped. An answer that is being folded while its target is
// taken out is still folded.
func (p *Pool) SetTargets(targets []periskop.ServiceTargets) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.targets = targets
	p.reconcile()
}

// reconcile brings the loops in line with the services and the targets. The caller holds mu.
func (p *Pool) reconcile() {
	loops := make(map[loopKey]*loop, len(p.loops))
	counts := make(map[string]counts, len(p.targets))
	used := make(map[*service]bool, len(p.services))
	var added []*loop
	for _, st := range p.targets {
		counts[st.Service] = p.counts[st.Service]
		if counts[st.Service] == nil {
			counts[st.Service] = newCounts()
		}
		for _, t := range st.Targets {
			s, ok := p.services[cmp.Or(t.Block, st.Service)]
			key := loopKey{service: st.Service, url: t.URL, instance: t.Instance}
			if !ok || loops[key] != nil {
				continue
			}
			used[s] = true
			l := p.loops[key]
			if l == nil {
				l = newLoop(p, key, s, t, counts[st.Service])
				added = append(added, l)
			}
			l.retarget(s, t)
			loops[key] = l
		}
	}
	kept := 0
	for key, l := range p.loops {
		if loops[key] == nil {
			l.stop()
			continue
		}
		kept++
	}
	for name, s := range p.services {
		if s.left && !used[s] {
			s.settings.Load().client.retire()
			delete(p.services, name)
		}
	}
	changed := kept < len(p.loops) || kept < len(loops)
	p.loops, p.counts = loops, counts
	if p.running {
		startAll(added)
	}
	if changed { // sorting a large fleet costs more than all the rest
		p.publishLoops()
	}
}

// publishLoops makes the loops known to Health. The caller holds mu.
func (p *Pool) publishLoops() {
	sorted := make([]*loop, 0, len(p.loops))
	for _, l := range p.loops {
		sorted = append(sorted, l)
	}
	slices.SortFunc(sorted, func(a, b *loop) int { return a.key.compare(b.key) })
	p.sorted.Store(&sorted)
}

// Health returns what is known of every target, sorted by service, URL and
// instance. The slice is the caller's; what it points to must not be changed.
func (p *Pool) Health() []periskop.TargetHealth {
	loops := *p.sorted.Load()
	health := make([]periskop.TargetHealth, len(loops))
	for i, l := range loops {
		health[i] = l.health()
	}
	return health
}

// Counts returns how many scrapes of each service ended in each result. Every
// service that SetTargets named last is there with every result, from 0 on. The values
// of a service never fall as long as it is there. The maps are the caller's.
func (p *Pool) Counts() map[string]map[periskop.Result]uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[string]map[periskop.Result]uint64, len(p.counts))
	for name, c := range p.counts {
		all[name] = c.values()
	}
	return all
}
