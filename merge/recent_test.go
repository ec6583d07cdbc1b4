package merge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

var recentStart = time.Unix(0, 0).Add(1000 * merge.GrowthStep).UTC()

// countedKey is an exception of the service "s" that was counted so often.
func countedKey(key string, n uint64) *merge.Exception {
	return &merge.Exception{ID: merge.ExceptionID("s", key), Service: "s", Key: key, Label: key, Counts: []merge.Count{{Counted: n}}}
}

func snapshotOf(list ...*merge.Exception) *merge.Snapshot {
	return &merge.Snapshot{Services: []*merge.Service{{Name: "s", Exceptions: list}}}
}

// lastSteps returns the newest so many steps.
func lastSteps(i merge.Increments, n int) []uint32 { return i[merge.GrowthSteps-n:] }

func TestGrowth(t *testing.T) {
	var r merge.Recent
	if got := r.Growth().Service("s"); got != (merge.Increments{}) {
		t.Errorf("before the first observation: %v", got)
	}
	at := func(steps float64) time.Time {
		return recentStart.Add(time.Duration(steps * float64(merge.GrowthStep)))
	}
	still := countedKey("b", 7)
	r.Observe(snapshotOf(countedKey("a", 100), still), at(0))
	r.Observe(snapshotOf(countedKey("a", 101), still), at(0.2))
	r.Observe(snapshotOf(countedKey("a", 103), still, countedKey("c", 5)), at(0.6))
	first := r.Growth()
	r.Observe(snapshotOf(countedKey("a", 103), still, countedKey("c", 6)), at(2))
	now := r.Growth()
	for name, tc := range map[string]struct {
		got  merge.Increments
		want []uint32
	}{
		"a grew by 1 and by 2":        {now.Exception(merge.ExceptionID("s", "a")), []uint32{3, 0, 0}},
		"b was there and stayed":      {now.Exception(still.ID), []uint32{0, 0, 0}},
		"c is new":                    {now.Exception(merge.ExceptionID("s", "c")), []uint32{5, 0, 1}},
		"the service is their sum":    {now.Service("s"), []uint32{8, 0, 1}},
		"what was handed out stays":   {first.Service("s"), []uint32{0, 0, 8}},
		"a service that is not there": {now.Service("t"), []uint32{0, 0, 0}},
	} {
		if diff := cmp.Diff(lastSteps(tc.got, 3), tc.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
	service := now.Service("s")
	if got := service.Sum(1); got != 1 {
		t.Errorf("sum of one step: %d", got)
	}
	if got := service.Sum(merge.GrowthSteps); got != 9 {
		t.Errorf("sum of all steps: %d", got)
	}
	if !now.Since.Equal(recentStart) {
		t.Errorf("since: got %s, want %s", now.Since, recentStart)
	}
	r.Observe(snapshotOf(countedKey("a", 103), still, countedKey("c", 6)), at(merge.GrowthSteps+2))
	if got := r.Growth().Service("s"); got != (merge.Increments{}) {
		t.Errorf("an hour later: %v", got)
	}
	if since := r.Growth().Since; !since.Equal(at(3)) {
		t.Errorf("an hour later, since: got %s, want %s", since, at(3))
	}
	r.Observe(snapshotOf(countedKey("a", 104), still, countedKey("c", 6)), at(0))
	if got := lastSteps(r.Growth().Service("s"), 1); got[0] != 1 {
		t.Errorf("with the clock set back: %v", got)
	}
}

func TestDeparture(t *testing.T) {
	var r merge.Recent
	a, b := countedKey("a", 3), countedKey("b", 4)
	r.Observe(snapshotOf(a, b), recentStart)
	r.Observe(snapshotOf(b), recentStart.Add(time.Minute))
	want := &merge.Departure{ID: a.ID, Service: "s", Key: "a", Total: 3, At: recentStart.Add(time.Minute)}
	if diff := cmp.Diff(r.Departed(a.ID), want); diff != "" {
		t.Errorf("a (-got +want):\n%s", diff)
	}
	if got := r.Departed(b.ID); got != nil {
		t.Errorf("b: got %v", got)
	}
	r.Observe(snapshotOf(a, b), recentStart.Add(2*time.Minute))
	if got := r.Departed(a.ID); got != nil {
		t.Errorf("a is back: got %v", got)
	}
	r.Observe(&merge.Snapshot{}, recentStart.Add(3*time.Minute))
	if r.Departed(a.ID) == nil || r.Departed(b.ID) == nil {
		t.Error("the exceptions of a service that is gone are not remembered")
	}
}

// TestDepartureBound checks that the oldest make room.
func TestDepartureBound(t *testing.T) {
	const kept = 2000
	var r merge.Recent
	var all []*merge.Exception
	for i := range kept + 10 {
		all = append(all, countedKey(fmt.Sprintf("%04d", i), 1))
	}
	r.Observe(snapshotOf(all...), recentStart)
	r.Observe(snapshotOf(all[10:]...), recentStart)
	r.Observe(snapshotOf(), recentStart)
	if r.Departed(all[0].ID) != nil || r.Departed(all[len(all)-1].ID) == nil || r.Departed(all[10].ID) == nil {
		t.Error("it is not the oldest that were forgotten")
	}
}

// BenchmarkObserve measures 100,000 keys: when none has grown, and when all have.
func BenchmarkObserve(b *testing.B) {
	const keys = 100_000
	snapshots := make([]*merge.Snapshot, 2)
	for i := range snapshots {
		list := make([]*merge.Exception, keys)
		for k := range list {
			list[k] = countedKey(fmt.Sprintf("%06d", k), uint64(1+i))
		}
		snapshots[i] = snapshotOf(list...)
	}
	b.Run("steady", func(b *testing.B) {
		var r merge.Recent
		for b.Loop() {
			r.Observe(snapshots[0], recentStart)
		}
	})
	b.Run("all grow", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var r merge.Recent
			r.Observe(snapshots[0], recentStart)
			r.Observe(snapshots[1], recentStart)
		}
	})
}
