package view

import (
	"errors"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestInconsistencies checks that there are words for every reason.
func TestInconsistencies(t *testing.T) {
	for _, r := range merge.Reasons() {
		if inconsistency(r) == string(r) {
			t.Errorf("no words for %s", r)
		}
	}
}

// TestDoubtfulTarget looks whether the row of a target says why it is not to be relied on,
// and what of it could not be read.
func TestDoubtfulTarget(t *testing.T) {
	s := &merge.Service{Name: "shop", Doubts: map[string]merge.Doubt{"shop:1": {Reason: merge.LocalTime, At: noon.Add(-time.Minute)}}}
	row := func(url string, unread error) targetRow {
		target := &periskop.Target{Service: "shop", URL: url}
		h := &periskop.TargetHealth{Target: target, Last: &periskop.Scrape{Result: periskop.Success, Start: noon, Unread: unread}}
		return newTargetRow(h, s, noon, &budget{left: pageBudget})
	}
	if got := row("http://shop:1/errors?x=y", nil); got.Doubt != "local time that is marked as UTC" || got.DoubtAt.Relative != "1 minute ago" {
		t.Errorf("got %q, %v", got.Doubt, got.DoubtAt)
	}
	if got := row("http://shop:2/errors", errors.New("aggregate 3: no key")); got.Doubt != "" || len(got.Unread.Text) == 0 {
		t.Errorf("another target: got %q, %v", got.Doubt, got.Unread)
	}
}
