package merge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

var idOfK = merge.ExceptionID("shop", "k")

func (s *testState) mute(now time.Time, until triage.Until) {
	s.now = now
	s.Decide([]string{idOfK}, triage.Decision{Kind: triage.Muted, By: "ada", Reason: "known", Until: until})
}

// muted says what everybody is shown of the mute of k: the gauge, the state, and whether a direct
// alert goes on.
func (s *testState) muted(now time.Time) string {
	s.now = now
	x := s.Exposition()
	e := s.Snapshot().Find(idOfK)
	return fmt.Sprintf("gauge %d, muted %v, open %v, alert %v", len(x.Muted), e.Muted != nil, e.Open(), e.Active(now, time.Hour))
}

const (
	isOpen  = "gauge 0, muted false, open true, alert true"
	isMuted = "gauge 1, muted true, open false, alert false"
	isQuiet = "gauge 0, muted false, open true, alert false"
)

// muteWorld has an exception that was counted five times, in version 1.0.
func muteWorld(m *memory) *testState {
	s := m.restart(settings(keepLabels("version")), noon)
	fold(s, answer{uuid: "A", at: at(0)}, grown(5, 2, "1.0"))
	return s
}

func grown(total uint64, minute int, version string) answer {
	return answer{
		uuid: "A", at: at(minute), labels: map[string]string{"version": version},
		reports: []periskop.Aggregate{aggregate("k", total, at(1), periskop.Occurrence{UUID: fmt.Sprint(total), Timestamp: at(minute)})},
	}
}

// TestMute ends mutes by each of their conditions, with a restart after each step, by a crash and
// with everything written in turn.
func TestMute(t *testing.T) {
	type step struct {
		name string
		do   func(s *testState) string
		want string
	}
	look := func(minute int) func(*testState) string {
		return func(s *testState) string { return s.muted(at(minute)) }
	}
	grow := func(total uint64, minute int, version string) func(*testState) string {
		return func(s *testState) string { fold(s, grown(total, minute, version)); return s.muted(at(minute)) }
	}
	mute := func(minute int, until triage.Until) func(*testState) string {
		return func(s *testState) string { s.mute(at(minute), until); return s.muted(at(minute)) }
	}
	decide := func(minute int, kind triage.Kind) func(*testState) string {
		return func(s *testState) string {
			s.now = at(minute)
			s.Decide([]string{idOfK}, triage.Decision{Kind: kind, By: "bob"})
			return s.muted(at(minute))
		}
	}
	for name, steps := range map[string][]step{
		"until a time": {
			{"muted", mute(3, triage.Until{Time: at(60)}), isMuted},
			{"grown", grow(9, 50, "1.0"), isMuted},
			{"before the time", look(59), isMuted},
			{"at the time it is as if it had not been muted", look(60), isOpen},
			{"quiet", look(111), isQuiet},
		},
		"until it grew": {
			{"muted", mute(3, triage.Until{Growth: 4}), isMuted},
			{"grown by less", grow(8, 4, "1.0"), isMuted},
			{"grown by as much", grow(9, 200, "1.0"), isOpen},
			{"again", mute(201, triage.Until{Growth: 4}), isMuted},
			{"grown by less again", grow(12, 202, "1.0"), isMuted},
		},
		"until a new version": {
			{"muted", mute(3, triage.Until{Version: true}), isMuted},
			{"the same version", grow(8, 4, "1.0"), isMuted},
			{"without a version", grow(9, 5, ""), isMuted},
			{"another version", grow(10, 200, "1.1"), isOpen},
		},
		"whichever comes first": {
			{"muted", mute(3, triage.Until{Time: at(60), Growth: 100, Version: true}), isMuted},
			{"another version", grow(6, 4, "1.1"), isOpen},
			{"and no more at the time", look(61), isOpen},
		},
		"for good": {
			{"muted", mute(3, triage.Until{}), isMuted},
			{"grown", grow(1_000_000, 4, "1.1"), isMuted},
			{"years later", look(60 * 24 * 2000), isMuted},
			{"taken back", decide(60*24*2000+1, triage.Unmuted), isQuiet},
		},
		"resolved": {
			{"muted", mute(3, triage.Until{}), isMuted},
			{"resolved in place of it", decide(4, triage.Resolved), "gauge 0, muted false, open false, alert false"},
			{"muted in place of that", mute(5, triage.Until{}), isMuted},
			{"a note changes nothing", decide(6, triage.Noted), isMuted},
		},
	} {
		for _, written := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, written %v", name, written), func(t *testing.T) {
				m := newMemory()
				s := muteWorld(m)
				for _, step := range steps {
					if got := step.do(s); got != step.want {
						t.Errorf("%s: got %s, want %s", step.name, got, step.want)
					}
					if got := counts(s)["k"]; got < 5 {
						t.Errorf("%s: the count is %d", step.name, got)
					}
					if written {
						s.Flush()
					}
					before := s.Snapshot().Find(idOfK)
					s = m.restart(settings(keepLabels("version")), s.now)
					if diff := cmp.Diff(s.Snapshot().Find(idOfK).Decisions, before.Decisions); diff != "" {
						t.Errorf("%s: decisions after a restart (-got +want):\n%s", step.name, diff)
					}
					if diff := cmp.Diff(s.Snapshot().Find(idOfK).Muted, before.Muted); diff != "" {
						t.Errorf("%s: mute after a restart (-got +want):\n%s", step.name, diff)
					}
				}
			})
		}
	}
}

// TestDecisions reads the history of an exception.
func TestDecisions(t *testing.T) {
	s := muteWorld(newMemory())
	decide := func(minute int, d triage.Decision) {
		s.now = at(minute)
		s.Decide([]string{idOfK}, d)
	}
	decide(3, triage.Decision{Kind: triage.Resolved, By: "ada", Reason: "fixed in 1.1"})
	fold(s, grown(6, 4, "1.0"))
	decide(5, triage.Decision{Kind: triage.Noted, By: "bob", Reason: "not fixed"})
	decide(6, triage.Decision{Kind: triage.Muted, Until: triage.Until{Growth: 2}})
	fold(s, grown(8, 7, "1.0"))
	s.now = at(8)
	s.Reset(idOfK, "eve")
	want := []string{"resolved ada fixed in 1.1", "regressed ada fixed in 1.1", "noted bob not fixed", "muted", "returned", "reset eve"}
	var got []string
	for i, d := range s.Snapshot().Find(idOfK).Decisions {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", d.Kind, d.By, d.Reason)))
		if !d.At.Equal(at(3 + i)) {
			t.Errorf("%s is of %s", d.Kind, d.At)
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("history (-got +want):\n%s", diff)
	}
	for i := range 100 {
		decide(9, triage.Decision{Kind: triage.Noted, Reason: fmt.Sprint(i)})
	}
	list := s.Snapshot().Find(idOfK).Decisions
	decisive := 4 // the resolution and the mute, and what became of them
	if len(list) != triage.MaxHistory+decisive || list[len(list)-1].Reason != "99" {
		t.Errorf("%d decisions are kept, the last %q", len(list), list[len(list)-1].Reason)
	}
}

// TestMutedOfService asks for the metrics of some services.
func TestMutedOfService(t *testing.T) {
	s := openState(merge.Options{ServiceLabel: "service", Settings: settings()})
	fold(s, answer{uuid: "A", at: at(0)}, grown(5, 2, ""))
	s.mute(at(3), triage.Until{})
	for services, want := range map[string]int{"shop": 1, "other": 0} {
		x, _ := s.Expose(merge.Scraper{Services: []string{services}})
		if len(x.Muted) != want {
			t.Errorf("of %s: %v are muted", services, x.Muted)
		}
	}
}

// TestMutedStays has an exception that is muted for good stay when nobody reports it any more, so
// that it is muted still when it comes back.
func TestMutedStays(t *testing.T) {
	for name, mute := range map[string]bool{"muted": true, "not muted": false} {
		t.Run(name, func(t *testing.T) {
			s := muteWorld(newMemory())
			if mute {
				s.mute(at(3), triage.Until{})
			}
			s.Maintain(at(60 * 24 * 8))
			s.Maintain(at(60 * 24 * 9))
			if got := s.Snapshot().Find(idOfK) != nil; got != mute {
				t.Errorf("it is there: %v, want %v", got, mute)
			}
			s.Configure(merge.Settings{}) // the service is gone, and does not stay for it
			s.Maintain(at(60 * 24 * 20))
			if got := s.Services(); len(got) != 0 {
				t.Errorf("the services are %q", got)
			}
		})
	}
}

// TestDecideMany decides about all that there are of what is named.
func TestDecideMany(t *testing.T) {
	m := newMemory()
	s := m.restart(settings(), noon)
	var reports []periskop.Aggregate
	var ids []string
	for i := range 300 {
		reports = append(reports, aggregate(fmt.Sprint(i), 1, at(1)))
		ids = append(ids, merge.ExceptionID("shop", fmt.Sprint(i)), merge.ExceptionID("shop", fmt.Sprint(i)), "nonsense", merge.ExceptionID("no shop", fmt.Sprint(i)))
	}
	fold(s, answer{uuid: "A", at: at(0)}, answer{uuid: "A", at: at(2), reports: reports})
	s.Commit()
	events := len(m.events)
	if n := s.Decide(ids, triage.Decision{Kind: triage.Resolved, Reason: "all"}); n != 300 {
		t.Errorf("%d are resolved", n)
	}
	s.Commit()
	if n := len(m.events) - events; n != 1 {
		t.Errorf("it is %d events", n)
	}
	s = m.restart(settings(), at(3))
	for _, e := range s.Snapshot().Services[0].Exceptions {
		if e.Resolved == nil {
			t.Fatalf("%s is not resolved after a crash", e.Key)
		}
	}
	if n := s.Decide([]string{"0123456789abcdef", ""}, triage.Decision{Kind: triage.Resolved}); n != 0 {
		t.Errorf("%d of none are resolved", n)
	}
}
