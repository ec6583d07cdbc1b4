package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/store"
)

// TestRestartsSettle restarts targets every ten seconds for more than five hours: what is kept
// depends on how many processes there were in the last hour, and not on how many there
// ever were.
func TestRestartsSettle(t *testing.T) {
	const targets, keys, restarts = 10, 20, 2000
	dir := t.TempDir()
	s, _ := open(t, store.Options{Dir: dir})
	now := noon
	state := merge.New(merge.Options{
		Store: s, Now: func() time.Time { return now },
		Settings: merge.Settings{Services: []merge.ServiceSettings{{Name: "shop"}}},
	})
	size := int64(0)
	for n := range restarts {
		now = now.Add(10 * time.Second)
		state.Fold(firstAnswer(n, targets, keys, now))
		state.Commit()
		if n%6 == 0 {
			state.Maintain()
			state.Flush()
		}
		size = max(size, s.Size())
	}
	if size > 9<<20 {
		t.Errorf("the file has had %d bytes", size)
	}
	closed(t, s)
	s, records := open(t, store.Options{Dir: dir})
	defer closed(t, s)
	// The hour of a process begins when another one answers in its place.
	if got, most := len(records.Processes), int(time.Hour/(10*time.Second))+2*targets; got > most {
		t.Errorf("got %d processes kept, want at most %d", got, most)
	}
	if got := state.Snapshot().Services[0].Exceptions; len(got) != keys || got[0].Counts[0].Counted != restarts-1 {
		t.Errorf("got %d keys, the first counted %d times, want %d and %d", len(got), got[0].Counts[0].Counted, keys, restarts-1)
	}
}

// firstAnswer is what the nth process answers at its first scrape.
func firstAnswer(n, targets, keys int, now time.Time) *periskop.Scrape {
	r := &periskop.Report{TargetUUID: fmt.Sprintf("5cfa9e9b-20f8-441c-9029-%012d", n)}
	for k := range keys {
		created := now.Add(-time.Second)
		r.Aggregates = append(r.Aggregates, periskop.Aggregate{
			Key: fmt.Sprint("shop.PaymentException@", k), TotalCount: 1, Severity: "error", CreatedAt: created,
			Latest: periskop.EncodeOccurrences([]periskop.Occurrence{{
				UUID: fmt.Sprintf("8c1d9e9b-20f8-441c-9%03d-%012d", k, n), Timestamp: created,
			}}),
		})
	}
	address := fmt.Sprintf("10.0.0.%d:80", n%targets)
	return &periskop.Scrape{
		Target: &periskop.Target{Service: "shop", Instance: address, URL: "http://" + address},
		Start:  now, Date: now, Result: periskop.Success, Report: r,
	}
}
