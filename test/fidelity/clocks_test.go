//go:build e2e

package fidelity_test

import (
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
)

// clockScenarios are the cases in which the clock of the exporter's machine is wrong. Those of
// the targets and of Prometheus are right.
func clockScenarios() []scenario {
	return []scenario{
		{"own clock set", "The clock of the exporter's machine is set back or forward by an hour every three seconds; the targets restart.", buildClockSet},
		{"own clock set between runs", "The exporter is killed, and its machine's clock set back or forward by an hour before it is started again. One of four targets restarts meanwhile.", buildClockSetAway},
		{"own clock behind at first", "At its very first start its machine's clock is an hour behind. Later it is set right; the targets restart.", func(t *testing.T, r *run) { r.wrongAtFirst(t, -time.Hour) }},
		{"own clock ahead at first", "The same, an hour ahead.", func(t *testing.T, r *run) { r.wrongAtFirst(t, time.Hour) }},
	}
}

func (r *run) withClock(t *testing.T, ahead time.Duration) {
	t.Helper()
	r.world.ahead[r.name] = ahead
	r.plain(t, 4, fleet.ProcessOptions{}, r.name)
	r.key = moreAndMore
}

// wrongBy are the ways in which the clock is wrong, one after the other.
func wrongBy(i int) time.Duration {
	return []time.Duration{time.Hour, 0, -time.Hour, 0, time.Hour, -time.Hour}[i%6]
}

func buildClockSet(t *testing.T, r *run) {
	r.withClock(t, 0)
	r.disturb(3*time.Second/2, func(t *testing.T, i int) {
		if i%2 == 0 {
			r.world.clocks[r.name].Set(t, wrongBy(i/2))
			return
		}
		r.restartOne(t, i/2)
	})
}

func buildClockSetAway(t *testing.T, r *run) {
	r.withClock(t, 0)
	r.disturb(3*time.Second, func(t *testing.T, i int) {
		// What ends while the exporter is away told it everything before.
		ends := r.targets[i%len(r.targets)]
		ends.silent.Store(true)
		ends.answered(t)
		r.world.exporters[r.name].Kill(t)
		r.world.clocks[r.name].Set(t, wrongBy(i))
		ends.restart()
		ends.silent.Store(false)
		r.restart(t)
	})
}

func (r *run) wrongAtFirst(t *testing.T, ahead time.Duration) {
	t.Helper()
	r.withClock(t, ahead)
	r.disturb(2*time.Second, func(t *testing.T, i int) {
		if i == 2 {
			r.world.clocks[r.name].Set(t, 0)
		}
		r.restartOne(t, i)
	})
}
