package merge_test

import (
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
	for _, o := range s.Snapshot().Find(merge.ExceptionID("shop", "k")).Occurrences {
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
