package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/version"

	"github.com/periskop-exporter/periskop_exporter/alerts/notify"
	"github.com/periskop-exporter/periskop_exporter/collector"
	"github.com/periskop-exporter/periskop_exporter/config"
	"github.com/periskop-exporter/periskop_exporter/discovery"
	"github.com/periskop-exporter/periskop_exporter/export"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/peers"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/scrape"
	"github.com/periskop-exporter/periskop_exporter/store"
)

const (
	// commitInterval is how much of what targets reported the end of the machine, and not
	// only of the program, can cost.
	commitInterval = time.Second
	// maintainInterval is how often what is gone is forgotten: often enough for
	// retentions of minutes.
	maintainInterval = time.Minute
	// clockTimeout is how long new processes wait at a start: the first scrapes of those that
	// are known are spread over less.
	clockTimeout = 2 * time.Second
)

// An exporter is the program as it serves: discovery -> scrape -> merge -> outputs.
type exporter struct {
	flags    *serveFlags
	logger   *slog.Logger
	recorder *periskop.Recorder
	registry *prometheus.Registry
	started  time.Time

	store     *store.Store // nil without a place to keep state
	stateDir  string       // where it is, "" without
	state     *merge.State
	pool      *scrape.Pool
	discovery *discovery.Discovery
	notifier  *notify.Notifier
	export    *export.Exporter
	peers     *peers.Exchange
	pushes    peers.Order // of what is pushed
	reloader  *reloader
	recent    merge.Recent // what the charts of the pages show
	// listeners are served on in place of the addresses in flags, if there are any.
	listeners  []net.Listener
	clockSteps prometheus.Counter
	refused    *prometheus.CounterVec // requests and connections, by kind
	services   *services
	// payloadSize is how many bytes a pushed report may have.
	payloadSize atomic.Int64
}

// newExporter builds all parts from the flags and the configuration file, in the order
// of the pipeline, and starts nothing. The caller closes it.
func newExporter(flags *serveFlags, logger *slog.Logger) (*exporter, error) {
	file := &configFile{name: flags.configFile}
	cfg, err := file.load()
	if err != nil {
		return nil, err
	}
	e := &exporter{
		flags: flags, logger: logger, started: time.Now(),
		recorder: periskop.NewRecorder(nil),
		clockSteps: prometheus.NewCounter(prometheus.CounterOpts{
			Name: names.ExporterClockSteps, Help: names.Find(names.ExporterClockSteps).Help,
		}),
		registry: prometheus.NewRegistry(),
	}
	e.services = newServices(cfg)
	if err := e.openState(cfg); err != nil {
		return nil, err
	}
	if err := e.build(cfg, file); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

// openState makes the state, with what was kept of it when the program ended last.
func (e *exporter) openState(cfg *config.Config) error {
	options := merge.Options{
		Stepped: e.clockStepped, ClockTimeout: clockTimeout,
		ServiceLabel: names.ServiceName, NewSeriesDelay: e.flags.newSeriesDelay,
	}
	dir := e.flags.storageDir(cfg.Repository)
	if dir == "" {
		e.logger.Warn("state is kept in memory only: counters begin at zero at each start")
	} else {
		kept, saved, err := store.Open(store.Options{Dir: dir, UUID: e.recorder.UUID(), Logger: e.logger.With("component", "store")})
		if err != nil {
			return err
		}
		e.stateDir = dir
		e.store, options.Store, options.Saved = kept, kept, saved
		e.services.restore(saved)
	}
	options.Settings = e.services.settings()
	if err := e.newExport(cfg); err != nil {
		return errors.Join(err, e.close())
	}
	options.ExportQueue = e.export
	e.state = merge.New(options)
	e.newPeers()
	e.services.configure = func(s merge.Settings) {
		e.state.Configure(s)
		e.peers.Reread()
	}
	return nil
}

// clockStepped tells that the clock of this machine was set.
func (e *exporter) clockStepped(by time.Duration) {
	e.clockSteps.Inc()
	e.logger.Warn("the clock of this machine was set; the times that are kept were moved with it", "by", by)
}

// build makes the rest of the parts.
func (e *exporter) build(cfg *config.Config, file *configFile) error {
	e.pool = scrape.New(scrape.Options{
		Begin:     func(sc *periskop.Scrape) scrape.Intake { return e.state.Begin(sc) },
		UserAgent: appName + "/" + version.Version,
		Logger:    e.logger.With("component", "scrape"),
	})
	var err error
	e.discovery, err = discovery.New(discovery.Options{
		Logger:     e.logger.With("component", "discovery"),
		Registerer: e.registry,
		Publish:    e.setFound,
		CheckName:  config.CheckServiceName,
		Known:      e.services.known(e.started),
	})
	if err != nil {
		return err
	}
	e.notifier = notify.New(notify.Options{
		Snapshot: e.state.DurableSnapshot, ExternalURL: e.flags.external.String(), OwnCode: e.services.ownCode, Team: e.services.team,
		Registerer: e.registry, Logger: e.logger.With("component", "notify"),
	})
	e.reloader = newReloader(file, e.apply, e.logger, e.registry)
	e.register()
	return e.reloader.start(cfg)
}

// close ends what newExporter began.
func (e *exporter) close() error {
	if e.store == nil {
		return nil
	}
	return e.store.Close()
}

// register makes known what the exporter says of itself.
func (e *exporter) register() {
	e.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector(appName),
		e.clockSteps,
		collector.NewServices(collector.Sources{
			Snapshot:        e.state.Snapshot,
			Series:          e.state.Series,
			NewSeries:       e.state.NewSeries,
			RegularScrapers: e.state.RegularScrapers,
			KeysPerService:  e.state.KeysPerService,
			Targets:         e.services.targets,
			Feeders:         e.services.feeders,
			Refused:         e.services.refused,
			ServicesLimit:   e.services.limit,
			Health:          e.pool.Health,
			Scrapes:         e.pool.Counts,
		}),
	)
	if e.store != nil {
		e.registry.MustRegister(collector.NewState(collector.StateSources{
			Status: e.state.StoreStatus, Size: e.store.Size, Damaged: e.store.Lost, UUID: e.store.UUID,
		}))
	}
}

// setFound passes on what discovery found. Services are known before they are scraped.
func (e *exporter) setFound(found periskop.Found) {
	others, alertmanagers := split(found.Services)
	targets, replicas := splitPeers(others)
	e.peers.SetTargets(replicas)
	found.Services = targets
	e.notifier.SetTargets(alertmanagers)
	e.services.set(found)
	e.state.Discovered(targets, e.discovery.Rounds())
	e.pool.SetTargets(targets)
}

// serve runs until ctx is cancelled or a listener is lost, and then ends in order: no
// more requests, no more scrapes, state written, each within its time. Each of hangups reloads
// the configuration.
func (e *exporter) serve(ctx context.Context, hangups <-chan os.Signal) error {
	handler, err := e.handler()
	if err != nil {
		return err
	}
	p := newPipeline(context.WithoutCancel(ctx))
	p.start("scraping", e.pool.Run)
	p.start("discovery", e.discovery.Run)
	p.start("maintenance", e.maintain)
	p.start("commits", e.commit)
	p.start("charts", e.observe)
	p.start("direct alerts", e.notifier.Run)
	p.start("export", e.export.Run)
	p.start("peers", e.peers.Run)
	p.start("reloading", func(ctx context.Context) error { return e.reloader.run(ctx, hangups, e.flags.reloadInterval()) })

	err = e.listen(ctx, handler)
	return errors.Join(err, p.end(endTimeout, "state", func() error {
		e.state.Flush()
		return e.close()
	}))
}

// commit makes what was counted durable, and tells when that no longer succeeds, and
// when it does again.
func (e *exporter) commit(ctx context.Context) error {
	ticker := time.NewTicker(commitInterval)
	defer ticker.Stop()
	failing := false
	var garbage garbageLimit
	for {
		select {
		case <-ticker.C:
			garbage.adjust()
			e.stillAlive()
			e.state.Commit()
			err := e.state.StoreStatus().Err
			switch {
			case err != nil && !failing:
				e.logger.Error("state cannot be written; counting goes on in memory", "err", err)
				e.recorder.Record(err)
			case err == nil && failing:
				e.logger.Info("state is written again")
			}
			failing = err != nil
		case <-ctx.Done():
			return nil
		}
	}
}

// stillAlive notes that the program runs, and how far discovery has looked.
func (e *exporter) stillAlive() {
	e.state.Rounds(e.discovery.Rounds())
	if e.store != nil {
		e.store.Touch()
	}
}

// maintain forgets what has been gone for long enough.
func (e *exporter) maintain(ctx context.Context) error {
	ticker := time.NewTicker(maintainInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			e.state.Maintain()
		case <-ctx.Done():
			return nil
		}
	}
}
