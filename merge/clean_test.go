package merge_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// replacing returns settings that redact one word everywhere.
func replacing(word, with string) merge.Settings {
	return settings(func(s *merge.Settings) {
		s.Redact = func(o *periskop.Occurrence) {
			for e := &o.Error; e != nil; e = e.Cause {
				e.Message = strings.ReplaceAll(e.Message, word, with)
				for i := range e.Stacktrace {
					e.Stacktrace[i] = strings.ReplaceAll(e.Stacktrace[i], word, with)
				}
			}
		}
	})
}

// TestRedaction redacts stack traces that were seen before too, and as the settings say
// by then.
func TestRedaction(t *testing.T) {
	raise := func(uuid string, minute int) periskop.Occurrence {
		return periskop.Occurrence{UUID: uuid, Timestamp: at(minute), Error: periskop.Exception{
			Message: "secret", Stacktrace: []string{"main", "f(secret)"},
			Cause: &periskop.Exception{Message: "a secret", Stacktrace: []string{"secret"}},
		}}
	}
	k := func(total uint64, occurrences ...periskop.Occurrence) []periskop.Aggregate {
		return []periskop.Aggregate{aggregate("k", total, at(1), occurrences...)}
	}
	s := newState(replacing("secret", "***"))
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)},
		answer{uuid: "A", at: at(2), reports: k(1, raise("1", 1))},
		answer{uuid: "A", at: at(3), reports: k(2, raise("2", 2))})
	s.Configure(replacing("secret", "---"))
	fold(s, answer{uuid: "A", at: at(4), reports: k(3, raise("3", 3))})
	var got []periskop.Exception
	for _, o := range s.Snapshot().Find(merge.ExceptionID("shop", "k")).Occurrences() {
		got = append(got, o.Error)
	}
	want := func(with string) periskop.Exception {
		return periskop.Exception{
			Message: with, Stacktrace: []string{"main", "f(" + with + ")"},
			Cause: &periskop.Exception{Message: "a " + with, Stacktrace: []string{with}},
		}
	}
	if diff := cmp.Diff(got, []periskop.Exception{want("---"), want("***"), want("***")}); diff != "" {
		t.Errorf("newest first (-got +want):\n%s", diff)
	}
}

// TestSecretsInNames hides what is secret in what tells things apart, and still tells them
// apart where they are counted.
func TestSecretsInNames(t *testing.T) {
	word := regexp.MustCompile(`secret\d`)
	s := newState(settings(func(s *merge.Settings) {
		s.RedactText = func(text string) string { return word.ReplaceAllString(text, "***") }
		s.Services[0].GroupBy = []string{"team"}
	}))
	tell := func(uuid string, minute int, reports ...periskop.Aggregate) answer {
		return answer{uuid: uuid, target: "a:80", labels: map[string]string{"team": "x secret1"}, at: at(minute), reports: reports}
	}
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)},
		tell("secret1", 2, aggregate("k secret1", 3, at(1)), aggregate("k secret2", 5, at(1))),
		tell("secret2", 3, aggregate("k secret1", 2, at(2)), aggregate("k secret2", 1, at(2))))
	for key, want := range map[string]uint64{"k secret1": 5, "k secret2": 6} {
		e := s.Snapshot().Find(merge.ExceptionID("shop", key))
		if e == nil {
			t.Errorf("%s is not known by the hash of all of it", key)
			continue
		}
		if got := e.Counts[0].Counted; e.Key != "k ***" || got != want || e.Counts[0].Group.Value("team") != "x ***" {
			t.Errorf("%s is shown as %q of %v and counted %d times, want %d", key, e.Key, e.Counts[0].Group, got, want)
		}
	}
	var ids []string
	_, processes := s.Processes("shop")
	for _, p := range processes {
		ids = append(ids, p.UUID)
	}
	if text := strings.Join(ids, " "); len(ids) != 3 || strings.Contains(text, "secret") {
		t.Errorf("the processes are %q", ids)
	}
}

// TestLongGroup has targets whose group labels are as long as they like: what is exposed and
// kept of them has the length of a label, and two that differ at the end stay apart.
func TestLongGroup(t *testing.T) {
	s := newState(settings(func(s *merge.Settings) { s.Services[0].GroupBy = []string{"team"} }))
	long := strings.Repeat("x", 40_000)
	for i, team := range []string{long + "1", long + "2"} {
		target := string(rune('a'+i)) + ":80"
		fold(s, answer{target: target, at: at(0), labels: map[string]string{"team": team}},
			answer{target: target, at: at(2), labels: map[string]string{"team": team}, reports: []periskop.Aggregate{aggregate("k", 3, at(1))}})
	}
	groups := map[string]bool{}
	for _, c := range s.Snapshot().Find(merge.ExceptionID("shop", "k")).Counts {
		team := c.Group.Value("team")
		groups[team] = true
		if len(team) > 256 {
			t.Errorf("a label has %d bytes", len(team))
		}
	}
	if len(groups) != 2 {
		t.Errorf("got %d groups, want 2", len(groups))
	}
}
