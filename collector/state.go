package collector

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
)

// StateSources are where the metrics about the state file come from. Each function is
// called once per scrape, and may be called concurrently.
type StateSources struct {
	Status func() merge.StoreStatus
	// Size returns the size of the file in bytes.
	Size func() int64
	// Damaged reports whether something was missing of the state at the start.
	Damaged func() bool
	// UUID names the state.
	UUID func() string
}

// state collects what there is to say of the state file.
type state struct {
	sources StateSources
	descs   map[string]*prometheus.Desc
}

// NewState returns the collector of the metrics about the state file.
func NewState(s StateSources) prometheus.Collector {
	return &state{sources: s, descs: descs(
		names.ExporterStateCommits, names.ExporterStateCommitFailures, names.ExporterStateCommitSuccess,
		names.ExporterStateCommitTime, names.ExporterStateCommitDuration, names.ExporterStateSize, names.ExporterStateDamaged,
		names.ExporterStateInfo,
	)}
}

// descs returns the descriptions of the metrics, by name.
func descs(metrics ...string) map[string]*prometheus.Desc {
	out := make(map[string]*prometheus.Desc, len(metrics))
	for _, name := range metrics {
		m := names.Find(name)
		out[name] = prometheus.NewDesc(name, m.Help, m.Labels, nil)
	}
	return out
}

// Describe implements prometheus.Collector.
func (c *state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *state) Collect(ch chan<- prometheus.Metric) {
	gauge := func(name string, value float64) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.GaugeValue, value)
	}
	counter := func(name string, value uint64) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.CounterValue, float64(value))
	}
	status := c.sources.Status()
	counter(names.ExporterStateCommits, status.Commits)
	counter(names.ExporterStateCommitFailures, status.Failures)
	gauge(names.ExporterStateCommitSuccess, truth(status.Err == nil))
	if !status.Last.IsZero() {
		gauge(names.ExporterStateCommitTime, seconds(status.Last))
		gauge(names.ExporterStateCommitDuration, status.Duration.Seconds())
	}
	gauge(names.ExporterStateSize, float64(c.sources.Size()))
	gauge(names.ExporterStateDamaged, truth(c.sources.Damaged()))
	ch <- prometheus.MustNewConstMetric(c.descs[names.ExporterStateInfo], prometheus.GaugeValue, 1, c.sources.UUID())
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
