package merge_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// TestRecentSurvives restarts between two observations: growth and what is gone are as if
// there had been none.
func TestRecentSurvives(t *testing.T) {
	at := func(steps float64) time.Time {
		return recentStart.Add(time.Duration(steps * float64(merge.GrowthStep)))
	}
	var before merge.Recent
	before.Observe(snapshotOf(countedKey("a", 100), countedKey("gone", 7)), at(0))
	before.Observe(snapshotOf(countedKey("a", 103)), at(1))
	before.Observe(snapshotOf(countedKey("a", 105)), at(3))
	saved, err := before.Save()
	if err != nil {
		t.Fatal(err)
	}

	var after merge.Recent
	if err := after.Restore(saved, at(4)); err != nil {
		t.Fatal(err)
	}
	// What was counted while nobody looked is the baseline of what comes.
	after.Observe(snapshotOf(countedKey("a", 1000)), at(4))
	after.Observe(snapshotOf(countedKey("a", 1001)), at(5))
	growth := after.Growth()
	for name, got := range map[string]merge.Increments{"exception": growth.Exception(merge.ExceptionID("s", "a")), "service": growth.Service("s")} {
		if diff := cmp.Diff(lastSteps(got, 6), []uint32{0, 3, 0, 2, 0, 1}); diff != "" {
			t.Errorf("growth of the %s (-got +want):\n%s", name, diff)
		}
	}
	if !growth.Since.Equal(at(0)) {
		t.Errorf("since: got %s, want %s", growth.Since, at(0))
	}
	if diff := cmp.Diff(after.Departed(merge.ExceptionID("s", "gone")), before.Departed(merge.ExceptionID("s", "gone"))); diff != "" {
		t.Errorf("what is gone (-got +want):\n%s", diff)
	}
}

func TestRecentRestore(t *testing.T) {
	now := recentStart.Add(100 * merge.GrowthStep)
	var grown merge.Recent
	grown.Observe(snapshotOf(countedKey("a", 1)), recentStart)
	grown.Observe(snapshotOf(countedKey("a", 2)), recentStart)
	saved, err := grown.Save()
	if err != nil {
		t.Fatal(err)
	}
	var nothing merge.Recent
	empty, err := nothing.Save()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		saved []byte
		now   time.Time
		ok    bool
		want  uint64
	}{
		"at once":                     {saved, recentStart, true, 1},
		"when all of it is too old":   {saved, now, true, 0},
		"by a clock that was ahead":   {saved, recentStart.Add(-time.Hour), true, 0},
		"of one that knew of nothing": {empty, now, true, 0},
		"cut short":                   {saved[:len(saved)-3], recentStart, false, 0},
		"no record":                   {[]byte("hello"), recentStart, false, 0},
		"nothing":                     {nil, recentStart, false, 0},
	} {
		var r merge.Recent
		if err := r.Restore(bytes.Clone(tt.saved), tt.now); (err == nil) != tt.ok {
			t.Errorf("%s: error %v", name, err)
		}
		r.Observe(snapshotOf(countedKey("a", 9)), tt.now)
		if got := r.Growth().Exception(merge.ExceptionID("s", "a")); got.Sum(merge.GrowthSteps) != tt.want {
			t.Errorf("%s: grown by %d, want %d", name, got.Sum(merge.GrowthSteps), tt.want)
		}
	}
}

func FuzzRecentRestore(f *testing.F) {
	var r merge.Recent
	r.Observe(snapshotOf(countedKey("a", 1)), recentStart)
	r.Observe(snapshotOf(countedKey("a", 2)), recentStart)
	saved, err := r.Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(saved)
	f.Add([]byte(`{"Step":1,"Services":{"s":{"Newest":-9223372036854775808,"Counts":{"1":1,"255":2}}},"Departed":[{"ID":"a"},{"ID":"a"}]}`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		var r merge.Recent
		if r.Restore(b, recentStart) == nil {
			r.Observe(snapshotOf(countedKey("a", 3)), recentStart)
		}
	})
}
