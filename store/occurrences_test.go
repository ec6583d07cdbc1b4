package store_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/store"
)

func occurrencesOf(id uint64, messages ...string) merge.OccurrencesRecord {
	var list []periskop.Occurrence
	for i, m := range messages {
		list = append(list, periskop.Occurrence{UUID: fmt.Sprint(id, i), Timestamp: noon, Error: periskop.Exception{Message: m, Stacktrace: []string{"main", m}}})
	}
	return merge.OccurrencesRecord{ExceptionName: merge.ExceptionName{Service: "shop", ID: id}, Kept: merge.NewKept(list...)}
}

func committed(r *merge.OccurrencesRecord) *merge.Kept { return merge.NewStored(r.Marks, r.Written) }

// TestStoredOccurrences reads back what was committed: at once, from a file whose place
// another one took, from one that was removed, and after a start.
func TestStoredOccurrences(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, store.Options{Dir: dir})
	records := &merge.Records{Occurrences: []merge.OccurrencesRecord{occurrencesOf(1, "one", "two"), occurrencesOf(2, "three")}}
	want := [][]periskop.Occurrence{records.Occurrences[0].Kept.List(), records.Occurrences[1].Kept.List()}
	commit(t, s, records)
	first := committed(&records.Occurrences[0])
	check := func(when string, kept *merge.Kept, i int) {
		t.Helper()
		if diff := cmp.Diff(kept.List(), want[i]); diff != "" {
			t.Errorf("%s (-read +written):\n%s", when, diff)
		}
	}
	check("after a commit", first, 0)
	if first.Stored() == nil {
		t.Error("they are still held in memory")
	}

	// Everything is written anew: what is new beside what was there, and the other as it is.
	again := &merge.Records{All: true, Occurrences: []merge.OccurrencesRecord{
		{ExceptionName: records.Occurrences[0].ExceptionName, Kept: first},
		{ExceptionName: records.Occurrences[1].ExceptionName, Kept: committed(&records.Occurrences[1])},
	}}
	commit(t, s, again)
	check("from the file before", first, 0)
	check("from the new file", committed(&again.Occurrences[0]), 0)
	if err := os.Remove(filepath.Join(dir, "state.db")); err != nil {
		t.Fatal(err)
	}
	check("from a file that was removed", committed(&again.Occurrences[1]), 1)
	commit(t, s, &merge.Records{All: true, Occurrences: again.Occurrences})
	closed(t, s)

	s, saved := open(t, store.Options{Dir: dir})
	defer closed(t, s)
	if len(saved.Occurrences) != 2 {
		t.Fatalf("got %d records, want 2", len(saved.Occurrences))
	}
	for i := range saved.Occurrences {
		r := &saved.Occurrences[i]
		check("after a start", r.Kept, int(r.ID)-1)
		if r.Kept.Len() != len(want[r.ID-1]) {
			t.Errorf("%d are known of without a look, want %d", r.Kept.Len(), len(want[r.ID-1]))
		}
	}
}

// TestUnreadableOccurrences damages a record while the program runs: what it held is missing,
// which is logged once, and nothing else is.
func TestUnreadableOccurrences(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	s, _ := open(t, store.Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	defer closed(t, s)
	records := &merge.Records{Occurrences: []merge.OccurrencesRecord{occurrencesOf(1, "one"), occurrencesOf(2, "two")}}
	commit(t, s, records)
	file := filepath.Join(dir, "state.db")
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(content, []byte("shop\x00\x00\x00\x00\x00\x00\x00\x00\x01"))
	if _, err := f.WriteAt([]byte("S"), int64(at)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := committed(&records.Occurrences[0]).List(); len(got) > 0 {
			t.Errorf("a damaged record has %v", got)
		}
	}
	if got := committed(&records.Occurrences[1]).List(); len(got) != 1 {
		t.Errorf("the other record has %d occurrences, want 1", len(got))
	}
	if n := strings.Count(log.String(), "occurrences cannot be read back"); n != 1 {
		t.Errorf("the log tells of it %d times, want once: %s", n, &log)
	}
}
