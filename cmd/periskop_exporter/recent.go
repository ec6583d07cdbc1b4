package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

const (
	// observeInterval is how often what grew is looked at: a few times per step of the
	// charts.
	observeInterval = merge.GrowthStep / 8
	// saveInterval is how often it is written.
	saveInterval = 10 * time.Minute
	// recentName is that of the file in which it is kept, beside the state. Nothing is
	// counted by it: it is written now and then, and may be deleted.
	recentName = "recent.json"
	// maxRecent is how large the file may be to be read, in bytes.
	maxRecent = 64 << 20
)

// observe keeps what the charts of the pages show.
func (e *exporter) observe(ctx context.Context) error {
	e.restoreRecent()
	ticker := time.NewTicker(observeInterval)
	defer ticker.Stop()
	e.recent.Observe(e.state.Snapshot(), time.Now())
	saved := time.Now()
	for {
		select {
		case now := <-ticker.C:
			e.recent.Observe(e.state.Snapshot(), now)
			if now.Sub(saved) >= saveInterval {
				saved = now
				e.saveRecent()
			}
		case <-ctx.Done():
			e.saveRecent()
			return nil
		}
	}
}

func (e *exporter) restoreRecent() {
	if e.stateDir == "" {
		return
	}
	b, err := readBounded(filepath.Join(e.stateDir, recentName), maxRecent)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		err = e.recent.Restore(b, time.Now())
	}
	if err != nil {
		e.logger.Warn("the charts begin anew: what they showed before cannot be read", "err", err)
	}
}

// saveRecent writes the file, under another name first: it is whole or it is the one before.
func (e *exporter) saveRecent() {
	if e.stateDir == "" {
		return
	}
	b, err := e.recent.Save()
	if err == nil {
		err = replaceFile(filepath.Join(e.stateDir, recentName), b)
	}
	if err != nil {
		e.logger.Warn("the charts will begin anew at the next start: what they show cannot be written", "err", err)
	}
}

func readBounded(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > limit:
		return nil, fmt.Errorf("%s is no file, or larger than %d bytes", name, limit)
	}
	return os.ReadFile(name)
}

func replaceFile(name string, content []byte) error {
	temporary := name + ".new"
	if err := os.WriteFile(temporary, content, 0o640); err != nil {
		return err
	}
	return os.Rename(temporary, name)
}
