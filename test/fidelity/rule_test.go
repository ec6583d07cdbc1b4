//go:build e2e

package fidelity_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A rule is a counter after the rule of the Periskop server, for comparison, exposed as
// periskop_error_occurrences. Per target_uuid and key it remembers the last total. The
// first one is counted whole, then the rises; a fall, as after a restart of a target that
// sends no uuid, is ignored. It keeps its counts in memory, as that server does unless it
// is given a database.
type rule struct {
	mu sync.Mutex // guards what follows
	// counts and last are by service.
	counts map[string]map[string]uint64
	last   map[string]map[ruleKey]uint64
}

type ruleKey struct{ uuid, key string }

func newRule() *rule {
	return &rule{counts: map[string]map[string]uint64{}, last: map[string]map[ruleKey]uint64{}}
}

// restart forgets all about the service.
func (r *rule) restart(service string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.counts, service)
	delete(r.last, service)
}

func (r *rule) take(service string, report *periskop.Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last[service] == nil {
		r.counts[service], r.last[service] = map[string]uint64{}, map[ruleKey]uint64{}
	}
	for i := range report.Aggregates {
		a := &report.Aggregates[i]
		k := ruleKey{report.TargetUUID, a.Key}
		if before := r.last[service][k]; a.TotalCount > before {
			r.counts[service][a.Key] += a.TotalCount - before
		}
		r.last[service][k] = a.TotalCount
	}
}

// watch scrapes the addresses until ctx ends.
func (r *rule) watch(ctx context.Context, service string, addresses []string) {
	ticker := time.NewTicker(scrapeInterval)
	defer ticker.Stop()
	for {
		for _, address := range addresses {
			body, err := process.Get(ctx, "http://"+address+"/-/exceptions")
			if err != nil {
				continue // as a scrape that fails
			}
			if report, err := periskop.Decode([]byte(body)); err == nil {
				r.take(service, report)
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (r *rule) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprintln(w, "# TYPE periskop_error_occurrences counter")
	for service, counts := range sorted(r.counts) {
		for key, n := range sorted(counts) {
			fmt.Fprintf(w, "periskop_error_occurrences{service_name=%q,aggregation_key=%q} %d\n", service, key, n)
		}
	}
}

// sorted iterates over a map in the order of its keys.
func sorted[K cmp.Ordered, V any](m map[K]V) func(func(K, V) bool) {
	return func(yield func(K, V) bool) {
		keys := make([]K, 0, len(m))
		for k := range m {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
