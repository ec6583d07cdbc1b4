package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/periskop-exporter/periskop_exporter/config"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// A reloader reads the configuration file and applies it, whole or not at all.
type reloader struct {
	apply  func(*config.Config) error
	logger *slog.Logger

	success, successTime prometheus.Gauge

	// mu guards file. It is held from before the file is read until it is applied, so that
	// of two reloads the later one has the newer file.
	mu   sync.Mutex
	file *configFile

	// statusMu guards status, so that nobody who looks at it waits for a reload.
	statusMu sync.Mutex
	status   configStatus
}

// configStatus is what is known of the configuration.
type configStatus struct {
	// text is the running configuration, with secrets hidden.
	text string
	// loaded is when it was applied, and err what was wrong with the file at the last
	// attempt since, which was at attempted.
	loaded, attempted time.Time
	err               error
}

func newReloader(file *configFile, apply func(*config.Config) error, logger *slog.Logger, reg prometheus.Registerer) *reloader {
	r := &reloader{
		file: file, apply: apply, logger: logger,
		success: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: names.ExporterConfigReloadSuccess,
			Help: names.Find(names.ExporterConfigReloadSuccess).Help,
		}),
		successTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: names.ExporterConfigReloadSuccessTime,
			Help: names.Find(names.ExporterConfigReloadSuccessTime).Help,
		}),
	}
	reg.MustRegister(r.success, r.successTime)
	return r
}

// start applies the first configuration.
func (r *reloader) start(cfg *config.Config) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.take(cfg, nil)
}

// load reads the file and applies it. When that fails, everything stays as it was.
func (r *reloader) load() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.take(r.file.load())
}

// take applies what was loaded, and notes how that ended. The caller holds mu.
func (r *reloader) take(cfg *config.Config, err error) error {
	if err == nil {
		err = r.apply(cfg)
	}
	now := time.Now()
	r.statusMu.Lock()
	defer r.statusMu.Unlock()
	r.status.attempted, r.status.err = now, err
	if err != nil {
		r.success.Set(0)
		return err
	}
	r.status.text, r.status.loaded = cfg.String(), now
	r.success.Set(1)
	r.successTime.Set(float64(now.UnixMilli()) / 1000)
	for _, warning := range cfg.Warnings {
		r.logger.Warn("configuration is valid, with a warning", "warning", warning)
	}
	r.logger.Info("configuration loaded", "file", r.file.name, "services", len(cfg.Services))
	return nil
}

func (r *reloader) current() configStatus {
	r.statusMu.Lock()
	defer r.statusMu.Unlock()
	return r.status
}

// reload is load for a running program: it also logs what is wrong, a line each.
func (r *reloader) reload() error {
	err := r.load()
	var mistakes config.Errors
	switch {
	case errors.As(err, &mistakes):
		for _, m := range mistakes {
			r.logger.Error("configuration not reloaded, the old one stays", "err", m)
		}
	case err != nil:
		r.logger.Error("configuration not reloaded, the old one stays", "err", err)
	}
	return err
}

// run reloads for each of hangups, and when the file has changed, at which it looks once
// in an interval unless that is zero. It ends when ctx is cancelled.
func (r *reloader) run(ctx context.Context, hangups <-chan os.Signal, interval time.Duration) error {
	var look <-chan time.Time
	if interval > 0 {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		look = ticker.C
	}
	for {
		select {
		case <-hangups:
			_ = r.reload() // logged
		case <-look:
			if r.changed() {
				_ = r.reload() // logged
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// changed reports whether the file differs from what was read of it last, valid or not.
func (r *reloader) changed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.file.changed()
}

// ServeHTTP reloads, and answers with what is wrong.
func (r *reloader) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if err := r.reload(); err != nil {
		http.Error(w, fmt.Sprintf("the configuration was not reloaded, the old one stays:\n%s", err), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "reloaded")
}
