//go:build e2e

package fidelity_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// clientScenarios are the cases of targets that tell less than they should, or wrong.
func clientScenarios() []scenario {
	return []scenario{
		{"clients without uuid", "Old clients send no `target_uuid`; they restart.", buildNoUUID},
		{"clients without created_at", "Others send no `created_at`; they restart, and are scraped once before they throw.", buildNoCreatedAt},
		{"clients without both", "Some send neither; after a restart they throw less than before, until that was told.", buildAnonymous},
		{"clocks wrong by an hour", "Clocks are an hour ahead or behind; the targets restart.", buildClocks},
		{"clocks wrong without Date", "The same, and their answers have no Date header; after a restart they are scraped once before they throw.", buildClocksWithoutDate},
		{"pushed reports", "The targets push their reports to the exporter, each several times; they restart.", buildPushed},
	}
}

func buildNoUUID(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{NoUUID: true}, shared)
	r.disturb(2*time.Second, r.restartOne)
}

// restartQuietly restarts a target and lets it tell that it has nothing to tell: what such
// a target throws before it is scraped for the first time could as well be old.
func (r *run) restartQuietly(t *testing.T, i int) {
	t.Helper()
	quiet := r.targets[i%len(r.targets)]
	quiet.restart()
	quiet.answered(t)
}

// inTurns throws exceptions and restarts targets quietly in between.
func (r *run) inTurns() {
	r.drive = func(t *testing.T) {
		r.rounds(t, 0, func(i int) {
			r.throw(func() { wait(t, 2*time.Second) })
			r.restartQuietly(t, i)
		})
	}
}

func buildNoCreatedAt(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{NoCreatedAt: true}, shared)
	r.inTurns()
}

func buildAnonymous(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{NoUUID: true, NoCreatedAt: true}, shared)
	r.drive = func(t *testing.T) {
		r.rounds(t, 0, func(i int) {
			r.throw(func() { wait(t, 2*time.Second) })
			for _, row := range r.rows {
				row.told(t)
			}
			// Every key falls from more than one to one. A restart after which the first
			// total that is told is no lower than the last one cannot be noticed.
			target := r.targets[i%len(r.targets)]
			for key := range 6 {
				target.raise(fmt.Sprintf("Error@%d", key), 2)
			}
			target.answered(t)
			target.restart()
			for key := range 6 {
				target.raise(fmt.Sprintf("Error@%d", key), 1)
			}
			target.answered(t)
		})
	}
}

// skewed gives the run targets whose clocks are wrong, and that have a history which
// began half an hour ago: by a clock that is an hour ahead, that is in the future.
func (r *run) skewed(t *testing.T, noDate bool) {
	t.Helper()
	for _, o := range []fleet.ProcessOptions{
		{}, {Skew: time.Hour}, {Skew: -time.Hour}, {Skew: time.Hour, Client: fleet.Ruby()}, {Skew: -time.Hour, Client: fleet.Python()},
	} {
		o.NoDate = noDate
		target := r.add(t, o, shared)
		target.current().RaiseTimes("Error@0", periskop.Occurrence{
			Timestamp: time.Now().Add(-30 * time.Minute), Error: periskop.Exception{Class: "Error"},
		}, 100)
	}
	r.scrapedBy(shared)
	r.countedBy(shared)
}

func buildClocks(t *testing.T, r *run) {
	r.skewed(t, false)
	r.disturb(2*time.Second, r.restartOne)
}

func buildClocksWithoutDate(t *testing.T, r *run) {
	r.skewed(t, true)
	r.inTurns()
}

func buildPushed(t *testing.T, r *run) {
	for range 3 {
		r.add(t, fleet.ProcessOptions{})
	}
	r.world.configure(shared, func() string { return fmt.Sprintf("- name: %s\n  push: true\n", r.service) })
	row := r.countedBy(shared)
	url := func() string { return r.world.exporters[shared].URL + "/push/" + r.service + "/errors" }
	row.truth = func() fleet.Truth { return r.fleet.Truth(url()) }
	// The watch began with the configuration, and what was raised just before is taken for
	// news: reports do not say what time it is.
	row.older = func() uint64 { return 0 }
	push := func(t *testing.T, _ int) {
		for _, target := range r.targets {
			p := target.current()
			process.Eventually(t, "a push", func() error { return p.Push(t.Context(), url()) })
		}
	}
	r.disturb(scrapeInterval/4, func(t *testing.T, i int) {
		push(t, i)
		if i%8 == 0 {
			r.restartOne(t, i/8)
		}
	})
	drive := r.drive
	r.drive = func(t *testing.T) {
		drive(t)
		push(t, 0)
	}
}
