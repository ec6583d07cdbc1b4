package notify

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// evaluationInterval is how often alerts are made of the snapshot: well below what Alertmanager
// waits before it tells of a new group.
const evaluationInterval = 5 * time.Second

// Options are what a [Notifier] is made of.
type Options struct {
	// Snapshot returns what is durable: what is told must not be told anew after a
	// crash. It may block. Required.
	Snapshot func() *merge.Snapshot
	// ExternalURL is where the exporter is reached, for links.
	ExternalURL string
	// OwnCode returns the beginnings of packages and paths that are the service's own, for
	// the stack frames in alerts. Nil means that they are told by their form.
	OwnCode func(service string) []string
	// Team returns who looks after a service, "" for not known. Nil knows nobody.
	Team func(service string) string
	// Registerer takes the metrics. Nil means nowhere.
	Registerer prometheus.Registerer
	// Logger is told when an Alertmanager cannot be reached, and when it can again. Nil
	// means discard.
	Logger *slog.Logger
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// A Notifier tells Alertmanagers of exceptions. Its methods are safe for concurrent use.
type Notifier struct {
	o       Options
	metrics *metrics
	queue   alertQueue
	changed chan struct{} // of capacity 1

	mu           sync.Mutex // guards the rest
	settings     Settings
	destinations []*destination
	targets      map[string][]*periskop.Target // by name of the Alertmanager
}

// New returns a Notifier that tells nobody.
func New(o Options) *Notifier {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.OwnCode == nil {
		o.OwnCode = func(string) []string { return nil }
	}
	if o.Team == nil {
		o.Team = func(string) string { return "" }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Notifier{o: o, metrics: newMetrics(o.Registerer), changed: make(chan struct{}, 1)}
}

// Configure replaces the settings. On an error they stay as they were: a certificate or
// a secret cannot be read.
func (n *Notifier) Configure(s Settings) error {
	list, err := s.destinations()
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.settings, n.destinations = s, list
	n.mu.Unlock()
	n.wake()
	return nil
}

// SetTargets replaces the Alertmanagers that are discovered. The URL of a target is
// that of its API.
func (n *Notifier) SetTargets(targets []periskop.ServiceTargets) {
	byName := make(map[string][]*periskop.Target, len(targets))
	for _, t := range targets {
		byName[t.Service] = t.Targets
	}
	n.mu.Lock()
	n.targets = byName
	n.mu.Unlock()
	n.wake()
}

func (n *Notifier) wake() {
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// Run evaluates and sends until ctx ends, and returns nil once all requests have ended. A
// Notifier runs once.
func (n *Notifier) Run(ctx context.Context) error {
	var r senderSet
	defer r.stop()
	ticker := time.NewTicker(evaluationInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-n.changed:
		case <-ticker.C:
		}
		n.evaluate(ctx, &r)
	}
}

// evaluate derives the alerts there are, and hands them to the senders.
func (n *Notifier) evaluate(ctx context.Context, r *senderSet) {
	n.mu.Lock()
	settings, destinations, targets := n.settings, n.destinations, n.targets
	n.mu.Unlock()
	r.update(destinations, targets, func(d *destination, t *periskop.Target) *runningSender {
		return start(ctx, d, n.newSender(&settings, d, t))
	})
	n.metrics.alertmanagers.Set(float64(len(r.senders)))
	if len(destinations) == 0 {
		n.metrics.active.Set(0)
		return
	}
	builder := alertBuilder{
		externalURL: strings.TrimSuffix(n.o.ExternalURL, "/"), dashboardURL: settings.DashboardURL, quiet: settings.Quiet, ownCode: n.o.OwnCode, team: n.o.Team,
	}
	snapshot := n.o.Snapshot()
	now := n.o.Now()
	active, closed := builder.active(snapshot, now), []*alert(nil)
	if r.needClosed() {
		closed = builder.closed(snapshot, now)
	}
	n.metrics.active.Set(float64(len(active)))
	all, dropped := n.queue.update(active, now)
	n.metrics.dropped.Add(float64(dropped))
	for _, d := range destinations {
		list := make([]*alert, 0, len(all))
		for _, a := range all {
			if labelled := settings.labelled(a, d.Relabel); labelled != nil {
				list = append(list, labelled)
			} else {
				n.queue.markDelivered(a) // nobody wants it
			}
		}
		r.setAlerts(d, alertSet{list, settings.allLabelled(closed, d.Relabel)})
	}
}

func (n *Notifier) newSender(s *Settings, d *destination, t *periskop.Target) *sender {
	return &sender{
		url: t.URL, client: d.client, timeout: d.Timeout, now: n.o.Now,
		// Often enough to prolong an alert before it ends.
		resend: min(s.Resend, s.Quiet/3),
		queue:  &n.queue, metrics: n.metrics, logger: n.o.Logger.With("alertmanager", t.Shown()),
		pending: make(chan alertSet, 1), sent: map[string]sentAlert{},
	}
}
