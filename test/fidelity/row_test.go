//go:build e2e

package fidelity_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A row is what one exporter makes of one case.
type row struct {
	run            *run
	name, exporter string
	// moves are further exporters, of which one runs at a time.
	moves []string
	// server is who counts; the first when it is empty.
	server string
	// truth is what the exporter was told, and raised how many exceptions there were.
	truth  func() fleet.Truth
	raised func() uint64
	// older is how much the truth leaves out because it was there before the watch began;
	// nil leaves out nothing, and knows it all when the case begins.
	older func() uint64
	// together is set when keys are grouped now one way and now another: then only what all of
	// them are counted as can be held against the truth.
	together bool

	mu sync.Mutex // guards what follows
	// before is what had been told before the watch began, by key, and raisedBefore
	// what had been raised.
	before       map[string]uint64
	raisedBefore uint64
	// timeline is what was due, in the order of time.
	timeline []moment

	// start is the scrape by Prometheus after which exceptions were thrown.
	start  time.Time
	result result
}

// A moment is what the exporter had been told by then, since the watch began.
type moment struct {
	at  time.Time
	due map[string]uint64
}

// A result is a row of the table.
type result struct {
	name                 string
	before, thrown, told uint64
	raw, rule            uint64
	increase             float64
}

func (r *row) service() string { return r.run.service }

func (r *row) prometheus() *process.Program { return r.run.world.servers[cmp.Or(r.server, first)] }

// selector selects what the exporter exposes about the service.
func (r *row) selector(metric string) string {
	return fmt.Sprintf("%s{instance=~%q,service_name=~%q}", metric, strings.Join(r.instances(), "|"), strings.Join(r.run.services(), "|"))
}

// instances are where the exporter is scraped: at one place, unless it moves.
func (r *row) instances() []string {
	var list []string
	for _, name := range append([]string{r.exporter}, r.moves...) {
		list = append(list, strings.TrimPrefix(r.run.world.scraped[name].URL, "http://"))
	}
	return list
}

func (r *row) toldByKey() map[string]uint64 {
	sums := map[string]uint64{}
	for k, c := range r.truth().Sums() {
		sums[r.keyOf(k.Key)] += c.Reported
	}
	return sums
}

// keyOf is what a key is counted as.
func (r *row) keyOf(key string) string {
	if r.together {
		return "all keys"
	}
	return key
}

// due is what must have been counted: what was told since the watch began, by key.
func (r *row) due() map[string]uint64 {
	told := r.toldByKey()
	r.mu.Lock()
	defer r.mu.Unlock()
	return subtract(told, r.before)
}

// forget makes what was told so far the past, but for what was due and is counted.
func (r *row) forget(due map[string]uint64, thrown uint64) {
	told, raised := r.toldByKey(), r.raised()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before, r.raisedBefore = subtract(told, due), raised-thrown
}

// thrown is how many exceptions there were since the watch began.
func (r *row) thrown() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.raised() - r.raisedBefore
}

// note adds a moment to the timeline.
func (r *row) note() {
	m := moment{due: r.due()}
	m.at = time.Now() // after it was found out: by then it was due
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timeline = append(r.timeline, m)
}

// scraped waits until Prometheus has scraped the exporter twice from now on, and returns
// when the second time was: all that the exporter has been told by now is in there.
func (r *row) scraped(t testing.TB) time.Time {
	t.Helper()
	now, times := time.Now(), map[time.Time]bool{}
	var last time.Time
	process.Eventually(t, r.name+": Prometheus scrapes the exporter", func() error {
		v, ok, err := scalar(t.Context(), r.prometheus(), fmt.Sprintf("max(timestamp(%s{instance=~%q}))", names.ExporterSeries, strings.Join(r.instances(), "|")), time.Time{})
		if err != nil || !ok {
			return cmp.Or(err, errNotYet)
		}
		if last = time.UnixMilli(int64(math.Round(v * 1000))); last.After(now) {
			times[last] = true
		}
		if len(times) < 2 {
			return errNotYet
		}
		return nil
	})
	return last
}

// begin notes that all that was told until now is history. Prometheus must have seen
// nothing of it.
func (r *row) begin(t testing.TB) {
	t.Helper()
	if r.older == nil {
		r.told(t)
	}
	r.start = r.scraped(t)
	if r.older == nil {
		r.forget(nil, 0)
	}
	counted, ok, err := scalar(t.Context(), r.prometheus(), "sum("+r.selector(names.ExceptionsTotal)+")", r.start)
	if err != nil || ok && counted != 0 {
		t.Errorf("%s: %v of history is counted, want 0 (%v)", r.name, counted, err)
	}
}

// samples returns all that Prometheus has of the counters, by series.
func (r *row) samples(ctx context.Context, until time.Time) ([]series, error) {
	if until.IsZero() {
		until = time.Now()
	}
	return query(ctx, r.prometheus(), fmt.Sprintf("%s[%dms]", r.selector(names.ExceptionsTotal), until.Sub(r.run.world.started).Milliseconds()), until)
}

// counted is what the raw samples amount to under the counter rule, by key.
func (r *row) counted(t testing.TB) (map[string]uint64, error) {
	t.Helper()
	list, err := r.samples(t.Context(), time.Time{})
	sums := map[string]uint64{}
	for _, s := range list {
		rises(s.samples, func(_ time.Time, by float64) { sums[r.keyOf(s.labels[names.AggregationKey])] += uint64(by) })
	}
	return sums, err
}

// measure fills in the result.
func (r *row) measure(t *testing.T) {
	t.Helper()
	end := r.scraped(t)
	counted, err := r.counted(t)
	if err != nil {
		t.Fatal(err)
	}
	due := r.due()
	if diff := gocmp.Diff(counted, due); diff != "" {
		t.Errorf("%s: counted from raw samples (-got +want):\n%s", r.name, diff)
	}
	r.result = result{
		name: r.name, told: sum(due), thrown: r.thrown(), before: sum(r.before), raw: sum(counted),
	}
	if r.older != nil {
		r.result.before = r.older()
	}
	r.result.increase = r.increase(t, r.selector(names.ExceptionsTotal), end)
	r.result.rule = r.byRule(t, end)
}

// increase is what sum(increase(…)) tells of the time since exceptions are thrown.
//
// PromQL extrapolates to both ends of the window, by up to an interval between samples.
// The window therefore begins a millisecond before a scrape, which it does not include,
// and ends at one; a series that appears at zero in between is not extrapolated at all.
// What remains is a millisecond's worth, which rounding removes.
func (r *row) increase(t *testing.T, selector string, end time.Time) float64 {
	t.Helper()
	window := end.Sub(r.start).Milliseconds() + 1
	v, _, err := scalar(t.Context(), r.prometheus(), fmt.Sprintf("sum(increase(%s[%dms]))", selector, window), end)
	if err != nil {
		t.Error(err)
	}
	return math.Round(v)
}

// byRule is what the counter after the Periskop server's rule amounts to from its raw
// samples in the same time.
func (r *row) byRule(t *testing.T, end time.Time) uint64 {
	t.Helper()
	list, err := query(t.Context(), r.prometheus(), fmt.Sprintf("periskop_error_occurrences{service_name=%q}[%dms]", r.service(), end.Sub(r.start).Milliseconds()+1), end)
	if err != nil {
		t.Error(err)
	}
	var total uint64
	for _, s := range list {
		rises(s.samples, func(_ time.Time, by float64) { total += uint64(by) })
	}
	return total
}

// check holds against the truth what Prometheus counts, at the end and at any time before.
func (r *row) check(t *testing.T) {
	t.Helper()
	extrapolated := len(r.moves) > 0 // to where the series of each place end
	if r.result.raw != r.result.told || r.result.increase != float64(r.result.told) && !extrapolated {
		t.Errorf("%s: %v are counted, and %v by increase, want %d", r.name, r.result.raw, r.result.increase, r.result.told)
	}
	r.note()
	list, err := r.samples(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		r.checkSeries(t, r.keyOf(s.labels[names.AggregationKey]), s.samples)
	}
}

// checkSeries tells the first time at which more is counted or exposed than was told.
func (r *row) checkSeries(t *testing.T, key string, samples []sample) {
	t.Helper()
	for _, s := range samples {
		if due := r.dueAt(key, s.at); uint64(s.value) > due {
			t.Errorf("%s: %s: %v is exposed at %v, but only %d were told", r.name, key, s.value, s.at, due)
			break
		}
	}
	var total uint64
	ahead := false
	rises(samples, func(at time.Time, by float64) {
		total += uint64(by)
		if due := r.dueAt(key, at); total > due && !ahead {
			ahead = true
			t.Errorf("%s: %s: %d are counted at %v, but only %d were told", r.name, key, total, at, due)
		}
	})
}

// dueAt is the most that a scrape at that time may know of the key: what was told by its
// timeout, or by the end.
func (r *row) dueAt(key string, at time.Time) uint64 {
	latest := at.Add(prometheusTimeout)
	i := sort.Search(len(r.timeline)-1, func(i int) bool { return r.timeline[i].at.After(latest) })
	return r.timeline[i].due[key]
}

// subtract returns the differences that are not zero.
func subtract(a, b map[string]uint64) map[string]uint64 {
	out := map[string]uint64{}
	for k, n := range a {
		if n != b[k] {
			out[k] = n - b[k]
		}
	}
	return out
}

func sum(m map[string]uint64) uint64 {
	var n uint64
	for _, v := range m {
		n += v
	}
	return n
}
