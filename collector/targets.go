package collector

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Sources are where the metrics about services and targets come from. Each function
// is called once per scrape, and may be called concurrently.
type Sources struct {
	Snapshot func() *merge.Snapshot
	// Series returns how many series of exceptions are exposed.
	Series func() int
	// NewSeries returns how many series are shown at zero because they are new, and
	// RegularScrapers for how many who scrape.
	NewSeries, RegularScrapers func() int

	Targets func() []periskop.ServiceTargets
	// Feeders returns the blocks of the file that bear no service's name.
	Feeders func() []periskop.Feeder
	// Refused returns how many services are past the limit, which ServicesLimit returns.
	Refused, ServicesLimit func() int
	Health                 func() []periskop.TargetHealth
	// Scrapes returns how often a scrape of the service ended with each result.
	Scrapes func() map[string]map[periskop.Result]uint64
	// KeysPerService is the limit.
	KeysPerService func() int
}

// services collects what there is to say of services and targets.
type services struct {
	sources Sources
	descs   map[string]*prometheus.Desc
}

// NewServices returns the collector of the metrics about services and targets.
func NewServices(s Sources) prometheus.Collector {
	return &services{sources: s, descs: descs(
		names.ServiceWatchedSince, names.ServiceTargets, names.TargetUp, names.TargetScrapeDuration,
		names.ScrapesTotal, names.TargetInconsistenciesTotal, names.ExporterSeries, names.ExporterOverflowKeys,
		names.ExporterKeysPerServiceLimit, names.ExporterDiscoveryProblems, names.ExporterServicesLimit, names.ExporterServicesOverLimit,
		names.ExporterNewSeries,
		names.ExporterRegularScrapers,
	)}
}

// Describe implements prometheus.Collector.
func (c *services) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *services) Collect(ch chan<- prometheus.Metric) {
	gauge := func(name string, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.GaugeValue, value, labels...)
	}
	counter := func(name string, value uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.CounterValue, float64(value), labels...)
	}
	gauge(names.ExporterSeries, float64(c.sources.Series()))
	gauge(names.ExporterNewSeries, float64(c.sources.NewSeries()))
	gauge(names.ExporterRegularScrapers, float64(c.sources.RegularScrapers()))
	gauge(names.ExporterKeysPerServiceLimit, float64(c.sources.KeysPerService()))
	gauge(names.ExporterServicesLimit, float64(c.sources.ServicesLimit()))
	gauge(names.ExporterServicesOverLimit, float64(c.sources.Refused()))
	for _, svc := range c.sources.Snapshot().Services {
		if !svc.WatchedSince.IsZero() {
			gauge(names.ServiceWatchedSince, seconds(svc.WatchedSince), svc.Name)
		}
		gauge(names.ExporterOverflowKeys, float64(svc.OverflowKeys), svc.Name)
		for _, reason := range merge.Reasons() {
			counter(names.TargetInconsistenciesTotal, svc.Inconsistencies[reason], svc.Name, string(reason))
		}
	}
	for _, st := range c.sources.Targets() {
		if len(st.Targets) > 0 || !comesAndGoes(&st) {
			gauge(names.ServiceTargets, float64(len(st.Targets)), st.Service)
		}
		if !st.ByLabel() {
			gauge(names.ExporterDiscoveryProblems, float64(len(st.Problems)), st.Service)
		}
	}
	for _, f := range c.sources.Feeders() {
		gauge(names.ExporterDiscoveryProblems, float64(len(f.Problems)), f.Block)
	}
	for service, results := range c.sources.Scrapes() {
		for _, result := range periskop.Results() {
			counter(names.ScrapesTotal, results[result], service, string(result))
		}
	}
	for key, h := range byTarget(c.sources.Health()) {
		gauge(names.TargetUp, h.up, key.service, key.target)
		gauge(names.TargetScrapeDuration, h.duration, key.service, key.target)
	}
}

// comesAndGoes reports whether it is no news that the service has no targets: nobody has
// written down that it has some.
func comesAndGoes(st *periskop.ServiceTargets) bool {
	return st.NoDiscovery || st.ByLabel() || st.Feeds
}

type targetKey struct{ service, target string }

type targetHealth struct{ up, duration float64 }

// byTarget returns the health of each target that was scraped. Those that relabelling
// gave the same instance are one: up when all are, and as slow as the slowest.
func byTarget(health []periskop.TargetHealth) map[targetKey]targetHealth {
	out := map[targetKey]targetHealth{}
	for _, h := range health {
		if h.Last == nil {
			continue
		}
		key := targetKey{h.Target.Service, h.Target.Instance}
		now := targetHealth{duration: h.Last.Duration.Seconds()}
		if h.Last.Result == periskop.Success {
			now.up = 1
		}
		if before, ok := out[key]; ok {
			now.up = min(now.up, before.up)
			now.duration = max(now.duration, before.duration)
		}
		out[key] = now
	}
	return out
}
