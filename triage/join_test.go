package triage_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/periskop-exporter/periskop_exporter/triage"
)

func minute(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

// TestJoinKeeps keeps lists that were handed out as they were.
func TestJoinKeeps(t *testing.T) {
	var list []triage.Decision
	for i := range 2 * triage.MaxHistory {
		before := list
		list = triage.Join(list, []triage.Decision{{Kind: triage.Noted, At: minute(i), Reason: fmt.Sprint(i)}})
		other := triage.Join(before, []triage.Decision{{Kind: triage.Resolved, At: minute(i)}})
		if last := list[len(list)-1]; last.Reason != fmt.Sprint(i) || other[len(other)-1].Kind != triage.Resolved {
			t.Fatalf("after %d decisions the last is %v", i, last)
		}
	}
	if len(list) != triage.MaxHistory || list[0].Reason != fmt.Sprint(triage.MaxHistory) {
		t.Errorf("%d are kept, the first is %v", len(list), list[0])
	}
}

// TestStanding asks what holds.
func TestStanding(t *testing.T) {
	d := func(kind triage.Kind, at int) triage.Decision { return triage.Decision{Kind: kind, At: minute(at)} }
	ended := func(kind triage.Kind, at, of int) triage.Decision {
		return triage.Decision{Kind: kind, At: minute(at), Of: minute(of)}
	}
	for name, c := range map[string]struct {
		history []triage.Decision
		want    triage.Kind // "" for nothing
	}{
		"nothing":                          {nil, ""},
		"a note":                           {[]triage.Decision{d(triage.Noted, 1)}, ""},
		"resolved":                         {[]triage.Decision{d(triage.Resolved, 1), d(triage.Noted, 2)}, triage.Resolved},
		"reopened":                         {[]triage.Decision{d(triage.Resolved, 1), d(triage.Reopened, 2)}, ""},
		"resolved once more":               {[]triage.Decision{d(triage.Resolved, 1), d(triage.Reopened, 2), d(triage.Resolved, 3)}, triage.Resolved},
		"come back":                        {[]triage.Decision{d(triage.Resolved, 1), ended(triage.Regressed, 2, 1)}, ""},
		"another one has come back":        {[]triage.Decision{d(triage.Resolved, 1), d(triage.Resolved, 2), ended(triage.Regressed, 3, 1)}, triage.Resolved},
		"muted, and resolved":              {[]triage.Decision{d(triage.Muted, 1), d(triage.Resolved, 2)}, triage.Resolved},
		"resolved, and muted":              {[]triage.Decision{d(triage.Resolved, 1), d(triage.Muted, 2)}, triage.Muted},
		"to reopen takes back no mute":     {[]triage.Decision{d(triage.Muted, 1), d(triage.Reopened, 2)}, triage.Muted},
		"unmuted":                          {[]triage.Decision{d(triage.Muted, 1), d(triage.Unmuted, 2)}, ""},
		"to unmute takes no resolve back":  {[]triage.Decision{d(triage.Resolved, 1), d(triage.Unmuted, 2)}, triage.Resolved},
		"returned":                         {[]triage.Decision{d(triage.Muted, 1), ended(triage.Returned, 2, 1)}, ""},
		"what was before a mute stays off": {[]triage.Decision{d(triage.Resolved, 1), d(triage.Muted, 2), ended(triage.Returned, 3, 2)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := triage.Standing(triage.Join(nil, c.history))
			if got == nil != (c.want == "") || got != nil && got.Kind != c.want {
				t.Errorf("got %v, want %q", got, c.want)
			}
		})
	}
}

// TestOneEnd joins what two replicas found out of the same resolution.
func TestOneEnd(t *testing.T) {
	resolved := triage.Decision{Kind: triage.Resolved, At: minute(1)}
	a := triage.Join(nil, []triage.Decision{resolved, {Kind: triage.Regressed, At: minute(6), Of: minute(1)}})
	b := triage.Join(nil, []triage.Decision{resolved, {Kind: triage.Regressed, At: minute(5), Of: minute(1)}})
	want := []triage.Decision{resolved, {Kind: triage.Regressed, At: minute(5), Of: minute(1)}}
	for name, got := range map[string][]triage.Decision{"a with b": triage.Join(a, b), "b with a": triage.Join(b, a)} {
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
}

// drawHistory is any history, of few times, so that they meet.
func drawHistory(t *rapid.T, name string) []triage.Decision {
	n := rapid.IntRange(0, 150).Draw(t, name)
	var list []triage.Decision
	for range n {
		d := triage.Decision{
			Kind: rapid.SampledFrom(triage.Kinds()).Draw(t, "kind"), At: minute(rapid.IntRange(0, 100).Draw(t, "at")),
			By: rapid.SampledFrom([]string{"ada", "bob"}).Draw(t, "by"),
		}
		if d.Kind == triage.Regressed || d.Kind == triage.Returned {
			d.Of = minute(rapid.IntRange(0, 100).Draw(t, "of"))
			d.At = d.Of.Add(d.At.Sub(noon))
		}
		list = append(list, d)
	}
	return triage.Join(nil, list)
}

// TestJoinIsThatOfSets joins in any order and grouping, and as often as it may be.
func TestJoinIsThatOfSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawHistory(t, "a"), drawHistory(t, "b"), drawHistory(t, "c")
		all := triage.Join(triage.Join(a, b), c)
		for name, got := range map[string][]triage.Decision{
			"another order":    triage.Join(c, triage.Join(b, a)),
			"another grouping": triage.Join(a, triage.Join(b, c)),
			"more than once":   triage.Join(triage.Join(all, a), triage.Join(b, all)),
		} {
			if diff := cmp.Diff(got, all); diff != "" {
				t.Fatalf("%s (-got +want):\n%s", name, diff)
			}
		}
		if len(all) > triage.MaxHistory+6 {
			t.Fatalf("%d are kept", len(all))
		}
		whole := triage.Standing(slices.Concat(all))
		if again := triage.Standing(triage.Join(all, a)); !cmp.Equal(whole, again) {
			t.Fatalf("%v holds, and then %v", whole, again)
		}
	})
}

func TestSound(t *testing.T) {
	latest := minute(5)
	for name, c := range map[string]struct {
		decision triage.Decision
		want     bool
	}{
		"a resolution":            {triage.Decision{Kind: triage.Resolved, At: noon}, true},
		"of the future":           {triage.Decision{Kind: triage.Resolved, At: minute(6)}, false},
		"of no time":              {triage.Decision{Kind: triage.Resolved}, false},
		"of a time before clocks": {triage.Decision{Kind: triage.Resolved, At: time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC)}, false},
		"of nothing that is":      {triage.Decision{Kind: "deleted", At: noon}, false},
		"a reset":                 {triage.Decision{Kind: triage.Reset, At: noon}, false},
		"an end of nothing":       {triage.Decision{Kind: triage.Regressed, At: noon}, false},
		"an end":                  {triage.Decision{Kind: triage.Regressed, At: noon, Of: noon}, true},
		"an end before it":        {triage.Decision{Kind: triage.Returned, At: noon, Of: minute(1)}, false},
		"a resolution that ends":  {triage.Decision{Kind: triage.Resolved, At: noon, Until: triage.Until{Growth: 1}}, false},
		"a mute that ends":        {triage.Decision{Kind: triage.Muted, At: noon, Until: triage.Until{Growth: 1, Time: minute(-5)}}, true},
		"a mute of past all time": {triage.Decision{Kind: triage.Muted, At: noon, Until: triage.Until{Time: time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC)}}, false},
		"a note of nothing":       {triage.Decision{Kind: triage.Noted, At: noon, Reason: " "}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.decision.Sound(latest); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
