package export

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

type metrics struct {
	sent, failed, dropped prometheus.Counter
	// requests counts those that failed.
	requests prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, e *Exporter) *metrics {
	records := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: names.ExporterExportRecords, Help: names.Find(names.ExporterExportRecords).Help,
	}, []string{names.Result})
	m := &metrics{
		sent: records.WithLabelValues("sent"), failed: records.WithLabelValues("failed"), dropped: records.WithLabelValues("dropped"),
		requests: prometheus.NewCounter(prometheus.CounterOpts{
			Name: names.ExporterExportRequestsFailed, Help: names.Find(names.ExporterExportRequestsFailed).Help,
		}),
	}
	if reg != nil {
		reg.MustRegister(records, m.requests)
		gauge := func(name string, value func(Status) float64) {
			reg.MustRegister(prometheus.NewGaugeFunc(
				prometheus.GaugeOpts{Name: name, Help: names.Find(name).Help}, func() float64 { return value(e.Status()) }))
		}
		gauge(names.ExporterExportQueueRecords, func(s Status) float64 { return float64(s.Records) })
		gauge(names.ExporterExportQueueSize, func(s Status) float64 { return float64(s.Bytes) })
		gauge(names.ExporterExportQueueAge, func(s Status) float64 {
			if s.Records == 0 {
				return 0
			}
			return max(e.options.Now().Sub(s.Oldest), time.Duration(0)).Seconds()
		})
	}
	return m
}

// count returns the value of a counter.
func count(c prometheus.Counter) uint64 {
	var m dto.Metric
	if c.Write(&m) != nil {
		return 0
	}
	return uint64(m.GetCounter().GetValue())
}
