package merge_test

import (
	"regexp"
	"strconv"
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

// TestSecretsAtTheEnd has keys that are cut within a secret: nothing is left of it.
func TestSecretsAtTheEnd(t *testing.T) {
	word := regexp.MustCompile(`secret\d`)
	s := newState(settings(func(s *merge.Settings) {
		s.RedactText = func(text string) string { return word.ReplaceAllString(text, "***") }
	}))
	var reports []periskop.Aggregate
	for _, cut := range []int{4 << 10, 16 << 10} {
		for before := cut - 40; before < cut+2; before++ {
			for _, behind := range []string{"", strings.Repeat(" and more", 3000)} {
				reports = append(reports, aggregate("k "+strings.Repeat("-", before-2)+"secret1"+behind, 1, at(1)))
			}
		}
	}
	// All but the end of what is looked at are secrets, which become shorter.
	reports = append(reports, aggregate(strings.Repeat("secret1", 2340)+"secret1 and more", 1, at(1)))
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: reports})
	exceptions := s.Snapshot().Service("shop").Exceptions
	for _, e := range exceptions {
		if strings.Contains(e.Key, "s") || len(e.Key) > 4<<10 {
			t.Errorf("got a key of %d bytes that ends in %q", len(e.Key), e.Key[max(len(e.Key)-60, 0):])
		}
	}
	if len(exceptions) != len(reports) {
		t.Errorf("got %d exceptions, want %d", len(exceptions), len(reports))
	}
}

// TestSecretsAsUUIDs has two occurrences whose UUIDs are secrets, each reported again and again:
// they stay two. What readers type is redacted as well.
func TestSecretsAsUUIDs(t *testing.T) {
	word := regexp.MustCompile(`secret\d`)
	s := newState(settings(func(s *merge.Settings) {
		s.RedactText = func(text string) string { return word.ReplaceAllString(text, "***") }
		s.Redact = func(o *periskop.Occurrence) { o.UUID = s.RedactText(o.UUID) }
	}))
	one, two := periskop.Occurrence{UUID: "secret1", Timestamp: at(1)}, periskop.Occurrence{UUID: "secret2", Timestamp: at(1)}
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)},
		answer{uuid: "A", at: at(2), reports: []periskop.Aggregate{aggregate("k", 2, at(1), one, two)}},
		answer{uuid: "A", at: at(3), reports: []periskop.Aggregate{aggregate("k", 3, at(1), one, two)}})
	id := merge.ExceptionID("shop", "k")
	list := s.Snapshot().Find(id).Occurrences()
	if len(list) != 2 || list[0].UUID == list[1].UUID || !strings.HasPrefix(list[0].UUID, "***~") {
		t.Errorf("got %v, want two with a hash each", list)
	}
	s.State.Resolve(id, "secret1 was changed")
	if got := s.Snapshot().Find(id).Resolved.Reason; got != "*** was changed" {
		t.Errorf("got the reason %q", got)
	}
}

// TestKeysThatAreTooMuch has a report with more text in keys than is looked at: what is not is not
// shown, and counted all the same, each by itself.
func TestKeysThatAreTooMuch(t *testing.T) {
	looked := 0
	s := newState(settings(func(s *merge.Settings) {
		s.KeysPerService = 10_000
		s.RedactText = func(text string) string { looked += len(text); return text }
	}))
	var reports []periskop.Aggregate
	for i := range 4000 {
		reports = append(reports, aggregate(strings.Repeat("key ", 500)+strconv.Itoa(i), 1, at(1)))
		reports = append(reports, aggregate(strings.Repeat("long key ", 500)+strconv.Itoa(i), 1, at(1)))
	}
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: reports})
	if looked > 10<<20 {
		t.Errorf("looked at %d bytes", looked)
	}
	shown := 0
	for _, e := range s.Snapshot().Service("shop").Exceptions {
		if e.Counted() != 1 {
			t.Errorf("%s was counted %d times, want once", e.Key, e.Counted())
		}
		if !strings.HasPrefix(e.Key, "~") {
			shown++
		}
	}
	if n := len(s.Snapshot().Service("shop").Exceptions); n != len(reports) || shown < 1000 || shown > 5000 {
		t.Errorf("got %d exceptions, of which %d show their keys", n, shown)
	}
	looked = 0
	fold(s, answer{uuid: "A", at: at(3), reports: reports[:2000]})
	if looked > 5<<20 {
		t.Errorf("once they are known: looked at %d bytes", looked)
	}
}
