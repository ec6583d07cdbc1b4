package main

import (
	"path"
	"slices"
	"time"

	"github.com/prometheus/common/version"

	"github.com/periskop-exporter/periskop_exporter/config"
	"github.com/periskop-exporter/periskop_exporter/discovery"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/peers"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// Peers are discovered as services are, under a name that no service has.
const peersName = " peers"

func (e *exporter) newPeers() {
	e.peers = peers.New(peers.Options{
		Process: e.recorder.UUID(), Replica: e.flags.replica, Take: e.takeDecisions,
		UserAgent: appName + "/" + version.Version, Registerer: e.registry, Logger: e.logger.With("component", "peers"),
	})
}

// takeDecisions takes in what a peer tells. It is durable when this returns, as what is decided here.
func (e *exporter) takeDecisions(list []merge.Decided) (refused int) {
	changed, refused := e.state.Take(list)
	e.durable(changed > 0)
	return refused
}

// replicaLabel is that of all series, so that those of replicas are never one; "" without peers.
func (e *exporter) replicaLabel() string {
	if !e.peers.Configured() {
		return ""
	}
	return e.flags.replica
}

func peerServices(cfg *config.Config) []discovery.Service {
	p := &cfg.Peers
	if !p.Any() {
		return nil
	}
	return []discovery.Service{{
		Name: peersName, FixedName: true, Configs: p.Discovery, Relabel: p.Relabel,
		Scheme: p.Scheme, Path: path.Join("/", p.PathPrefix, names.DecisionsPath),
		// They are not scraped; the interval only has to be there.
		Interval: max(p.Timeout, time.Minute), Timeout: p.Timeout,
	}}
}

func peerSettings(cfg *config.Config) *peers.Settings {
	p := &cfg.Peers
	if !p.Any() {
		return nil
	}
	return &peers.Settings{HTTPClient: p.HTTPClient, Interval: p.Interval, Timeout: p.Timeout}
}

// splitPeers separates the services from the peers.
func splitPeers(all []periskop.ServiceTargets) (services []periskop.ServiceTargets, peers []*periskop.Target) {
	i := slices.IndexFunc(all, func(s periskop.ServiceTargets) bool { return s.Service == peersName })
	if i < 0 {
		return all, nil
	}
	return slices.Concat(all[:i], all[i+1:]), all[i].Targets
}

func (e *exporter) peerStatus() *view.PeersStatus {
	if !e.peers.Configured() {
		return nil
	}
	list, left := e.peers.Status()
	out := &view.PeersStatus{Replica: e.flags.replica, Left: left}
	for _, s := range list {
		out.Peers = append(out.Peers, view.PeerStatus{Address: s.Address, Replica: s.Replica, Self: s.Self, At: s.At, Err: s.Err})
	}
	return out
}
