package discovery_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	promdiscovery "github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"

	"github.com/periskop-exporter/periskop_exporter/discovery"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// deadline bounds every wait. It is reached only when a test fails, and generous
// because a busy machine is no failure.
const deadline = 60 * time.Second

// running is a Discovery at work and what it has published.
type running struct {
	*discovery.Discovery
	registry *prometheus.Registry
	logs     *logBuffer
	stop     func()

	mu      sync.Mutex
	found   periskop.Found
	latest  []periskop.ServiceTargets // of found
	rounds  []periskop.Round          // as they were told while latest was published
	history [][]periskop.ServiceTargets
	news    chan struct{}
}

// run starts a Discovery of services, which ends with the test.
func run(t testing.TB, services ...discovery.Service) *running {
	t.Helper()
	return runWith(t, discovery.Options{}, discovery.Settings{Services: services})
}

func runWith(t testing.TB, o discovery.Options, s discovery.Settings) *running {
	t.Helper()
	r := &running{registry: prometheus.NewPedanticRegistry(), logs: &logBuffer{}, news: make(chan struct{}, 1)}
	o.Publish, o.Registerer, o.Logger = r.publish, r.registry, slog.New(slog.NewTextHandler(r.logs, nil))
	d, err := discovery.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.Discovery = d
	if err := d.Apply(s); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

func (r *running) publish(found periskop.Found) {
	r.mu.Lock()
	r.found, r.latest, r.rounds = found, found.Services, r.Rounds()
	r.history = append(r.history, found.Services)
	r.mu.Unlock()
	select {
	case r.news <- struct{}{}:
	default:
	}
}

func (r *running) apply(t testing.TB, services ...discovery.Service) {
	t.Helper()
	if err := r.Apply(discovery.Settings{Services: services}); err != nil {
		t.Fatal(err)
	}
}

// isReady waits for the first round.
func (r *running) isReady(t testing.TB) {
	t.Helper()
	select {
	case <-r.Ready():
	case <-time.After(deadline):
		t.Fatal("not ready in time")
	}
}

// service returns what was last published of a service; zero if it was not there.
func (r *running) service(name string) periskop.ServiceTargets {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.latest {
		if s.Service == name {
			return s
		}
	}
	return periskop.ServiceTargets{}
}

func (r *running) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for _, s := range r.latest {
		names = append(names, s.Service)
	}
	return names
}

// published returns every publication up to now.
func (r *running) published() [][]periskop.ServiceTargets {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.history)
}

// until waits for a publication after which ok holds.
func (r *running) until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	timeout := time.After(deadline)
	for !ok() {
		select {
		case <-r.news:
		case <-timeout:
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Fatalf("no %s in time; published last: %+v\nlog:\n%s", what, r.latest, r.logs)
		}
	}
}

// untilTargets waits for a service to have the targets with these URLs, in order.
func (r *running) untilTargets(t testing.TB, service string, urls ...string) {
	t.Helper()
	r.until(t, "targets "+strings.Join(urls, " "), func() bool {
		return slices.Equal(urlsOf(r.service(service)), urls)
	})
}

// untilProblem waits for a service to have one problem that contains all parts.
func (r *running) untilProblem(t testing.TB, service string, parts ...string) {
	t.Helper()
	r.until(t, "problem "+strings.Join(parts, " … "), func() bool {
		problems := r.service(service).Problems
		return len(problems) == 1 && !slices.ContainsFunc(parts, func(part string) bool {
			return !strings.Contains(problems[0], part)
		})
	})
}

func (r *running) untilNoProblem(t testing.TB, service string) {
	t.Helper()
	r.until(t, "end of the problems", func() bool {
		s := r.service(service)
		return s.Service == service && len(s.Problems) == 0
	})
}

// round returns the round of a block in a list.
func round(rounds []periskop.Round, block string) periskop.Round {
	for _, r := range rounds {
		if r.Block == block {
			return r
		}
	}
	return periskop.Round{}
}

// untilRound waits for the block to complete a round after the given time, which nothing
// announces.
func (r *running) untilRound(t testing.TB, block string, after time.Time) periskop.Round {
	t.Helper()
	timeout := time.After(deadline)
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		if got := round(r.Rounds(), block); got.Last.After(after) {
			return got
		}
		select {
		case <-poll.C:
		case <-timeout:
			t.Fatalf("%s: no complete round after %v; got %+v", block, after, r.Rounds())
		}
	}
}

func urlsOf(s periskop.ServiceTargets) []string {
	urls := []string{}
	for _, target := range s.Targets {
		urls = append(urls, target.URL)
	}
	return urls
}

// configuredService returns a service with the usual settings.
func configuredService(name string, configs ...promdiscovery.Config) discovery.Service {
	return discovery.Service{
		Name:     name,
		Configs:  configs,
		Path:     "/-/exceptions",
		Interval: 30 * time.Second,
		Timeout:  10 * time.Second,
	}
}

// static is the configuration of targets with the given addresses.
func static(addresses ...string) promdiscovery.Config {
	group := &targetgroup.Group{}
	for _, address := range addresses {
		group.Targets = append(group.Targets, model.LabelSet{model.AddressLabel: model.LabelValue(address)})
	}
	return promdiscovery.StaticConfig{group}
}

// A logBuffer is a log that several goroutines write.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// count returns how many lines contain all parts.
func (l *logBuffer) count(parts ...string) int {
	n := 0
	for line := range strings.Lines(l.String()) {
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) }) {
			n++
		}
	}
	return n
}
