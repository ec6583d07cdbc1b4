package main

import (
	"github.com/periskop-exporter/periskop_exporter/collector"
	"github.com/periskop-exporter/periskop_exporter/config"
	"github.com/periskop-exporter/periskop_exporter/discovery"
	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/scrape"
)

// apply hands each part its share of the configuration. Those that count come first,
// so that nothing is scraped that they do not expect.
func (e *exporter) apply(cfg *config.Config) error {
	e.payloadSize.Store(cfg.Limits.PayloadSize)
	e.ownCode.Store(ownCode(cfg))
	if err := e.notifier.Configure(notifySettings(cfg)); err != nil {
		return err
	}
	e.state.Configure(mergeSettings(cfg))
	e.pool.Apply(scrapeServices(cfg))
	return e.discovery.Apply(append(discoveryServices(cfg), alertmanagerServices(cfg)...))
}

func mergeSettings(cfg *config.Config) merge.Settings {
	o := merge.Settings{
		KeysPerService:    cfg.Limits.KeysPerService,
		OccurrencesPerKey: cfg.Limits.OccurrencesPerKey,
		OccurrenceSize:    cfg.Limits.OccurrenceSize,
		LabelLength:       cfg.Limits.LabelLength,
		LateDiscovery:     cfg.LateDiscovery,
		SeriesRetention:   cfg.Retention.Series,
		ProcessRetention:  cfg.Retention.Process,
		EpisodeQuiet:      cfg.Alerting.QuietAfter,
		EpisodeLimit:      cfg.Alerting.PerService,
		Redact:            redactor(cfg.Redaction),
	}
	for i := range cfg.Services {
		s := &cfg.Services[i]
		o.Services = append(o.Services, merge.ServiceSettings{
			Name: s.Name, GroupBy: s.GroupBy, Labels: collector.Labels(s.MetricRelabel),
		})
	}
	return o
}

func ownCode(cfg *config.Config) *map[string][]string {
	own := make(map[string][]string, len(cfg.Services))
	for i := range cfg.Services {
		own[cfg.Services[i].Name] = cfg.Services[i].OwnCode
	}
	return &own
}

func redactor(r config.Redaction) func(*periskop.Occurrence) {
	redactor := redact.New(redact.Options{Headers: r.Headers, Members: r.Members, Patterns: r.Patterns})
	return func(o *periskop.Occurrence) { *o = redactor.Occurrence(*o) }
}

func scrapeServices(cfg *config.Config) []scrape.Service {
	services := make([]scrape.Service, len(cfg.Services))
	for i := range cfg.Services {
		s := &cfg.Services[i]
		services[i] = scrape.Service{Name: s.Name, HTTPClient: s.Scraper.HTTPClient, BodySizeLimit: s.Scraper.BodySizeLimit}
	}
	return services
}

func discoveryServices(cfg *config.Config) []discovery.Service {
	services := make([]discovery.Service, len(cfg.Services))
	for i := range cfg.Services {
		s := &cfg.Services[i]
		services[i] = discovery.Service{
			Name: s.Name, Configs: s.Discovery, Relabel: s.Relabel,
			Scheme: s.Scraper.Scheme, Path: s.Scraper.Endpoint, Params: s.Scraper.Params,
			Interval: s.Scraper.Interval, Timeout: s.Scraper.Timeout,
		}
	}
	return services
}
