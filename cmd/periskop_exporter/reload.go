package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/periskop-exporter/periskop_exporter/config"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// A reloader reads the configuration file and applies it, whole or not at all.
type reloader struct {
	file   string
	apply  func(*config.Config) error
	logger *slog.Logger

	success, successTime prometheus.Gauge

	mu     sync.Mutex // held while a file is read and applied
	status configStatus
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

func newReloader(file string, apply func(*config.Config) error, logger *slog.Logger, reg prometheus.Registerer) *reloader {
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
func (r *reloader) start(cfg *config.Config) error { return r.take(cfg, nil) }

// load reads the file and applies it. When that fails, everything stays as it was.
func (r *reloader) load() error { return r.take(config.Load(r.file)) }

func (r *reloader) take(cfg *config.Config, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if err == nil {
		err = r.apply(cfg)
	}
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
	r.logger.Info("configuration loaded", "file", r.file, "services", len(cfg.Services))
	return nil
}

func (r *reloader) current() configStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
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

// onSignal reloads on SIGHUP until ctx is cancelled.
func (r *reloader) onSignal(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-hup:
			_ = r.reload() // logged
		case <-ctx.Done():
			return nil
		}
	}
}

// ServeHTTP reloads, and answers with what is wrong.
func (r *reloader) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if err := r.reload(); err != nil {
		http.Error(w, fmt.Sprintf("the configuration was not reloaded, the old one stays:\n%s", err), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "reloaded")
}
