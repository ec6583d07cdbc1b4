//go:build e2e

package fidelity_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A target is an instrumented program through all its restarts, and the handler of its
// exceptions.
type target struct {
	fleet  *fleet.Fleet
	server *fleet.Server // nil behind a load balancer
	// silent is set while nothing is raised in it.
	silent atomic.Bool

	mu      sync.Mutex
	process *fleet.Process // guarded by mu
}

func (t *target) current() *fleet.Process {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.process
}

// restart ends the process and begins the next one.
func (t *target) restart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.process = t.fleet.Restart(t.process)
}

// become ends the process, and lets another one answer at its address.
func (t *target) become(p *fleet.Process) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.process.Stop()
	t.process = p
}

func (t *target) raise(key string, n uint64) {
	if t.silent.Load() {
		return
	}
	// A process that ends at this moment has not raised it.
	_ = t.current().RaiseTimes(key, periskop.Occurrence{Error: periskop.Exception{
		Class: "Error", Message: "it failed", Stacktrace: []string{"main.go:1"},
	}}, n)
}

func (t *target) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.current().ServeHTTP(w, r) }

// serve listens for the handler, on one address for each of those who scrape it: each
// learns different things, and the truth tells them apart by address.
func (r *run) serve(t testing.TB, h http.Handler, scrapers ...string) *fleet.Server {
	t.Helper()
	s, err := r.fleet.Serve(h)
	if err != nil {
		t.Fatal(err)
	}
	for i, scraper := range scrapers {
		address := s.Address()
		if i > 0 {
			if address, err = s.Listen(); err != nil {
				t.Fatal(err)
			}
		}
		r.addresses[scraper] = append(r.addresses[scraper], address)
	}
	return s
}

// add begins a target that these scrape, and the rule beside them.
func (r *run) add(t testing.TB, o fleet.ProcessOptions, scrapers ...string) *target {
	t.Helper()
	target := r.addUnserved(o)
	target.server = r.serve(t, target, append(scrapers, byRule)...)
	return target
}

func (r *run) addUnserved(o fleet.ProcessOptions) *target {
	o.Service = r.service
	target := &target{fleet: r.fleet, process: r.fleet.Start(o)}
	r.targets = append(r.targets, target)
	return target
}

// answered waits until the target has answered twice from now on: the second request was
// made when the first answer was complete or given up.
func (t *target) answered(tb testing.TB) {
	tb.Helper()
	before := t.server.Requests()
	process.Eventually(tb, "scrapes of a target", func() error {
		if n := t.server.Requests() - before; n < 2*int64(len(t.server.Addresses())) {
			return errNotYet
		}
		return nil
	})
}
