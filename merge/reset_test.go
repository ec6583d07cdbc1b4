package merge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// resetWorld has counted 5 of a key, of which 2 belong to a second process, besides 3 of
// another key; 7 of the first are history.
func resetWorld(m *memory) *testState {
	s := m.restart(settings(), noon)
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)},
		answer{uuid: "A", at: at(2), reports: []periskop.Aggregate{aggregate("k", 3, at(1)), aggregate("other", 3, at(1))}},
		answer{uuid: "B", target: "b:80", at: at(2), reports: []periskop.Aggregate{aggregate("k", 2, at(1)), aggregate("k", 7, at(-1))}})
	return s
}

// TestReset takes back what was counted, by a program that goes on, one that is killed and
// one that ends in order.
func TestReset(t *testing.T) {
	id := merge.ExceptionID("shop", "k")
	for name, end := range map[string]func(*memory, *testState) *testState{
		"goes on":       func(_ *memory, s *testState) *testState { return s },
		"is killed":     func(m *memory, s *testState) *testState { s.Commit(); return m.restart(settings(), at(4)) },
		"ends in order": func(m *memory, s *testState) *testState { s.Flush(); return m.restart(settings(), at(4)) },
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			s := resetWorld(m)
			s.now = at(3)
			s.Flush()
			before := s.Exposition().Exceptions[0]
			if !s.Reset(id, "") || s.Reset(merge.ExceptionID("shop", "nothing"), "") {
				t.Error("found what is not there, or not what is")
			}
			s = end(m, s)
			check := func(when string, want uint64) {
				t.Helper()
				if got, want := counts(s), map[string]uint64{"k": want, "other": 3}; !cmp.Equal(got, want) {
					t.Errorf("%s: got %v, want %v", when, got, want)
				}
				if e := s.Snapshot().Find(id); e.Counted() != want || e.History != 7 {
					t.Errorf("%s: got %d counted and a history of %d, want %d and 7", when, e.Counted(), e.History, want)
				}
			}
			check("after the reset", 0)
			if x := s.Exposition().Exceptions[0]; !x.Start.After(before.Start) || x.Newest != "" {
				t.Errorf("got the start %s and the exemplar %q, want what is new", x.Start, x.Newest)
			}
			fold(s, answer{uuid: "A", at: at(5), reports: []periskop.Aggregate{aggregate("k", 3, at(1)), aggregate("other", 3, at(1))}},
				answer{uuid: "B", target: "b:80", at: at(5), reports: []periskop.Aggregate{aggregate("k", 2, at(1)), aggregate("k", 7, at(-1))}})
			check("the same totals once more", 0)
			fold(s, answer{uuid: "A", at: at(6), reports: []periskop.Aggregate{aggregate("k", 4, at(1))}},
				answer{uuid: "C", target: "c:80", at: at(8), reports: []periskop.Aggregate{aggregate("k", 6, at(7))}})
			check("growth and a new process", 7)
			fold(s, answer{uuid: "A", at: at(9), reports: []periskop.Aggregate{aggregate("k", 3, at(1))}})
			check("a late answer", 7)
		})
	}
}

// TestResetWrongTotal has somebody push a wrong total in the name of a process that is scraped:
// after a reset, the process is counted again from what it tells next.
func TestResetWrongTotal(t *testing.T) {
	k := func(total uint64, created time.Time) []periskop.Aggregate {
		return []periskop.Aggregate{aggregate("k", total, created)}
	}
	for name, created := range map[string]time.Time{"an epoch": at(1), "an epoch without a time of creation": {}} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			s := m.restart(settings(), noon)
			target := "a:80"
			fold(s, answer{uuid: "A", target: target, at: at(0)}, answer{uuid: "A", target: target, at: at(2), reports: k(50, created)},
				answer{uuid: "A", target: target, at: at(3), pushed: true, reports: k(1_000_000, created)})
			fold(s, answer{uuid: "A", target: target, at: at(4), reports: k(52, created)})
			if got := counts(s)["k"]; got != 1_000_000 {
				t.Fatalf("got %d, want what was pushed", got)
			}
			if !s.Reset(merge.ExceptionID("shop", "k"), "") {
				t.Fatal("there is nothing to reset")
			}
			s.Commit()
			s = m.restart(settings(), at(4))
			for i, step := range []struct{ total, want uint64 }{{53, 0}, {55, 2}, {54, 2}, {56, 3}} {
				fold(s, answer{uuid: "A", target: target, at: at(5 + i), reports: k(step.total, created)})
				if got := counts(s)["k"]; got != step.want {
					t.Errorf("at %d: got %d, want %d", step.total, got, step.want)
				}
			}
		})
	}
}

// TestResetIsSeen has servers scrape while counters are reset and grow at once: each sees zero,
// and counts all that comes after.
func TestResetIsSeen(t *testing.T) {
	m := newMarket()
	a, b := m.prometheus("a", s15, 0), m.prometheus("b", s60, 7*time.Second)
	m.pass(5 * time.Minute)
	m.raise("k", 5)
	m.pass(5 * time.Minute)
	m.highest = map[string]uint64{} // it falls, once
	if !m.Reset(merge.ExceptionID("shop", "k"), "") {
		t.Fatal("there is nothing to reset")
	}
	m.raise("k", 9) // more than it was, before anybody looks
	m.pass(5 * time.Minute)
	m.restart(m.now)
	m.raise("k", 1)
	m.pass(5 * time.Minute)
	m.check(t)
	for _, server := range []*server{a, b} {
		if got := fmt.Sprint(server.samples["k"]); got != "[0 5 0 9 10]" && got != "[0 5 0 10]" {
			t.Errorf("%s saw %s", server.address, got)
		}
	}
}

// TestResetEqualSeries resets one of several exceptions that are one series: all of that begins
// anew, and the others go on.
func TestResetEqualSeries(t *testing.T) {
	o := settings(func(o *merge.Settings) {
		o.Services[0].Labels = func(k merge.SeriesKey) (periskop.Labels, bool) {
			return periskop.Labels{{Name: "service", Value: k.Service}}, true
		}
	})
	s := newState(o)
	report := func(a, b uint64) []periskop.Aggregate {
		return []periskop.Aggregate{aggregate("a", a, at(1)), aggregate("b", b, at(1))}
	}
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: report(2, 3)})
	s.Reset(merge.ExceptionID("shop", "a"), "")
	if got := s.Exposition().Exceptions; len(got) != 1 || got[0].Value != 0 {
		t.Errorf("got %d series, the first at %d, want one at 0", len(got), got[0].Value)
	}
	fold(s, answer{uuid: "A", at: at(3), reports: report(3, 4)})
	if got := s.Exposition(); len(got.Exceptions) != 1 || got.Exceptions[0].Value != 2 || len(got.Seen) != 1 {
		t.Errorf("got %d series, the first at %d, with %d times, want one at 2", len(got.Exceptions), got.Exceptions[0].Value, len(got.Seen))
	}
	if got := s.Snapshot().Find(merge.ExceptionID("shop", "b")).Counted(); got != 4 {
		t.Errorf("the other exception: got %d, want 4", got)
	}
}

// TestResetIsFederated has an exporter that begins to ask after a reset: what was taken back is
// history to it.
func TestResetIsFederated(t *testing.T) {
	s := resetWorld(newMemory())
	s.Reset(merge.ExceptionID("shop", "k"), "")
	_, processes := s.Processes("shop")
	for _, p := range processes {
		for _, total := range p.Totals {
			if fmt.Sprintf("%016x", total.ID) == merge.ExceptionID("shop", "k") && total.History != total.Total {
				t.Errorf("%s: got a history of %d of %d, want all", p.UUID, total.History, total.Total)
			}
		}
	}
}

// TestResetTellsNobody: what is counted after a reset is no new exception.
func TestResetTellsNobody(t *testing.T) {
	s := resetWorld(newMemory())
	id := merge.ExceptionID("shop", "k")
	s.Reset(merge.ExceptionID("shop", "other"), "")
	s.Reset(id, "")
	before := s.Snapshot().Find(merge.ExceptionID("shop", "other")).Episode
	fold(s, answer{uuid: "A", at: at(6), reports: []periskop.Aggregate{aggregate("k", 4, at(1)), aggregate("other", 4, at(1))}})
	if got := s.Snapshot().Find(merge.ExceptionID("shop", "other")).Episode; got != before || got.Began.IsZero() {
		t.Errorf("got the episode %+v, want that from before the reset, %+v", got, before)
	}
}
