package notify

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

type metrics struct {
	sent, failed, dropped prometheus.Counter
	active, alertmanagers prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: names.Find(name).Help})
	}
	gauge := func(name string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: names.Find(name).Help})
	}
	m := &metrics{
		sent:          counter(names.ExporterAlertsSent),
		failed:        counter(names.ExporterAlertsFailed),
		dropped:       counter(names.ExporterAlertsDropped),
		active:        gauge(names.ExporterAlertsActive),
		alertmanagers: gauge(names.ExporterAlertmanagers),
	}
	if reg != nil {
		reg.MustRegister(m.sent, m.failed, m.dropped, m.active, m.alertmanagers)
	}
	return m
}
