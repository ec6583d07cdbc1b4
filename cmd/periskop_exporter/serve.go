package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/sync/errgroup"

	"github.com/periskop-exporter/periskop_exporter/collector"
	"github.com/periskop-exporter/periskop_exporter/discovery"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/scrape"
)

const (
	// maintainInterval is how often what is gone is forgotten: often enough for
	// retentions of minutes.
	maintainInterval = time.Minute
	// shutdownTimeout is how long requests that are under way may take to end.
	shutdownTimeout = 5 * time.Second
)

// An exporter is the program as it serves: discovery -> scrape -> merge -> outputs.
type exporter struct {
	flags    *serveFlags
	logger   *slog.Logger
	recorder *periskop.Recorder
	registry *prometheus.Registry
	started  time.Time

	state     *merge.State
	pool      *scrape.Pool
	discovery *discovery.Discovery
	reloader  *reloader
	// listeners are served on in place of the addresses in flags, if there are any.
	listeners []net.Listener
	// targets are those that discovery published last.
	targets atomic.Pointer[[]periskop.ServiceTargets]
}

// newExporter builds all parts from the flags and the configuration file, in the order
// of the pipeline, and starts nothing.
func newExporter(flags *serveFlags, logger *slog.Logger) (*exporter, error) {
	e := &exporter{
		flags: flags, logger: logger, started: time.Now(),
		recorder: periskop.NewRecorder(nil),
		registry: prometheus.NewRegistry(),
		state:    merge.New(merge.Options{}),
	}
	e.targets.Store(&[]periskop.ServiceTargets{})
	e.pool = scrape.New(scrape.Options{
		Fold:      e.state.Fold,
		UserAgent: appName + "/" + version.Version,
		Logger:    logger.With("component", "scrape"),
	})
	var err error
	e.discovery, err = discovery.New(discovery.Options{
		Logger:     logger.With("component", "discovery"),
		Registerer: e.registry,
		Publish:    e.setTargets,
	})
	if err != nil {
		return nil, err
	}
	e.reloader = newReloader(flags.configFile, e.apply, logger, e.registry)
	e.register()
	return e, e.reloader.load()
}

// register makes known what the exporter says of itself.
func (e *exporter) register() {
	e.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector(appName),
		collector.NewServices(collector.Sources{
			Snapshot:       e.state.Snapshot,
			Series:         e.state.Series,
			KeysPerService: e.state.KeysPerService,
			Targets:        e.discovered,
			Health:         e.pool.Health,
			Scrapes:        e.pool.Counts,
		}),
	)
}

// setTargets passes on what discovery found.
func (e *exporter) setTargets(targets []periskop.ServiceTargets) {
	e.targets.Store(&targets)
	e.state.Discovered(targets, time.Now())
	e.pool.SetTargets(targets)
}

func (e *exporter) discovered() []periskop.ServiceTargets { return *e.targets.Load() }

// serve runs until ctx is cancelled or a listener is lost, and then ends in order: no
// more requests, no more scrapes.
func (e *exporter) serve(ctx context.Context) error {
	handler, err := e.handler()
	if err != nil {
		return err
	}
	// The parts of the pipeline outlive the server.
	pipeline, stopPipeline := context.WithCancel(context.WithoutCancel(ctx))
	defer stopPipeline()
	var parts errgroup.Group
	parts.Go(func() error { return e.pool.Run(pipeline) })
	parts.Go(func() error { return e.discovery.Run(pipeline) })
	parts.Go(func() error { return e.maintain(pipeline) })

	err = e.listen(ctx, handler)
	stopPipeline()
	return errors.Join(err, parts.Wait())
}

// listen answers requests and reload signals until ctx is cancelled.
func (e *exporter) listen(ctx context.Context, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      5 * time.Minute, // a large exposition over a slow line
		IdleTimeout:       5 * time.Minute, // longer than scrape intervals, so that connections are kept
		ErrorLog:          slog.NewLogLogger(e.logger.Handler(), slog.LevelDebug),
	}
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error {
		err := e.serveHTTP(server)
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serve: %w", err)
	})
	tasks.Go(func() error { return e.reloader.onSignal(ctx) })
	tasks.Go(func() error {
		<-ctx.Done()
		e.logger.Info("stopping")
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		if err := server.Shutdown(deadline); err != nil {
			return server.Close()
		}
		return nil
	})
	return tasks.Wait()
}

func (e *exporter) serveHTTP(server *http.Server) error {
	if len(e.listeners) > 0 {
		return web.ServeMultiple(e.listeners, server, e.flags.web, e.logger)
	}
	return web.ListenAndServe(server, e.flags.web, e.logger)
}

// maintain forgets what has been gone for long enough.
func (e *exporter) maintain(ctx context.Context) error {
	ticker := time.NewTicker(maintainInterval)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			e.state.Maintain(now)
		case <-ctx.Done():
			return nil
		}
	}
}
