package merge_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestClockSetBetweenRuns ends the program five times, sets its machine's clock, and replaces one
// of four processes meanwhile. The new one tells first.
func TestClockSetBetweenRuns(t *testing.T) {
	for name, flush := range map[string]bool{"stopped": true, "killed": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				started := time.Now()
				right := func() time.Time { return noon.Add(time.Since(started)) }
				processes := []string{"A", "B", "C", "D"}
				want := uint64(0)
				for run, ahead := range []time.Duration{0, time.Hour, 0, -time.Hour, time.Hour, -time.Hour} {
					begun := time.Now()
					s := &testState{State: merge.New(merge.Options{
						Store: m, Saved: &merge.Saved{Records: *m.records(), Events: m.events, Alive: right()}, Settings: settings(),
						Now:     func() time.Time { return right().Add(ahead) },
						Elapsed: func() time.Duration { return time.Since(begun) }, ClockTimeout: 2 * time.Second,
					})}
					tell := func(i int, told []periskop.Aggregate) {
						fold(s, answer{uuid: processes[i], target: fmt.Sprintf("%d:80", i), at: right().Add(ahead), date: right(), reports: told})
					}
					replaced := run % len(processes)
					var all sync.WaitGroup
					if run > 0 {
						processes[replaced] = fmt.Sprintf("new in run %d", run)
						all.Go(func() { tell(replaced, ofK(3, right().Add(-5*time.Second))) })
						want += 3
						synctest.Wait()
					}
					for i := range processes {
						if run == 0 || i != replaced {
							all.Go(func() { tell(i, nil) })
						}
					}
					all.Wait()
					if waited := time.Since(begun); waited > 0 {
						t.Errorf("run %d: they waited for %v", run, waited)
					}
					if got := countedOf(s, "shop", "k"); got != want {
						t.Errorf("run %d: got %d counted, want %d", run, got, want)
					}
					if since, passed := s.Snapshot().Service("shop").WatchedSince, noon.Add(ahead); !since.Equal(passed) {
						t.Errorf("run %d: watched since %v, want %v", run, since, passed)
					}
					time.Sleep(10 * time.Second)
					if flush {
						s.Flush()
					}
				}
			})
		})
	}
}
