//go:build e2e

package fidelity_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
)

// exporterScenarios are the cases in which something happens to exporters, or there are
// several of them.
func exporterScenarios() []scenario {
	return []scenario{
		{"exporter stopped and started", "It is stopped as an operator does, and is away for a second.", buildStopped},
		{"exporter killed", "It is killed with `kill -9` {kills} times at random moments, in the middle of scrapes and commits.", buildKilled},
		{"exporter killed as targets end", "A target restarts, and 50 ms later the exporter is killed with `kill -9`, {kills} times at random moments: what the target told before is nowhere but in the state.", buildKilledAsTargetsEnd},
		{"killed with a service from a label", "The service has no block of its own: a label that relabelling sets names it. The exporter is killed with `kill -9` {kills} times.", buildKilledLabelled},
		{"two exporters", "Two exporters watch the same targets, which restart.", buildTwo},
	}
}

// moreAndMore are keys of which there is a new one every second, so that series appear at
// the moments of the disturbance too.
func moreAndMore(random *rand.Rand, i int) string {
	return fmt.Sprintf("Error@%d", random.IntN(6+i/20))
}

func buildStopped(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	r.key = moreAndMore
	r.disturb(2*time.Second, func(t *testing.T, _ int) {
		r.world.exporters[r.name].Stop(t)
		wait(t, time.Second)
		r.restart(t)
	})
}

func buildKilled(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	r.killed()
}

func buildKilledLabelled(t *testing.T, r *run) {
	for range 3 {
		r.add(t, fleet.ProcessOptions{}, r.name)
	}
	r.world.configure(r.name, r.labelled)
	r.countedBy(r.name)
	r.killed()
}

// killed kills the exporter while exceptions are thrown.
func (r *run) killed() {
	r.key = moreAndMore
	random := rand.New(rand.NewPCG(3, 3))
	r.drive = func(t *testing.T) {
		r.throw(func() {
			for range r.world.kills {
				// Half of them soon after it is ready.
				wait(t, time.Duration(math.Pow(random.Float64(), 3)*float64(3*time.Second)))
				r.world.exporters[r.name].Kill(t)
				r.restart(t)
			}
		})
	}
}

// buildKilledAsTargetsEnd gives the exporter as long as it takes to write down an answer that
// has just come: what it was killed over is told to nobody again.
func buildKilledAsTargetsEnd(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	r.key = moreAndMore
	random := rand.New(rand.NewPCG(5, 5))
	r.drive = func(t *testing.T) {
		r.throw(func() {
			for i := range r.world.kills {
				wait(t, time.Duration(random.Float64()*float64(3*time.Second)))
				r.restartOne(t, i)
				wait(t, 50*time.Millisecond)
				r.world.exporters[r.name].Kill(t)
				r.restart(t)
			}
		})
	}
}

func buildTwo(t *testing.T, r *run) {
	pair := []string{r.name + ", one", r.name + ", the other"}
	for range 3 {
		r.add(t, fleet.ProcessOptions{}, pair...)
	}
	for _, name := range pair {
		r.scrapedBy(name)
		r.countedBy(name).name = name
	}
	r.key = moreAndMore
	r.disturb(2*time.Second, r.restartOne)
}
