package store

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// noise returns occurrences with a message that cannot be packed.
func noise(size int) []periskop.Occurrence {
	random := rand.New(rand.NewPCG(1, uint64(size)))
	message := make([]byte, size)
	for i := range message {
		message[i] = byte('!' + random.IntN(90))
	}
	return []periskop.Occurrence{{UUID: fmt.Sprint("o", size), Error: periskop.Exception{Class: "E", Message: string(message), Stacktrace: []string{"a.b(C:1)"}}}}
}

func largeEvent() *merge.Event {
	a := &merge.AnswerEvent{Service: "shop", Process: "p"}
	for i := range 40 {
		a.Totals = append(a.Totals, merge.TotalEvent{ID: uint64(i + 1), Total: 1, Occurrences: noise(100_000 + i)})
	}
	a.Totals = append(a.Totals, merge.TotalEvent{ID: 99, Total: 1, Occurrences: noise(3 << 20)})
	return &merge.Event{Seq: 1, Answer: a}
}

// TestLargeEvent writes an event of several parts.
func TestLargeEvent(t *testing.T) {
	dir, want := t.TempDir(), largeEvent()
	s, _, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(&merge.Records{All: true}); err != nil {
		t.Fatal(err)
	}
	after := &merge.Event{Seq: 2, Step: &merge.StepEvent{By: 1}}
	if _, err := s.Append([]*merge.Event{want, after}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, saved, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if diff := cmp.Diff(saved.Events, []merge.Event{*want, *after}); saved.LostAll || diff != "" {
		t.Errorf("lost all %t, events (-read +written):\n%.2000s", saved.LostAll, diff)
	}
}

// TestTooLarge has an event and a record that would not be read again: the event is told to
// be unwritten, and a commit leaves out that record alone.
func TestTooLarge(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	s, _, err := Open(Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	s.largest = 2 << 20
	if err := s.Commit(&merge.Records{All: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append([]*merge.Event{largeEvent()}); err == nil || !strings.Contains(err.Error(), "more than one record can hold") {
		t.Errorf("got error %v for an event that is too large", err)
	}
	record := func(size int) merge.OccurrencesRecord {
		return merge.OccurrencesRecord{ExceptionName: merge.ExceptionName{Service: "shop", ID: uint64(size)}, Kept: merge.NewKept(noise(size)...)}
	}
	if err := s.Commit(&merge.Records{Occurrences: []merge.OccurrencesRecord{record(100), record(3 << 20), record(200)}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, saved, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if saved.LostAll || len(saved.Lost) > 0 || len(saved.Events) > 0 || len(saved.Occurrences) != 2 {
		t.Errorf("lost %t, %v; %d events, %d records", saved.LostAll, saved.Lost, len(saved.Events), len(saved.Occurrences))
	}
	if n := strings.Count(log.String(), "larger than can be read again"); n != 1 {
		t.Errorf("the log tells of it %d times: %s", n, log.String())
	}
}
