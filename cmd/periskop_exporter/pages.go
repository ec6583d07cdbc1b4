package main

import (
	"net/http"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"

	"github.com/periskop-exporter/periskop_exporter/api"
	"github.com/periskop-exporter/periskop_exporter/dashboards"
	"github.com/periskop-exporter/periskop_exporter/internal/limit"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// pageAge is how old what pages show may be.
const pageAge = time.Second

// pages returns the handler of the web view.
func (e *exporter) pages() (*view.Pages, error) {
	o := view.Options{
		Snapshot: func() *merge.Snapshot { return e.state.RecentSnapshot(pageAge) },
		Targets:  e.services.targets,
		Feeders:  e.services.feeders,
		Health:   e.pool.Health,
		Growth:   e.recent.Growth,
		Departed: e.recent.Departed,
		Group:    e.state.Group,
		OwnCode:  e.services.ownCode,
		Ways:     e.services.ways,
		User:     e.user,
		Config:   e.configStatus,
		Storage:  e.storageStatus,
		Export:   e.exportStatus,
		Peers:    e.peerStatus,
		Flags:    e.flags.shown,
		Build: view.Build{
			Version: version.Version, Revision: version.GetRevision(), Branch: version.Branch,
			Date: version.BuildDate, GoVersion: version.GoVersion,
		},
		Started:       e.started,
		ExternalURL:   e.flags.external,
		PrometheusURL: e.flags.prometheus,
		GrafanaURL:    e.flags.grafana,
		LogsURL:       e.flags.logsURL(),
		TracesURL:     e.flags.tracesURL(),

		AlertmanagerURL: e.flags.alertmanager,
		Logger:          e.logger.With("component", "view"),

		ServiceConfig:    func(service string) string { return serviceConfig(e.reloader.current().text, service) },
		ServiceDashboard: dashboards.UID(dashboards.Service),
	}
	if e.canChange() {
		o.Decide, o.Reset = e.decide, e.reset
	}
	return view.New(o)
}

func (e *exporter) storageStatus() view.StorageStatus {
	s := e.state.StoreStatus()
	out := view.StorageStatus{Commits: s.Commits, Failures: s.Failures, LastAt: s.Last, Took: s.Duration, Err: s.Err}
	if e.store != nil {
		out.Path, out.Size, out.Damaged = e.stateDir, e.store.Size(), e.store.Damaged()
	}
	return out
}

func (e *exporter) configStatus() view.ConfigStatus {
	s := e.reloader.current()
	return view.ConfigStatus{File: e.reloader.file.name, Text: s.text, LoadedAt: s.loaded, ReloadErr: s.err, ReloadAt: s.attempted}
}

// api returns the handler of all that programs ask.
func (e *exporter) api() http.Handler {
	o := api.Options{
		Snapshot:  e.state.Snapshot,
		Targets:   e.services.targets,
		Health:    e.pool.Health,
		Team:      e.services.team,
		User:      e.user,
		Decided:   e.state.Decided,
		Process:   e.recorder.UUID(),
		Replica:   func() string { return e.flags.replica },
		Processes: e.state.Processes,
		Group:     e.state.Group,
		UUID:      e.uuid,
		Prefix:    e.flags.routePrefix,
		Push:      e.push,
		CanPush:   e.services.takesPushes,
		MaxPush:   e.payloadSize.Load,
		Bodies:    limit.NewBytes(pushedBytes, maxWait),
	}
	if e.canChange() {
		o.Decide = e.decide
	}
	return api.New(o)
}

// uuid names this exporter for as long as its counters go on: over restarts, if they
// are kept.
func (e *exporter) uuid() string {
	if e.store != nil {
		return e.store.UUID()
	}
	return e.recorder.UUID()
}

// shownFlags returns the flags of a command with their values. None of them holds a
// secret.
func shownFlags(app *kingpin.Application, cmd *kingpin.CmdClause) []view.Flag {
	var out []view.Flag
	for _, f := range append(app.Model().Flags, cmd.Model().Flags...) {
		if f.Hidden || f.Name == "help" || f.Name == "version" {
			continue
		}
		out = append(out, view.Flag{Name: "--" + f.Name, Value: f.Value.String()})
	}
	return out
}
