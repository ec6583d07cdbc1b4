package merge_test

import (
	"slices"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestStackTracesAreShared holds that equal stack traces of a key are in memory once.
func TestStackTracesAreShared(t *testing.T) {
	raise := func(uuid string, minute int, frame string) periskop.Occurrence {
		return periskop.Occurrence{UUID: uuid, Timestamp: at(minute), Error: periskop.Exception{
			Message: uuid, Stacktrace: []string{"main", frame},
			Cause: &periskop.Exception{Message: uuid, Stacktrace: []string{"cause"}},
		}}
	}
	s := newState(settings())
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)},
		answer{uuid: "A", at: at(2), reports: []periskop.Aggregate{aggregate("k", 1, at(1), raise("1", 1, "f"))}},
		answer{uuid: "A", at: at(3), reports: []periskop.Aggregate{aggregate("k", 2, at(1), raise("2", 2, "f"), raise("1", 1, "f"))}},
		answer{uuid: "A", at: at(4), reports: []periskop.Aggregate{aggregate("k", 3, at(1), raise("3", 3, "g"))}})
	list := s.Snapshot().Find(merge.ExceptionID("shop", "k")).Occurrences()
	if len(list) != 3 {
		t.Fatalf("got %d occurrences, want 3", len(list))
	}
	other, second, first := list[0].Error, list[1].Error, list[2].Error
	if &first.Stacktrace[0] != &second.Stacktrace[0] || &first.Cause.Stacktrace[0] != &second.Cause.Stacktrace[0] {
		t.Error("equal stack traces are held twice")
	}
	if !slices.Equal(other.Stacktrace, []string{"main", "g"}) || first.Message != "1" || second.Cause.Message != "2" {
		t.Errorf("got %+v", list)
	}
}
