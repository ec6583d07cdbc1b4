package main

import (
	"slices"

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
	if err := e.notifier.Configure(notifySettings(cfg)); err != nil {
		return err
	}
	if err := e.export.Configure(exportSettings(cfg)); err != nil {
		return err
	}
	if err := e.peers.Configure(peerSettings(cfg)); err != nil {
		return err
	}
	e.services.take(cfg)
	e.pool.Apply(scrapeServices(cfg))
	return e.discovery.Apply(discovery.Settings{
		Services: slices.Concat(discoveryServices(cfg), alertmanagerServices(cfg), peerServices(cfg)),
		Limit:    cfg.Limits.Services, Retention: cfg.Retention.Series,
	})
}

// mergeSettings returns the settings that are not those of a service.
func mergeSettings(cfg *config.Config) merge.Settings {
	secrets := redactor(cfg.Redaction)
	return merge.Settings{
		KeysPerService:     cfg.Limits.KeysPerService,
		ProcessesPerTarget: cfg.Limits.ProcessesPerTarget,
		OccurrencesPerKey:  cfg.Limits.OccurrencesPerKey,
		OccurrenceSize:     cfg.Limits.OccurrenceSize,
		LabelLength:        cfg.Limits.LabelLength,
		LateDiscovery:      cfg.LateDiscovery,
		SeriesRetention:    cfg.Retention.Series,
		ProcessRetention:   cfg.Retention.Process,
		EpisodeQuiet:       cfg.Alerting.QuietAfter,
		EpisodeLimit:       cfg.Alerting.PerService,
		Export:             cfg.Export.URL != nil,
		Redact:             func(o *periskop.Occurrence) { *o = secrets.Occurrence(*o) },
		RedactText:         secrets.Text,
	}
}

func redactor(r config.Redaction) *redact.Redactor {
	return redact.New(redact.Options{Headers: r.Headers, Members: r.Members, Patterns: r.Patterns, Personal: r.Personal})
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
			Name: s.Name, Configs: s.Finders(), Relabel: s.Relabel,
			Scheme: s.Scraper.Scheme, Path: s.Scraper.Endpoint, Params: s.Scraper.Params,
			Interval: s.Scraper.Interval, Timeout: s.Scraper.Timeout,
			TargetLimit: cfg.Limits.TargetsPerBlock,
		}
	}
	return services
}
