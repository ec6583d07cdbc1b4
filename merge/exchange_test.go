package merge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// A replica is one of several states that scrape the same and tell each other.
type replica struct {
	*testState
	m    *memory
	skew time.Duration
	// read is how far it has read each of the others.
	read map[*replica]uint64
}

// replicas are those of one time.
type replicas struct {
	now time.Time
	all []*replica
}

func newReplicas(skews ...time.Duration) *replicas {
	w := &replicas{now: noon}
	for _, skew := range skews {
		r := &replica{m: newMemory(), skew: skew}
		w.start(r)
		w.all = append(w.all, r)
	}
	return w
}

// start starts a replica with what its store has: it was killed, or is new.
func (w *replicas) start(r *replica) {
	r.testState = r.m.restart(settings(keepLabels("version")), w.now.Add(r.skew))
	r.read = map[*replica]uint64{}
}

// pass lets time pass.
func (w *replicas) pass(d time.Duration) {
	w.now = w.now.Add(d)
	for _, r := range w.all {
		r.now = w.now.Add(r.skew)
	}
}

// scrape has a replica ask the target whose clock is right.
func (r *replica) scrape(w *replicas, a answer) {
	a.date, a.at = w.now, w.now.Add(r.skew)
	fold(r.testState, a)
}

// ask has a replica read another one, and returns about how many exceptions it heard news.
func (r *replica) ask(other *replica) int {
	list, next, _ := other.Decided(r.read[other], 1000)
	r.read[other] = next
	for i := range list {
		list[i].Decisions = append([]triage.Decision{}, list[i].Decisions...)
		if !list[i].Made.IsZero() {
			list[i].Made = r.now.Add(list[i].Made.Sub(other.now))
		}
	}
	n, _ := r.Take(list)
	r.Commit()
	return n
}

// tell has all ask all, until nobody hears news.
func (w *replicas) tell() (rounds int) {
	for rounds = 0; rounds < 10; rounds++ {
		n := 0
		for _, r := range w.all {
			for _, other := range w.all {
				if r != other {
					n += r.ask(other)
				}
			}
		}
		if n == 0 {
			break
		}
	}
	return rounds
}

func (r *replica) decide(kind triage.Kind, by string) {
	r.Decide([]string{idOfK}, triage.Decision{Kind: kind, By: by, Reason: "because"})
	r.Commit()
}

// standing is what everybody is shown of k.
func (r *replica) standing() string {
	e := r.Snapshot().Find(idOfK)
	switch {
	case e == nil:
		return "unknown"
	case e.Resolved != nil:
		return fmt.Sprintf("resolved by %s, %d regressions", e.Resolved.By, e.Regressions)
	case e.Muted != nil:
		return fmt.Sprintf("muted by %s, %d regressions", e.Muted.By, e.Regressions)
	}
	return fmt.Sprintf("open, %d regressions, alert %v", e.Regressions, e.Active(r.now, time.Hour))
}

func (w *replicas) check(t *testing.T, when string, want ...string) {
	t.Helper()
	for i, r := range w.all {
		if got := r.standing(); got != want[min(i, len(want)-1)] {
			t.Errorf("%s, replica %d: got %q, want %q", when, i, got, want[min(i, len(want)-1)])
		}
	}
}

// occurred is what the target tells when the n-th has occurred at that time.
func occurred(n uint64, when time.Time) answer {
	return answer{uuid: "A", reports: []periskop.Aggregate{aggregate("k", n, at(1), periskop.Occurrence{UUID: fmt.Sprint(n), Timestamp: when})}}
}

// known is two replicas, a minute apart, that have counted five of k.
func known() (w *replicas, a, b *replica) {
	w = newReplicas(-30*time.Second, 30*time.Second)
	a, b = w.all[0], w.all[1]
	for _, r := range w.all {
		r.scrape(w, answer{uuid: "A"})
	}
	w.pass(2 * time.Minute)
	for _, r := range w.all {
		r.scrape(w, occurred(5, w.now))
	}
	w.pass(time.Minute)
	return w, a, b
}

// TestLastDecisionWins decides on one replica after the other, whose clock is behind.
func TestLastDecisionWins(t *testing.T) {
	w, a, b := known()
	b.decide(triage.Muted, "bob")
	w.tell()
	w.check(t, "muted on the one that is ahead", "muted by bob, 0 regressions")
	w.pass(time.Second)
	a.decide(triage.Resolved, "ada")
	w.tell()
	w.check(t, "resolved on the one that is behind", "resolved by ada, 0 regressions")
	w.pass(time.Second)
	b.decide(triage.Reopened, "bob")
	w.tell()
	w.check(t, "reopened", "open, 0 regressions, alert true")
}

// TestDecisionsOverAPartition decides on both for ten minutes, of which neither hears.
func TestDecisionsOverAPartition(t *testing.T) {
	w, a, b := known()
	a.decide(triage.Muted, "ada")
	w.pass(10 * time.Minute)
	b.decide(triage.Resolved, "bob")
	a.decide(triage.Noted, "ada")
	w.check(t, "apart", "muted by ada, 0 regressions", "resolved by bob, 0 regressions")
	w.tell()
	w.check(t, "together", "resolved by bob, 0 regressions")
	if diff := cmp.Diff(a.Snapshot().Find(idOfK).Decisions, b.Snapshot().Find(idOfK).Decisions); diff != "" {
		t.Errorf("histories differ:\n%s", diff)
	}
}

// TestResolutionFromPeer grows before and after a resolution that was made on another replica.
func TestResolutionFromPeer(t *testing.T) {
	t.Run("what occurred before it is no regression, though it is told later", func(t *testing.T) {
		w, a, b := known()
		a.scrape(w, occurred(6, w.now))
		occurredAt := w.now
		w.pass(5 * time.Second)
		a.decide(triage.Resolved, "ada")
		w.tell()
		w.pass(20 * time.Second)
		b.scrape(w, occurred(6, occurredAt))
		w.tell()
		w.check(t, "told late", "resolved by ada, 0 regressions")
		if got := counts(b.testState)["k"]; got != 6 {
			t.Errorf("%d are counted, want 6", got)
		}
		w.pass(time.Minute)
		b.scrape(w, occurred(7, w.now))
		w.check(t, "it occurs again, as one knows", "resolved by ada, 0 regressions", "open, 1 regressions, alert true")
		w.tell()
		w.check(t, "as both know", "open, 1 regressions, alert true")
		a.scrape(w, occurred(7, w.now))
		w.tell()
		w.check(t, "as both have counted", "open, 1 regressions, alert true")
	})
	t.Run("what was counted before it is no regression", func(t *testing.T) {
		w, a, b := known()
		b.scrape(w, occurred(6, w.now))
		w.pass(5 * time.Second)
		a.decide(triage.Resolved, "ada")
		w.tell()
		w.check(t, "counted on the other before", "resolved by ada, 0 regressions")
	})
	t.Run("what was counted after it, before it was told, is", func(t *testing.T) {
		w, a, b := known()
		a.decide(triage.Resolved, "ada")
		w.pass(5 * time.Minute)
		b.scrape(w, occurred(6, w.now))
		w.pass(5 * time.Minute)
		w.tell()
		w.check(t, "counted meanwhile", "open, 1 regressions, alert true")
		for i, r := range w.all {
			series := r.Exposition().Regressed
			if len(series) != 1 {
				t.Errorf("replica %d: %d series of regressions", i, len(series))
			}
		}
	})
	t.Run("both find the same regression out, and it is one", func(t *testing.T) {
		w, a, b := known()
		a.decide(triage.Resolved, "ada")
		w.tell()
		w.pass(time.Minute)
		a.scrape(w, occurred(6, w.now))
		b.scrape(w, occurred(6, w.now))
		w.check(t, "apart", "open, 1 regressions, alert true")
		if rounds := w.tell(); rounds > 2 {
			t.Errorf("%d rounds", rounds)
		}
		w.check(t, "together", "open, 1 regressions, alert true")
		w.pass(time.Minute)
		a.decide(triage.Resolved, "ada")
		w.tell()
		w.check(t, "resolved once more", "resolved by ada, 1 regressions")
	})
}

// TestMuteFromPeer ends a mute on the replica that finds out first.
func TestMuteFromPeer(t *testing.T) {
	for name, c := range map[string]struct {
		until triage.Until
		end   func(w *replicas, a, b *replica)
		want  string
	}{
		"by growth, which one sees": {triage.Until{Growth: 2}, func(w *replicas, _, b *replica) { b.scrape(w, occurred(7, w.now)) }, "open, 0 regressions, alert true"},
		"by a version, which one sees": {triage.Until{Version: true}, func(w *replicas, a, _ *replica) {
			next := occurred(6, w.now)
			next.labels = map[string]string{"version": "2"}
			a.scrape(w, next)
		}, "open, 0 regressions, alert true"},
		"by its time": {triage.Until{Time: at(20)}, func(w *replicas, _, _ *replica) { w.pass(30 * time.Minute) }, "open, 0 regressions, alert true"},
	} {
		t.Run(name, func(t *testing.T) {
			w, a, b := known()
			a.Decide([]string{idOfK}, triage.Decision{Kind: triage.Muted, By: "ada", Until: c.until})
			w.tell()
			w.check(t, "muted", "muted by ada, 0 regressions")
			c.end(w, a, b)
			w.tell()
			w.check(t, "ended", c.want)
			if got := len(b.Snapshot().Find(idOfK).Decisions); got != 2 {
				t.Errorf("%d entries, want the mute and its end: %v", got, b.Snapshot().Find(idOfK).Decisions)
			}
		})
	}
}

// TestUnknownException hears of a decision before the exception is known, and is killed at each step.
func TestUnknownException(t *testing.T) {
	w := newReplicas(0, 0)
	a, b := w.all[0], w.all[1]
	a.scrape(w, answer{uuid: "A"})
	b.scrape(w, answer{uuid: "A"})
	w.pass(2 * time.Minute)
	a.scrape(w, occurred(5, w.now))
	when := w.now
	w.pass(time.Minute)
	a.decide(triage.Muted, "ada")
	b.ask(a)
	w.check(t, "not scraped yet", "muted by ada, 0 regressions", "unknown")
	b.scrape(w, occurred(5, when))
	w.check(t, "scraped", "muted by ada, 0 regressions")
	w.start(b)
	w.check(t, "killed", "muted by ada, 0 regressions")
	b.ask(a)
	w.check(t, "told all again", "muted by ada, 0 regressions")
}

// TestHostilePeer tells what nobody has decided.
func TestHostilePeer(t *testing.T) {
	w, a, _ := known()
	future := triage.Decision{Kind: triage.Muted, At: w.now.Add(time.Hour), By: "eve"}
	if n, refused := a.Take([]merge.Decided{{Service: "shop", ID: idOfK, Decisions: []triage.Decision{future}}}); n != 0 || refused != 1 {
		t.Errorf("%d taken and %d refused of the future", n, refused)
	}
	var many []merge.Decided
	for i := range 100_000 {
		many = append(many, merge.Decided{Service: "shop", ID: fmt.Sprintf("%016x", i), Decisions: []triage.Decision{{Kind: triage.Muted, At: w.now}}})
		many = append(many, merge.Decided{Service: "elsewhere", ID: fmt.Sprintf("%016x", i), Decisions: []triage.Decision{{Kind: triage.Muted, At: w.now}}})
	}
	many = append(many, merge.Decided{Service: "shop", ID: "nonsense"}, merge.Decided{Service: "shop", ID: idOfK, Decisions: []triage.Decision{{Kind: "deleted", At: w.now}}})
	if n, _ := a.Take(many); n != 0 {
		t.Errorf("%d were taken of what is not here", n)
	}
	var notes []triage.Decision
	for i := range 10_000 {
		notes = append(notes, triage.Decision{Kind: triage.Noted, At: w.now.Add(-time.Duration(i) * time.Second), Reason: "x"})
	}
	a.Take([]merge.Decided{{Service: "shop", ID: idOfK, Decisions: notes}})
	if n := len(a.Snapshot().Find(idOfK).Decisions); n > triage.MaxHistory {
		t.Errorf("%d notes are kept", n)
	}
	if list, _, _ := a.Decided(0, 1000); len(list) != 1 {
		t.Errorf("%d exceptions are told on", len(list))
	}
	w.check(t, "after all", "open, 0 regressions, alert true")
}

// TestDecidedIsReadInParts reads many decisions a few at a time, while more are made.
func TestDecidedIsReadInParts(t *testing.T) {
	s := newState(settings())
	var reports []periskop.Aggregate
	for i := range 300 {
		reports = append(reports, aggregate(fmt.Sprint(i), 1, at(1)))
	}
	fold(s, answer{uuid: "A", at: at(0)}, answer{uuid: "A", at: at(2), reports: reports})
	decide := func(i int) {
		s.now = s.now.Add(time.Second)
		s.Decide([]string{merge.ExceptionID("shop", fmt.Sprint(i))}, triage.Decision{Kind: triage.Noted, Reason: "x"})
	}
	for i := range 300 {
		decide(i)
	}
	seen := map[string]int{}
	after, parts := uint64(0), 0
	for more := true; more; parts++ {
		var list []merge.Decided
		list, after, more = s.Decided(after, 40)
		for _, d := range list {
			seen[d.ID] = len(d.Decisions)
		}
		if parts == 3 {
			decide(0)
		}
	}
	if len(seen) != 300 || seen[merge.ExceptionID("shop", "0")] != 2 || parts < 7 {
		t.Errorf("%d exceptions were read in %d parts, the first with %d decisions", len(seen), parts, seen[merge.ExceptionID("shop", "0")])
	}
	if list, next, more := s.Decided(after, 40); len(list) != 0 || next != after || more {
		t.Errorf("nothing new, and yet %v", list)
	}
	if list, _, _ := s.Decided(1<<60, 1000); len(list) != 300 {
		t.Errorf("a point that is not of this state gives %d", len(list))
	}
}

// TestReplicasConverge lets three replicas, whose clocks are a minute apart, scrape, decide, be killed
// and tell each other in any order. In the end all are shown the same, and to tell it again changes
// nothing.
func TestReplicasConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newReplicas(-30*time.Second, 0, 30*time.Second)
		for _, r := range w.all {
			r.scrape(w, answer{uuid: "A"})
		}
		w.pass(2 * time.Minute)
		total, when := uint64(1), w.now
		one := rapid.SampledFrom(w.all)
		t.Repeat(map[string]func(*rapid.T){
			"occur":  func(*rapid.T) { total, when = total+1, w.now },
			"scrape": func(t *rapid.T) { one.Draw(t, "replica").scrape(w, occurred(total, when)) },
			"decide": func(t *rapid.T) {
				r := one.Draw(t, "replica")
				r.Decide([]string{idOfK}, drawDecision(t, r.now))
				r.Commit()
			},
			"ask": func(t *rapid.T) { one.Draw(t, "replica").ask(one.Draw(t, "other")) },
			"be killed": func(t *rapid.T) {
				r := one.Draw(t, "replica")
				before := r.decisions()
				w.start(r)
				r.checkDecisions(t, before)
			},
			"": func(t *rapid.T) { w.pass(time.Duration(rapid.IntRange(1, 200).Draw(t, "seconds")) * time.Second) },
		})
		for _, r := range w.all {
			r.scrape(w, occurred(total, when))
		}
		w.tell()
		for i, r := range w.all {
			if diff := cmp.Diff(history(r), history(w.all[0])); diff != "" {
				t.Fatalf("replicas %d and 0 do not show the same (-%[1]d +0):\n%s", i, diff)
			}
		}
		if rounds := w.tell(); rounds != 0 {
			t.Fatalf("there is news when all was told")
		}
	})
}

// history is what was decided of k, and what became of it.
func history(r *replica) string {
	e := r.Snapshot().Find(idOfK)
	if e == nil {
		return ""
	}
	out := ""
	for _, d := range triage.Shared(e.Decisions) {
		out += fmt.Sprintf("%s %s %s %d\n", d.Kind, d.At.UTC(), d.By, d.Until.Growth)
	}
	return fmt.Sprintf("%sresolved %v, muted %v", out, e.Resolved != nil, e.Muted != nil)
}
