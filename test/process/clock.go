package process

import (
	bin "encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A Clock is the wall clock of the machine that an exporter believes to run on.
type Clock struct{ file string }

// ExporterWithClock runs the exporter, built with a wall clock of its own (hack/settable-clock).
// That is ahead of the right time by so much at first.
func ExporterWithClock(t testing.TB, ahead time.Duration, config string, args ...string) (*Program, *Clock) {
	t.Helper()
	c := &Clock{file: filepath.Join(t.TempDir(), "ahead")}
	c.Set(t, ahead)
	p := exporter(t, binary(t, "EXPORTER_WITH_CLOCK", "settable-clock/periskop_exporter"), config, args)
	p.env = []string{"CLOCK_AHEAD_FILE=" + c.file}
	return start(t, p), c
}

// Set sets the clock ahead of the right time by whole seconds, also while the exporter runs.
func (c *Clock) Set(t testing.TB, ahead time.Duration) {
	t.Helper()
	// In place: the exporter has the file in its memory.
	f, err := os.OpenFile(c.file, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	b := bin.NativeEndian.AppendUint64(nil, uint64(int64(ahead/time.Second)))
	if _, err := f.Write(b); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
