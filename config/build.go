package config

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"
	"gopkg.in/yaml.v3"
)

// The defaults of all options. Those of the HTTP client are Prometheus'.
const (
	defaultEndpoint     = endpoint("/-/exceptions")
	defaultInterval     = duration(30 * time.Second)
	defaultTimeout      = duration(10 * time.Second)
	defaultScheme       = scheme("http")
	defaultAPIVersion   = apiVersion("v2")
	defaultServices     = count(1000)
	defaultTargets      = count(10_000)
	defaultProcesses    = count(100)
	defaultKeys         = count(2000) // as OpenTelemetry limits the attribute sets of a metric
	defaultOccurrences  = count(10)
	defaultOccurrence   = byteSize(256 << 10)
	defaultLabelLength  = count(256) // bytes
	defaultPayload      = byteSize(64 << 20)
	defaultLate         = lag(15 * time.Minute) // a pod is often ready, and in DNS, only minutes after it began
	defaultSeriesAge    = duration(7 * 24 * time.Hour)
	defaultProcessAge   = duration(time.Hour)
	defaultAlertTimeout = duration(10 * time.Second)
	defaultQuietAfter   = duration(time.Hour)
	defaultResendDelay  = duration(time.Minute) // as Prometheus
	defaultPerService   = count(20)
)

func defaultConfig() rawConfig {
	return rawConfig{
		Global: rawGlobal{LateDiscovery: defaultLate},
		Limits: rawLimits{
			Services:           defaultServices,
			TargetsPerBlock:    defaultTargets,
			ProcessesPerTarget: defaultProcesses,
			KeysPerService:     defaultKeys,
			OccurrencesPerKey:  defaultOccurrences,
			OccurrenceSize:     defaultOccurrence,
			LabelLength:        defaultLabelLength,
			PayloadSize:        defaultPayload,
		},
		Retention: rawRetention{Series: defaultSeriesAge, Process: defaultProcessAge},
		Alerting:  rawAlerting{QuietAfter: defaultQuietAfter, ResendDelay: defaultResendDelay, PerService: defaultPerService},
	}
}

func defaultScraper() rawScraper {
	return rawScraper{
		Endpoint:   defaultEndpoint,
		Interval:   defaultInterval,
		Scheme:     defaultScheme,
		HTTPClient: commonconfig.DefaultHTTPClientConfig,
	}
}

func defaultAlertmanager() rawAlertmanager {
	return rawAlertmanager{
		Scheme:     defaultScheme,
		Timeout:    defaultAlertTimeout,
		APIVersion: defaultAPIVersion,
		HTTPClient: commonconfig.DefaultHTTPClientConfig,
	}
}

// build makes a Config of a file in which c found no mistake. Should decoding refuse
// something nevertheless, that becomes a mistake of the block.
func build(c *checker, root *node) *Config {
	raw := defaultConfig()
	c.decode(root, &raw)
	if raw.Limits.PayloadSize == 0 {
		raw.Limits.PayloadSize = defaultPayload
	}
	if raw.Limits.OccurrenceSize == 0 {
		raw.Limits.OccurrenceSize = defaultOccurrence
	}
	b := builder{checker: c, raw: raw, global: root.get("global").get("scraper")}
	cfg := &Config{
		Repository:     repository(raw.Repository),
		ExternalLabels: make(map[string]string, len(raw.Global.ExternalLabels)),
		LateDiscovery:  time.Duration(raw.Global.LateDiscovery),
		GroupBy:        words(raw.GroupBy),
		Labels:         words(raw.Labels),
		MetricRelabel:  validated(raw.MetricRelabel),
		OwnCode:        words(raw.OwnCode),
		SourceLinks:    sourceLinks(raw.SourceLinks),
		Links:          links(raw.Links),
		Grouping:       groupingRules(raw.Grouping),
		Limits: Limits{
			Services:           int(raw.Limits.Services),
			TargetsPerBlock:    int(raw.Limits.TargetsPerBlock),
			ProcessesPerTarget: int(raw.Limits.ProcessesPerTarget),
			KeysPerService:     int(raw.Limits.KeysPerService),
			OccurrencesPerKey:  int(raw.Limits.OccurrencesPerKey),
			OccurrenceSize:     int(raw.Limits.OccurrenceSize),
			LabelLength:        int(raw.Limits.LabelLength),
			PayloadSize:        int64(raw.Limits.PayloadSize),
		},
		Redaction: Redaction{
			Headers: words(raw.Redaction.Headers), Members: words(raw.Redaction.Members),
			Patterns: patterns(raw.Redaction.Patterns), Personal: words(raw.Redaction.Personal),
		},
		Retention: Retention{Series: time.Duration(raw.Retention.Series), Process: time.Duration(raw.Retention.Process)},
	}
	for name, value := range raw.Global.ExternalLabels {
		cfg.ExternalLabels[string(name)] = value
	}
	for i, n := range root.get("services").items {
		cfg.Services = append(cfg.Services, b.service(raw.Services[i], n))
	}
	cfg.Alerting = b.alerting(root.get("alerting"))
	cfg.Export = b.export(root.get("export").get("otlp"))
	cfg.Peers = b.peers(root.get("peers"))
	return cfg
}

// A builder has what blocks need to know of the file around them.
type builder struct {
	*checker
	raw    rawConfig
	global *node // the scraper block of global, or nil
}

func (b *builder) service(raw rawService, n *node) Service {
	s := Service{
		Name:          string(raw.Name),
		Push:          raw.Push,
		Discovery:     b.decodeDiscovery(n),
		Relabel:       validated(raw.Relabel),
		MetricRelabel: validated(raw.MetricRelabel),
		GroupBy:       words(raw.GroupBy),
		Labels:        words(raw.Labels),
		OwnCode:       words(raw.OwnCode),
		SourceLinks:   sourceLinks(raw.SourceLinks),
		Links:         links(raw.Links),
		Grouping:      groupingRules(raw.Grouping),
		Team:          string(raw.Team),
		Scraper:       b.scraper(mergeScrapers(b.global, n.get("scraper"))),
	}
	if !n.has("metric_relabel_configs") {
		s.MetricRelabel = validated(b.raw.MetricRelabel)
	}
	if !n.has("group_by") {
		s.GroupBy = words(b.raw.GroupBy)
	}
	if !n.has("occurrence_labels") {
		s.Labels = words(b.raw.Labels)
	}
	if !n.has("own_code") {
		s.OwnCode = words(b.raw.OwnCode)
	}
	if !n.has("source_links") {
		s.SourceLinks = sourceLinks(b.raw.SourceLinks)
	}
	if !n.has("grouping") {
		s.Grouping = groupingRules(b.raw.Grouping)
	}
	if !n.has("links") {
		s.Links = links(b.raw.Links)
	}
	return s
}

func (b *builder) scraper(n *node) Scraper {
	raw := defaultScraper()
	b.decode(n, &raw)
	b.validate(n, &raw.HTTPClient)
	if raw.Timeout == 0 {
		raw.Timeout = defaultTimeout
	}
	if raw.BodySizeLimit == 0 {
		raw.BodySizeLimit = b.raw.Limits.PayloadSize
	}
	path, query := raw.Endpoint.split()
	params := make(url.Values)
	maps.Copy(params, query)
	maps.Copy(params, raw.Params)
	return Scraper{
		Endpoint:      path,
		Interval:      time.Duration(raw.Interval),
		Timeout:       time.Duration(min(raw.Timeout, raw.Interval)),
		Scheme:        string(raw.Scheme),
		Params:        params,
		BodySizeLimit: int64(raw.BodySizeLimit),
		HTTPClient:    raw.HTTPClient,
	}
}

func (b *builder) alerting(n *node) Alerting {
	raw := b.raw.Alerting
	a := Alerting{
		Relabel:    validated(raw.Relabel),
		QuietAfter: time.Duration(raw.QuietAfter), ResendDelay: time.Duration(raw.ResendDelay),
		PerService: int(raw.PerService), DashboardURL: strings.TrimSuffix(string(raw.DashboardURL), "/"),
	}
	if n == nil {
		return a
	}
	for _, item := range n.get("alertmanagers").items {
		raw := defaultAlertmanager()
		b.decode(item, &raw)
		b.validate(item, &raw.HTTPClient)
		a.Alertmanagers = append(a.Alertmanagers, Alertmanager{
			Discovery:    b.decodeDiscovery(item),
			Scheme:       string(raw.Scheme),
			PathPrefix:   raw.PathPrefix,
			Timeout:      time.Duration(raw.Timeout),
			APIVersion:   string(raw.APIVersion),
			HTTPClient:   raw.HTTPClient,
			Relabel:      validated(raw.Relabel),
			AlertRelabel: validated(raw.AlertRelabel),
		})
	}
	return a
}

func (c *checker) decode(n *node, v any) {
	if err := n.yaml.Decode(v); err != nil {
		c.foreign(n, err)
	}
}

// validate lets Prometheus complete h, which is part of n. It does so by itself only for
// clients that are not inlined.
func (b *builder) validate(n *node, h *commonconfig.HTTPClientConfig) {
	if err := h.Validate(); err != nil {
		b.foreign(n, err)
	}
}

func repository(raw rawRepository) Repository {
	r := Repository{Type: string(raw.Type)}
	if r.Type == "sqlite" {
		r.Path = raw.Path
	}
	return r
}

// validated sets the scheme of names that rules have to have; whether they are valid,
// checker.relabel has seen.
func validated(rules []*relabel.Config) []*relabel.Config {
	for _, r := range rules {
		r.NameValidationScheme = model.UTF8Validation
	}
	return slices.Clone(rules)
}

func words[S ~string](raw []S) []string {
	var list []string
	for _, s := range raw {
		list = append(list, string(s))
	}
	return list
}

func patterns(raw []pattern) []*regexp.Regexp {
	var list []*regexp.Regexp
	for _, p := range raw {
		list = append(list, p.Regexp)
	}
	return list
}

// mergeScrapers returns the scraper block of a service on top of that of global, both
// of which may be nil. A key replaces that of global as a whole. A way to authenticate
// replaces every other, and a way to find the proxy the other one.
func mergeScrapers(global, own *node) *node {
	merged := &node{yaml: &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}}
	if own != nil {
		for _, f := range own.fields {
			merged.put(f.key, f.value)
		}
	}
	if global == nil {
		return merged
	}
	replaced := make(map[string]bool)
	for _, f := range merged.fields {
		for _, key := range replacedBy(merged, f.key) {
			replaced[key] = true
		}
	}
	for _, f := range global.fields {
		if !replaced[f.key] {
			merged.put(f.key, f.value)
		}
	}
	return merged
}

// replacedBy returns the keys of global that key in the scraper own takes the place of.
func replacedBy(own *node, key string) []string {
	switch {
	case slices.Contains(authKeys, key):
		return authKeys
	case key == "proxy_url":
		return []string{"proxy_url", "proxy_from_environment"}
	case key == "proxy_from_environment" && fromEnvironment(own):
		return []string{"proxy_url", "proxy_from_environment", "no_proxy"}
	}
	return []string{key}
}
