package peers

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

type metrics struct {
	peers    prometheus.Gauge
	success  *prometheus.GaugeVec
	failures *prometheus.CounterVec
	pushes   *prometheus.CounterVec
	waiting  prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	help := func(name string) string { return names.Find(name).Help }
	m := &metrics{
		peers:    prometheus.NewGauge(prometheus.GaugeOpts{Name: names.ExporterPeers, Help: help(names.ExporterPeers)}),
		success:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: names.ExporterPeerSuccess, Help: help(names.ExporterPeerSuccess)}, []string{names.Peer}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: names.ExporterPeerFailures, Help: help(names.ExporterPeerFailures)}, []string{names.Peer}),
		pushes:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: names.ExporterPeerPushes, Help: help(names.ExporterPeerPushes)}, []string{names.Result}),
		waiting:  prometheus.NewGauge(prometheus.GaugeOpts{Name: names.ExporterPeerPushesWaiting, Help: help(names.ExporterPeerPushesWaiting)}),
	}
	for _, result := range []string{resultSent, resultFailed, resultDropped} {
		m.pushes.WithLabelValues(result)
	}
	if r != nil {
		r.MustRegister(m.peers, m.success, m.failures, m.pushes, m.waiting)
	}
	return m
}

// known notes which peers there are: one that was never read has a time, that of the beginning.
func (m *metrics) known(list []*peer) {
	m.peers.Set(float64(len(list)))
	for _, p := range list {
		m.success.WithLabelValues(p.name)
		m.failures.WithLabelValues(p.name)
	}
}

// forget removes what there is to say of a peer that is gone.
func (m *metrics) forget(name string) {
	m.success.DeleteLabelValues(name)
	m.failures.DeleteLabelValues(name)
}

func (m *metrics) asked(name string, answered bool, now time.Time) {
	if answered {
		m.success.WithLabelValues(name).Set(float64(now.UnixMilli()) / 1000)
	} else {
		m.failures.WithLabelValues(name).Inc()
	}
}
