package store

import (
	"errors"
	"log/slog"
	"os"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// TestCutOffWhileWriting cuts the file off after it was found to be whole, and before
// something is written: that does not hide that the rest is missing.
func TestCutOffWhileWriting(t *testing.T) {
	s, _, err := Open(Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.path, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.extend(func(w *frameWriter) { w.frame(head{kind: kindMeta}, s.meta()) }); !errors.Is(err, errCut) {
		t.Fatalf("got %v, want %v", err, errCut)
	}
	if err := s.Commit(&merge.Records{}); !errors.Is(err, merge.ErrIncomplete) {
		t.Errorf("the next commit: got %v, want %v", err, merge.ErrIncomplete)
	}
}
