package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/periskop-exporter/periskop_exporter/config"
)

// TestReloadsThatOverlap has many change the file and reload it, all at once: the last
// file is the one that runs, and no reload brings back an older one.
func TestReloadsThatOverlap(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.yaml")
	running := 0 // guarded by the reloader
	r := newReloader(&configFile{name: file}, func(cfg *config.Config) error {
		if version := cfg.Limits.KeysPerService; version < running {
			t.Errorf("version %d is applied after %d", version, running)
		}
		running = cfg.Limits.KeysPerService
		return nil
	}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())

	var (
		writing sync.Mutex // guards version, and that files are written in its order
		version int
		done    sync.WaitGroup
	)
	write := func() error {
		writing.Lock()
		defer writing.Unlock()
		version++
		text := fmt.Sprintf("limits: {keys_per_service: %d}\nservices:\n- {name: shop, static_configs: [{targets: [a]}]}\n", version)
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			return err
		}
		return os.Rename(file+".new", file)
	}
	for range 50 {
		done.Go(func() {
			if err := write(); err != nil {
				t.Error(err)
			}
			if err := r.load(); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if running != version {
		t.Errorf("version %d runs, want %d", running, version)
	}
	if r.changed() {
		t.Error("the file that runs is said to have changed")
	}
}
