//go:build e2e

package fidelity_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

var errNotYet = errors.New("not yet")

const (
	// scrapeInterval is that of the exporters, and their timeout: a scrape that is given
	// up when the target has sent all of its answer is a difference that nobody knows of.
	scrapeInterval = time.Second
	// throwInterval is how often an exception is thrown in each case.
	throwInterval = 50 * time.Millisecond
	// byRule scrapes as the exporters do, but at addresses of its own.
	byRule = "rule"
)

// A run is a case as it is carried out. Its service has a fleet of its own.
type run struct {
	scenario
	service   string
	world     *world
	fleet     *fleet.Fleet
	targets   []*target
	addresses map[string][]string // of the targets, by who scrapes them
	rows      []*row
	mu        sync.Mutex
	// elders are processes that have run for long elsewhere, by UUID. They are guarded by mu.
	elders map[string]bool
	// further are services that the targets can belong to, too.
	further []string

	// key names the i-th exception that is thrown; nil takes a few in turn.
	key func(random *rand.Rand, i int) string
	// begin is called before counting begins, and drive after it: that throws exceptions
	// and disturbs whom the case is about. Without one nobody is disturbed.
	begin, drive func(t *testing.T)
}

// services are all that the targets can belong to.
func (r *run) services() []string { return append([]string{r.service}, r.further...) }

// countedBy adds a row for what the exporter counts of what it is told at its addresses.
func (r *run) countedBy(exporter string) *row {
	row := &row{run: r, name: r.name, exporter: exporter}
	row.truth = func() fleet.Truth { return r.fleet.Truth(r.addresses[exporter]...) }
	row.raised = func() uint64 {
		var n uint64
		for _, e := range row.truth() {
			n += e.Raised
		}
		return n
	}
	r.rows = append(r.rows, row)
	return row
}

// scrapedBy configures the exporter to scrape the addresses that it has in this run.
func (r *run) scrapedBy(exporter string) {
	r.world.configure(exporter, func() string { return r.config(exporter, "") })
}

// config is that of the service, with further settings of its scraper.
func (r *run) config(exporter, scraper string) string {
	return fmt.Sprintf("- name: %s\n  static_configs: [{targets: %s}]\n  scraper: {%s}\n", r.service, list(r.addresses[exporter]), scraper)
}

// fileConfig is that of the service, with targets from a file.
func (r *run) fileConfig(file string) string {
	return fmt.Sprintf("- name: %s\n  file_sd_configs: [{files: [%q], refresh_interval: 1s}]\n", r.service, file)
}

// plain gives the run so many targets that the exporter scrapes and counts.
func (r *run) plain(t testing.TB, n int, o fleet.ProcessOptions, exporter string) {
	t.Helper()
	for range n {
		r.add(t, o, exporter)
	}
	r.scrapedBy(exporter)
	r.countedBy(exporter)
}

// history raises what was there before the watch.
func (r *run) history() {
	for i, target := range r.targets {
		for key := range 3 {
			target.raise(fmt.Sprintf("Error@%d", key), uint64(10*(i+1)+key))
		}
	}
}

// throw throws exceptions all the time until while returns.
func (r *run) throw(while func()) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		random := rand.New(rand.NewPCG(1, uint64(len(r.service))))
		ticker := time.NewTicker(throwInterval)
		defer ticker.Stop()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-ticker.C:
			}
			key := fmt.Sprintf("Error@%d", random.IntN(6)) // half of them with history
			if r.key != nil {
				key = r.key(random, i)
			}
			r.targets[random.IntN(len(r.targets))].raise(key, 1+random.Uint64N(3))
		}
	})
	while()
	close(stop)
	wg.Wait()
}

// rounds calls f again and again, with a pause between, for as long as a case lasts.
func (r *run) rounds(t *testing.T, pause time.Duration, f func(i int)) {
	t.Helper()
	end := time.Now().Add(r.world.duration)
	for i := 0; time.Now().Before(end); i++ {
		wait(t, pause)
		f(i)
	}
}

// disturb throws exceptions, and calls f again and again meanwhile.
func (r *run) disturb(pause time.Duration, f func(t *testing.T, i int)) {
	r.drive = func(t *testing.T) {
		r.throw(func() { r.rounds(t, pause, func(i int) { f(t, i) }) })
	}
}

// restartOne restarts the targets in turn.
func (r *run) restartOne(_ *testing.T, i int) { r.targets[i%len(r.targets)].restart() }

// wait lets time pass in which exceptions are thrown.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// carryOut goes through the case, and waits until Prometheus knows all of it.
func (r *run) carryOut(t *testing.T) {
	if r.begin != nil {
		r.begin(t)
	}
	for _, row := range r.rows {
		row.begin(t)
	}
	stop := r.watchRows(t)
	if r.drive != nil {
		r.drive(t)
	} else {
		r.throw(func() { wait(t, r.world.duration) })
	}
	r.settle(t)
	stop()
	for _, row := range r.rows {
		row.measure(t)
		row.check(t)
	}
}

// watchRows keeps the truth of all rows over time, until stop is called.
func (r *run) watchRows(t *testing.T) (stop func()) {
	t.Helper()
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for {
			for _, row := range r.rows {
				row.note()
			}
			select {
			case <-ticker.C:
			case <-done:
				return
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

// settle waits until everything that can be told was told, and Prometheus has had time to
// count it. When it does not, that is what the row will show.
func (r *run) settle(t *testing.T) {
	t.Helper()
	for _, row := range r.rows {
		row.told(t)
		deadline := time.Now().Add(r.world.timeout)
		for time.Now().Before(deadline) {
			counted, err := row.counted(t)
			if err == nil && maps.Equal(counted, row.due()) {
				break
			}
			wait(t, time.Second)
		}
		row.scraped(t)
	}
}

// told waits until every process that still lives has told all.
func (r *row) told(t testing.TB) {
	t.Helper()
	process.Eventually(t, r.name+": all is told", func() error {
		if !r.truth().Settled() {
			return errNotYet
		}
		return nil
	})
}
