package peers

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// maxPeers is how many addresses are asked: far more than there are replicas of one exporter. A
// discovery that finds more finds something else.
const maxPeers = 32

// Options are what an [Exchange] is made of.
type Options struct {
	// Process names this process among those that are asked, and Replica this replica to people.
	Process, Replica string
	// Take takes in what a peer tells, and returns how many decisions were refused because they
	// are too far in the future. What is taken is durable when it returns. Required.
	Take func([]merge.Decided) (refused int)
	// UserAgent is sent with each request.
	UserAgent string
	// Registerer takes the metrics. Nil means nowhere.
	Registerer prometheus.Registerer
	// Logger is told when a peer cannot be read, and when it can again. Nil means discard.
	Logger *slog.Logger
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// An Exchange reads what was decided on peers. Its methods are safe for concurrent use.
type Exchange struct {
	o         Options
	metrics   *metrics
	read      cursors
	budget    byteBudget    // of reports that are passed on
	holdersMu sync.Mutex    // guards Copy.holders
	changed   chan struct{} // of capacity 1

	mu         sync.Mutex  // guards the rest
	connection *connection // nil without settings
	targets    []*periskop.Target
	left       int // targets past the limit
	peers      []*peer
}

// New returns an Exchange that asks nobody.
func New(o Options) *Exchange {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	x := &Exchange{o: o, metrics: newMetrics(o.Registerer), changed: make(chan struct{}, 1)}
	x.budget.evict = x.evict
	return x
}

// Configure replaces the settings; nil is for no peers. On an error they stay as they were: a
// certificate or a secret cannot be read.
func (x *Exchange) Configure(s *Settings) error {
	var c *connection
	if s != nil {
		var err error
		if c, err = s.connect(); err != nil {
			return err
		}
	}
	x.mu.Lock()
	x.connection = c
	x.mu.Unlock()
	x.Reread()
	x.wake()
	return nil
}

// Reread makes the next request to each peer ask for everything: services are known now that were
// not before.
func (x *Exchange) Reread() { x.read.forget() }

// SetTargets replaces the peers that are discovered, this exporter perhaps among them. The URL of a
// target is that of its decisions.
func (x *Exchange) SetTargets(targets []*periskop.Target) {
	over := max(len(targets)-maxPeers, 0)
	x.mu.Lock()
	if over > 0 && x.left == 0 {
		x.o.Logger.Warn("discovery finds far more peers than there can be; the first are asked", "found", len(targets), "asked", maxPeers)
	}
	x.targets, x.left = targets[:len(targets)-over], over
	x.mu.Unlock()
	x.wake()
}

func (x *Exchange) wake() {
	select {
	case x.changed <- struct{}{}:
	default:
	}
}

// Run asks until ctx ends, and returns nil once all requests have ended. An Exchange runs once.
func (x *Exchange) Run(ctx context.Context) error {
	defer x.update(ctx, nil, nil)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-x.changed:
		}
		x.mu.Lock()
		c, targets := x.connection, x.targets
		x.mu.Unlock()
		x.update(ctx, c, targets)
	}
}

// update starts and ends peers, so that there is one for each address. It is for the goroutine of
// Run only.
func (x *Exchange) update(ctx context.Context, c *connection, targets []*periskop.Target) {
	if c == nil {
		targets = nil
	}
	x.mu.Lock()
	before := x.peers
	x.mu.Unlock()
	known := make(map[string]*peer, len(before))
	for _, p := range before {
		if p.connection == c {
			known[p.url] = p
		}
	}
	next := make([]*peer, 0, len(targets))
	stays := make(map[*peer]bool, len(targets))
	for _, t := range targets {
		p := known[t.URL]
		if stays[p] {
			continue
		}
		if p == nil {
			p = x.start(ctx, c, t)
			known[t.URL] = p
		}
		stays[p] = true
		next = append(next, p)
	}
	x.mu.Lock()
	x.peers = next
	x.mu.Unlock()
	for _, p := range before {
		if !stays[p] {
			p.cancel()
			<-p.ended
			x.metrics.forget(p.name)
		}
	}
	x.metrics.known(next)
}

// start has a peer be asked until it is cancelled.
func (x *Exchange) start(ctx context.Context, c *connection, t *periskop.Target) *peer {
	ctx, cancel := context.WithCancel(ctx)
	shown := strings.TrimSuffix(t.Shown(), names.DecisionsPath) // which all have
	p := &peer{
		Exchange: x, connection: c, url: t.URL, name: t.Instance, shown: shown,
		logger: x.o.Logger.With("peer", shown), cancel: cancel, ended: make(chan struct{}),
		queue: &queue{x: x, ready: make(chan struct{}, 1)},
	}
	go func() {
		defer close(p.ended)
		var both sync.WaitGroup
		both.Go(func() { p.forward(ctx) })
		p.run(ctx)
		both.Wait()
	}()
	return p
}

// A Status is how the exchange with one address goes.
type Status struct {
	// Address is that of the peer, without secrets.
	Address string
	// Replica is what who answered last calls itself, "" before any did. Self is set when that was
	// this exporter.
	Replica string
	Self    bool
	// At is when it was read last; zero for never.
	At time.Time
	// Err is why it was not read the last time, or what is wrong with what was; nil for nothing.
	Err error
}

// Status returns how the exchange goes, in the order of discovery, and how many more addresses were
// found than are asked. It returns nil without peers in the configuration.
func (x *Exchange) Status() (list []Status, left int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.connection == nil {
		return nil, 0
	}
	list = make([]Status, len(x.peers))
	for i, p := range x.peers {
		list[i] = p.currentStatus()
	}
	return list, x.left
}

// Configured reports whether there are to be peers.
func (x *Exchange) Configured() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.connection != nil
}
