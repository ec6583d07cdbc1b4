package view

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fleet has, per service, targets in the states that the letters stand for: up, down
// and waiting.
func fleet(services map[string]string) (targets []periskop.ServiceTargets, health []periskop.TargetHealth) {
	for name, states := range services {
		st := periskop.ServiceTargets{Service: name, Answered: noon}
		for i, state := range states {
			t := &periskop.Target{Service: name, Instance: fmt.Sprintf("%c%02d", state, i), URL: fmt.Sprintf("http://%02d/", i)}
			st.Targets = append(st.Targets, t)
			// What was scraped is an equal target, not the same.
			same := *t
			h := periskop.TargetHealth{Target: &same}
			switch state {
			case 'u':
				h.Last = &periskop.Scrape{Result: periskop.Success, Start: noon.Add(-time.Minute)}
			case 'd':
				h.Last = &periskop.Scrape{Result: periskop.Timeout, Start: noon}
			}
			health = append(health, h)
		}
		targets = append(targets, st)
	}
	return targets, health
}

func viewOf(targets []periskop.ServiceTargets, health []periskop.TargetHealth) *view {
	return &view{Options: Options{
		Targets: func() []periskop.ServiceTargets { return targets },
		Health:  func() []periskop.TargetHealth { return health },
	}}
}

func TestTroubleFirst(t *testing.T) {
	targets, health := fleet(map[string]string{
		"all down": "dd", "none": "", "some down": "udd", "waiting": "ww", "fine": "u", "busy": "uw", "one down": "d", "problem": "u",
	})
	for i := range targets {
		if targets[i].Service == "problem" {
			targets[i].Problems = []string{"a file is missing"}
		}
	}
	snapshot := &merge.Snapshot{Services: []*merge.Service{
		{Name: "busy", Exceptions: []*merge.Exception{{LastSeen: noon.Add(-time.Hour)}, {LastSeen: noon}}},
		{Name: "not discovered"},
	}}
	list := viewOf(targets, health).services(snapshot, "")
	sortByTrouble(list)
	var got []string
	for _, s := range list {
		got = append(got, fmt.Sprintf("%s: %s, %s, %s", s.Name, s.tone(), s.targetsUp(), s.notUp()))
	}
	want := []string{
		"all down: bad, 0 of 2 up, 2 down",
		"one down: bad, 0 of 1 up, 1 down",
		"none: bad, no targets, ",
		"some down: warn, 1 of 3 up, 2 down",
		"problem: warn, 1 of 1 up, ",
		"not discovered: wait, waiting, ",
		"waiting: wait, waiting, 2 waiting",
		"busy: good, 1 of 2 up, 1 waiting",
		"fine: good, 1 of 1 up, ",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestTargetsPages(t *testing.T) {
	targets, health := fleet(map[string]string{"a": "uuuuuuuuuuuuuuuuuuuuuuuud", "b": "u", "c": "", "d": "d"})
	list := viewOf(targets, health).services(&merge.Snapshot{}, "")
	tests := []struct {
		name   string
		filter targetFilter
		want   []string
	}{
		{"first page", targetFilter{Page: 1}, []string{"d 1", "a 14 from d24"}},
		{"second page", targetFilter{Page: 2}, []string{"a 11 continued from u13", "b 1 from u00"}},
		{"past the end", targetFilter{Page: 9}, []string{"a 11 continued from u13", "b 1 from u00"}},
		{"one service", targetFilter{Service: "b"}, []string{"b 1 from u00"}},
		{"those that are down", targetFilter{State: targetDown}, []string{"d 1", "a 1 from d24"}},
		{"no such service", targetFilter{Service: "x"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newStatusPage(list, tt.filter, noon, links{"./"})
			var got []string
			for _, g := range p.Groups {
				s := fmt.Sprintf("%s %d", g.Name[0].Text, len(g.Targets))
				if g.Continued {
					s += " continued"
				}
				if len(g.Targets) > 0 && g.Name[0].Text != "d" {
					s += " from " + g.Targets[0].Instance[0].Text
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
			if (len(tt.want) == 0) != (p.Empty != nil) {
				t.Errorf("word about an empty list: %v", p.Empty)
			}
		})
	}
}

// TestDownFirst has two broken services among many, and one without targets.
func TestDownFirst(t *testing.T) {
	fleetOf := map[string]string{"aaa": "", "broken-1": "du", "broken-2": "uuuuuuuud"}
	for i := range 500 {
		fleetOf[fmt.Sprintf("fine-%03d", i)] = "u"
	}
	targets, health := fleet(fleetOf)
	list := viewOf(targets, health).services(&merge.Snapshot{}, "")
	p := newStatusPage(list, targetFilter{}, noon, links{"./"})
	var got []string
	for _, g := range p.Groups[:4] {
		got = append(got, fmt.Sprintf("%s: %s, continued: %t", g.Name[0].Text, g.Targets[0].State, g.Continued))
	}
	want := []string{"broken-1: down, continued: false", "broken-2: down, continued: false", "broken-1: up, continued: true", "broken-2: up, continued: true"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("groups (-got +want):\n%s", diff)
	}
	if p.Pager.Of != "511" {
		t.Errorf("%s targets, want 511: a service without any is none", p.Pager.Of)
	}
	if len(p.Discovery) != 1 || p.Discovery[0].Name[0].Text != "aaa" {
		t.Errorf("services without targets: got %v", p.Discovery)
	}
	var tally []string
	for _, c := range p.Tally {
		tally = append(tally, c.Text+" "+c.URL)
	}
	if diff := cmp.Diff(tally, []string{"2 down ./status?state=down", "509 up ./status?state=up"}); diff != "" {
		t.Errorf("tally (-got +want):\n%s", diff)
	}
}
