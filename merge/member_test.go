package merge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// grouped are settings by which keys are grouped.
func grouped(by func(merge.Sample) string) merge.Settings {
	return settings(func(o *merge.Settings) {
		o.Services[0].Group = by
		o.SeriesRetention, o.ProcessRetention = 1000*time.Hour, 1000*time.Hour
	})
}

// byMessage groups what is said of a user, whichever it is.
func byMessage(s merge.Sample) string {
	if s.Newest != nil && strings.HasPrefix(s.Newest.Error.Message, "user ") {
		return "user not found"
	}
	return ""
}

func ofUser(n int, total uint64, minute int) periskop.Aggregate {
	return aggregate(fmt.Sprintf("E@%d", n), total, at(1), periskop.Occurrence{
		UUID: fmt.Sprintf("%d-%d", n, total), Timestamp: at(minute), Error: periskop.Exception{Class: "E", Message: fmt.Sprintf("user %d not found", n)},
	})
}

// pages says what the pages show of each exception: its total, and its keys with theirs.
func (s *testState) pages() map[string]string {
	out := map[string]string{}
	for _, e := range s.Snapshot().Service("shop").Exceptions {
		text := fmt.Sprintf("%d since %s", e.Total(), e.FirstSeen.Format("15:04"))
		for _, k := range e.Keys {
			text += fmt.Sprintf(", %s %d", k.Label, k.Total)
		}
		out[e.Key] = text
	}
	return out
}

func checkPages(t *testing.T, s *testState, when string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(s.pages(), want); diff != "" {
		t.Errorf("pages %s (-got +want):\n%s", when, diff)
	}
}

func checkCounts(t *testing.T, s *testState, when string, want map[string]uint64) {
	t.Helper()
	if diff := cmp.Diff(counts(s), want); diff != "" {
		t.Errorf("counters %s (-got +want):\n%s", when, diff)
	}
}

// TestGroup takes keys into a group, and out of it again, with a restart after each step, by a
// crash and with everything written in turn.
func TestGroup(t *testing.T) {
	for _, written := range []bool{false, true} {
		t.Run(fmt.Sprintf("written %v", written), func(t *testing.T) { testGroup(t, written) })
	}
}

func testGroup(t *testing.T, written bool) {
	m := newMemory()
	set := settings()
	s := m.restart(set, noon)
	again := func(minute int) {
		if written {
			s.Flush()
		}
		s = m.restart(set, at(minute))
	}
	tell := func(minute int, list ...periskop.Aggregate) {
		fold(s, answer{uuid: "A", at: at(minute), reports: list})
		again(minute)
	}
	tell(0)
	tell(2, ofUser(1, 3, 2), ofUser(2, 4, 2), aggregate("F@1", 5, at(1)))
	checkCounts(t, s, "without rules", map[string]uint64{"E@1": 3, "E@2": 4, "F@1": 5})
	one := merge.ExceptionID("shop", "E@1")
	s.Decide([]string{one}, triage.Decision{Kind: triage.Muted, Reason: "known"})
	s.Decide([]string{one}, triage.Decision{Kind: triage.Noted, Reason: "see the wiki"})
	s.Commit() // as the program does

	set = grouped(byMessage)
	again(3)
	tell(3, ofUser(1, 3, 2), ofUser(2, 6, 3), aggregate("F@1", 5, at(1)))
	checkCounts(t, s, "with a rule", map[string]uint64{"E@1": 3, "E@2": 4, "user not found": 2, "F@1": 5})
	checkPages(t, s, "with a rule", map[string]string{"user not found": "9 since 12:01, E@2 6, E@1 3", "F@1": "5 since 12:01"})
	group, ok := s.Group(one)
	if want := merge.ExceptionID("shop", "user not found"); group != want || !ok {
		t.Errorf("the group of the key is %q, want %q", group, want)
	}
	e := s.Snapshot().Find(group)
	if e == nil || !e.Open() || len(e.Decisions) != 1 || e.Decisions[0].Reason != "see the wiki" {
		t.Fatalf("got %+v, want an open exception with the note", e)
	}
	if !s.Reset(one, "") {
		t.Error("the key of a group cannot be reset")
	}
	s.Commit()
	checkCounts(t, s, "after a reset", map[string]uint64{"E@1": 3, "E@2": 4, "user not found": 0, "F@1": 5})

	tell(4, ofUser(1, 4, 4), ofUser(2, 6, 3), ofUser(3, 7, 4), aggregate("F@1", 6, at(1)))
	checkCounts(t, s, "with a new key", map[string]uint64{"E@1": 3, "E@2": 4, "user not found": 8, "F@1": 6})
	s.Maintain(at(20))
	again(20)

	set = settings()
	again(21)
	tell(21, ofUser(1, 4, 4), ofUser(2, 8, 21), ofUser(3, 7, 4), aggregate("F@1", 6, at(1)))
	checkPages(t, s, "without rules again", map[string]string{
		"E@1": "4 since 12:01", "E@2": "8 since 12:01", "E@3": "7 since 12:01", "F@1": "6 since 12:01",
	})
	if got := counts(s); got["E@2"]+got["user not found"] < 10 {
		t.Errorf("counters without rules again: got %v, want 2 more", got)
	}
	s.Maintain(at(22))
	s.Maintain(at(40))
	if got := counts(s); got["user not found"] != 0 {
		t.Errorf("got %v, want no series of a group that is gone", got)
	}
	again(41)
	if _, ok := s.Group(one); ok {
		t.Error("a key counts for a group that is gone")
	}
}

// TestGroupIsGuessed leaves a key that is known where it is as long as no occurrence tells more.
func TestGroupIsGuessed(t *testing.T) {
	s := newState(grouped(byMessage))
	fold(s, answer{uuid: "A", at: at(0)}, answer{uuid: "A", at: at(2), reports: []periskop.Aggregate{aggregate("E@1", 2, at(1))}})
	checkCounts(t, s, "without an occurrence", map[string]uint64{"E@1": 2})
	fold(s, answer{uuid: "A", at: at(3), reports: []periskop.Aggregate{ofUser(1, 3, 3)}})
	checkCounts(t, s, "with one", map[string]uint64{"E@1": 2, "user not found": 1})
	s.Configure(grouped(byMessage)) // as a reload does: everything is asked again
	fold(s, answer{uuid: "A", at: at(4), reports: []periskop.Aggregate{aggregate("E@1", 3, at(1))}})
	checkPages(t, s, "without an occurrence again", map[string]string{"user not found": "3 since 12:01, E@1 3"})
}

// TestGroupsAreBounded tells more keys of one group than are known.
func TestGroupsAreBounded(t *testing.T) {
	set := grouped(byMessage)
	set.KeysPerService = 10
	s := newState(set)
	fold(s, answer{uuid: "A", at: at(0)})
	const keys = 300
	var list []periskop.Aggregate
	for n := range keys {
		list = append(list, ofUser(n, 1, 2))
		fold(s, answer{uuid: fmt.Sprint("U", n), target: fmt.Sprintf("t%d:80", n), at: at(3), reports: list[n:]})
	}
	checkCounts(t, s, "of all", map[string]uint64{"user not found": keys})
	e := s.Snapshot().Find(merge.ExceptionID("shop", "user not found"))
	if len(e.Keys) != 50 || e.Grouped > 100 || e.Grouped < 80 {
		t.Errorf("got %d keys listed of %d, want 50 of about 100", len(e.Keys), e.Grouped)
	}
	for n := range keys { // those that are not known any more join it again
		fold(s, answer{uuid: fmt.Sprint("U", n), target: fmt.Sprintf("t%d:80", n), at: at(4), reports: []periskop.Aggregate{ofUser(n, 2, 4)}})
	}
	checkCounts(t, s, "of all once more", map[string]uint64{"user not found": 2 * keys})
	if got := s.Snapshot().Service("shop").OverflowKeys; got != 0 {
		t.Errorf("%d keys found no room", got)
	}
}

// TestGroupedCountsEqualTruth changes the rules at random while processes raise exceptions, restart
// and the program is killed. All series together count what was told, and none falls.
func TestGroupedCountsEqualTruth(t *testing.T) {
	rules := map[string]func(merge.Sample) string{
		"none":     nil,
		"all":      func(merge.Sample) string { return "all" },
		"by class": func(s merge.Sample) string { return s.Class },
		"two":      func(s merge.Sample) string { return map[string]string{"a": "b", "b": "", "c": "x"}[s.Key] },
		"swapped":  func(s merge.Sample) string { return map[string]string{"a": "b", "b": "a"}[s.Key] },
	}
	rapid.Check(t, func(t *rapid.T) {
		w := &world{now: noon}
		m := newMemory()
		set := grouped(nil)
		s := m.restart(set, w.now)
		w.start()
		remember := &rememberer{last: map[string]remembered{}}
		last := map[string]uint64{}
		anyone := func(t *rapid.T) *program { return rapid.SampledFrom(w.alive).Draw(t, "program") }
		scrape := func(p *program, address string) {
			a := w.ask(p, address)
			w.deliver(a)
			remember.fold(s, a)
		}
		restart := func() {
			clear(remember.last)
			s = m.restart(set, w.now)
		}
		t.Repeat(map[string]func(*rapid.T){
			"raise": func(t *rapid.T) {
				w.raise(anyone(t), rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key"), rapid.Uint64Range(1, 20).Draw(t, "n"))
			},
			"start":   func(*rapid.T) { w.start() },
			"restart": func(t *rapid.T) { w.stop(anyone(t)); w.start() },
			"scrape":  func(t *rapid.T) { scrape(anyone(t), rapid.SampledFrom([]string{"a:80", "b:80"}).Draw(t, "address")) },
			"other rules": func(t *rapid.T) {
				set = grouped(rules[rapid.SampledFrom([]string{"none", "all", "by class", "two", "swapped"}).Draw(t, "rules")])
				s.Configure(set)
			},
			"decide": func(t *rapid.T) {
				key := rapid.SampledFrom([]string{"a", "b", "c", "all", "E", "x"}).Draw(t, "key")
				s.Decide([]string{merge.ExceptionID("shop", key)}, drawDecision(t, w.now))
				s.Commit()
			},
			"flush":     func(*rapid.T) { s.Flush() },
			"be killed": func(*rapid.T) { restart() },
			"stop and start": func(*rapid.T) {
				s.Flush()
				restart()
			},
			"": func(t *rapid.T) {
				w.now = w.now.Add(2 * time.Second)
				s.now = w.now
				var told, counted uint64
				for _, n := range w.truth() {
					told += n
				}
				now := counts(s)
				for key, n := range now {
					counted += n
					if n < last[key] {
						t.Fatalf("%s fell from %d to %d", key, last[key], n)
					}
				}
				last = now
				if counted != told {
					t.Fatalf("%d were told, %d are counted: %v", told, counted, counts(s))
				}
			},
		})
	})
}
