//go:build e2e

package fidelity_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A rule is a counter after the rule of the Periskop server, for comparison, exposed as
// periskop_error_occurrences: one series per process and key. The first total is counted
// whole, then the rises over it; a lower total is ignored. A target that sends no uuid is
// taken for one process, whoever runs there. Counts are kept in memory, as that server
// does by default.
type rule struct {
	mu     sync.Mutex
	counts map[ruleKey]uint64 // guarded by mu
}

type ruleKey struct{ service, process, key string }

func newRule() *rule { return &rule{counts: map[ruleKey]uint64{}} }

// restart forgets all about the service.
func (r *rule) restart(service string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range r.counts {
		if k.service == service {
			delete(r.counts, k)
		}
	}
}

func (r *rule) take(service, address string, report *periskop.Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	process := report.TargetUUID
	if process == "" {
		process = address
	}
	for i := range report.Aggregates {
		a := &report.Aggregates[i]
		k := ruleKey{service, process, a.Key}
		r.counts[k] = max(r.counts[k], a.TotalCount)
	}
}

// watch scrapes the address until ctx ends.
func (r *rule) watch(ctx context.Context, service, address string) {
	ticker := time.NewTicker(scrapeInterval)
	defer ticker.Stop()
	for {
		if report, err := fetch(ctx, "http://"+address+"/-/exceptions"); err == nil {
			r.take(service, address, report)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func fetch(ctx context.Context, url string) (*periskop.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeInterval)
	defer cancel()
	body, err := process.Get(ctx, url)
	if err != nil {
		return nil, err
	}
	return periskop.Decode([]byte(body))
}

func (r *rule) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprintln(w, "# TYPE periskop_error_occurrences counter")
	for k, n := range r.counts {
		fmt.Fprintf(w, "periskop_error_occurrences{service_name=%q,target=%q,aggregation_key=%q} %d\n", k.service, k.process, k.key, n)
	}
}
