package store

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// answers are events as a fleet makes them: of each one key has grown.
func answers(from, to int) []*merge.Event {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var list []*merge.Event
	for n := from; n < to; n++ {
		service := fmt.Sprint("service", n%3)
		list = append(list, &merge.Event{Seq: uint64(n), Answer: &merge.AnswerEvent{
			Service: service, Process: fmt.Sprintf("6f1c2b7e-0000-4000-8000-%012d", n%20), Address: fmt.Sprintf("10.0.0.%d:8080", n%20), End: at.Add(time.Duration(n) * time.Second),
			Totals: []merge.TotalEvent{{
				ID: uint64(n), Key: fmt.Sprintf("com.example.shop.PaymentException%d@1f2e3d", n%50), Severity: "error", Total: uint64(n),
				Occurrences: []periskop.Occurrence{{UUID: fmt.Sprintf("0b3f1c2e-0000-4000-8000-%012d", n), Timestamp: at, Error: periskop.Exception{
					Class: "com.example.shop.PaymentException", Message: "card of customer was refused by the bank", Stacktrace: []string{"a", "b"},
				}, HTTPContext: &periskop.HTTPContext{Method: "POST", URL: "https://shop.example.com/pay", Headers: []periskop.Header{{Name: "Content-Type", Value: "application/json"}}}}},
			}},
		}})
	}
	return list
}

func opened(t *testing.T, dir string) (*Store, *merge.Saved) {
	t.Helper()
	s, saved, err := Open(Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s, saved
}

// TestPacking writes many events, over commits and starts, and reads them back.
func TestPacking(t *testing.T) {
	dir := t.TempDir()
	s, _ := opened(t, dir)
	if err := s.Commit(&merge.Records{All: true}); err != nil {
		t.Fatal(err)
	}
	var first, later int64
	var all []*merge.Event
	for n := 1; n <= 200; n++ {
		before := s.size
		one := answers(n, n+1)
		if _, err := s.Append(one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one...)
		switch n {
		case 1:
			first = s.size - before
		case 120:
			if err := s.Commit(&merge.Records{Seq: 50}); err != nil {
				t.Fatal(err)
			}
		case 150:
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s, _ = opened(t, dir)
		case 119, 200:
			later = s.size - before
			if later > first/2 {
				t.Errorf("event %d takes %d bytes, the first one %d: it is not packed", n, later, first)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, saved := opened(t, dir)
	defer s.Close()
	var want []merge.Event
	for _, e := range all[50:] {
		want = append(want, *e)
	}
	if diff := cmp.Diff(saved.Events, want); diff != "" || saved.LostAll || len(saved.Lost) > 0 {
		t.Errorf("lost %v %v; events (-read +written):\n%s", saved.LostAll, saved.Lost, diff)
	}
}

// TestPackingDamaged flips bits in a dictionary: what needs it is lost, and told; what was before is
// kept.
func TestPackingDamaged(t *testing.T) {
	dir := t.TempDir()
	s, _ := opened(t, dir)
	if err := s.Commit(&merge.Records{All: true}); err != nil {
		t.Fatal(err)
	}
	list := answers(1, 100)
	for _, e := range list {
		if _, err := s.Append([]*merge.Event{e}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, fileName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	mark, err := os.ReadFile(filepath.Join(dir, markName))
	if err != nil {
		t.Fatal(err)
	}
	at, kept := 0, 0
	all := scanner{b: b}
	all.scan(func(h head, _ []byte, where int) {
		switch {
		case h.kind == kindDictionary:
			at = where
		case h.kind == kindEvent && at == 0:
			kept++
		}
	})
	if at == 0 {
		t.Fatal("there is no dictionary")
	}
	for _, flipped := range []int{at, at + 7, at + headSize, at + headSize + 100} {
		damaged := bytes.Clone(b)
		damaged[flipped] ^= 4
		if err := errors.Join(os.WriteFile(path, damaged, 0o600), os.WriteFile(filepath.Join(dir, markName), mark, 0o600)); err != nil {
			t.Fatal(err)
		}
		s, saved := opened(t, dir)
		if len(saved.Events) != kept || saved.LostAll || !slices.Equal(saved.Lost, []string{"service0", "service1", "service2"}) {
			t.Errorf("byte %d: %d events are read and %v is lost (all: %v), want %d and all that came after", flipped-at, len(saved.Events), saved.Lost, saved.LostAll, kept)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
