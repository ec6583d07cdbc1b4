//go:build e2e

package fidelity_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

const (
	// shared is the exporter of all cases that leave it alone.
	shared = "shared"
	// ofRestarts is the exporter of the Prometheus that is restarted.
	ofRestarts = "of the Prometheus that is restarted"

	prometheusTimeout = time.Second
)

// A world is everything that runs: the fleets, exporters with one configuration each, a
// Prometheus for almost all of them, and one that is restarted.
//
// No exporter is scraped by both: two servers of one version on one address look the same
// to it.
type world struct {
	duration, patience time.Duration
	// kills is how often the exporter is killed.
	kills int

	runs  []*run
	order []string // of the exporters, as they are started
	// configs are parts of the exporters' configurations.
	configs   map[string][]func() string
	exporters map[string]*process.Program
	rule      *rule
	started   time.Time
	// prometheus scrapes all exporters but ofRestarts, which restarted scrapes.
	prometheus, restarted *process.Program
}

// configure adds a service to the configuration of an exporter, which runs from then on.
// The function is called when the exporters before it run.
func (w *world) configure(exporter string, config func() string) {
	if !slices.Contains(w.order, exporter) {
		w.order = append(w.order, exporter)
	}
	w.configs[exporter] = append(w.configs[exporter], config)
}

func (w *world) prometheusOf(exporter string) *process.Program {
	if exporter == ofRestarts {
		return w.restarted
	}
	return w.prometheus
}

// add prepares a case.
func (w *world) add(t *testing.T, s scenario) {
	t.Helper()
	r := &run{
		scenario: s, world: w, service: strings.ReplaceAll(s.name, " ", "-"),
		fleet:     fleet.New(fleet.Options{Seed: uint64(len(w.runs))}),
		addresses: map[string][]string{},
	}
	t.Cleanup(func() { _ = r.fleet.Close() })
	s.build(t, r)
	r.history()
	w.runs = append(w.runs, r)
}

// start runs everything.
func (w *world) start(t *testing.T) {
	t.Helper()
	w.started = time.Now()
	w.startExporters(t)
	w.watchByRule(t)
	w.startPrometheus(t)
}

func (w *world) startExporters(t *testing.T) {
	t.Helper()
	for _, name := range w.order {
		var config strings.Builder
		fmt.Fprintf(&config, "global: {scraper: {refresh_interval: %s}}\nservices:\n", scrapeInterval)
		for _, part := range w.configs[name] {
			config.WriteString(part())
		}
		w.exporters[name] = process.Exporter(t, config.String())
	}
}

func (w *world) watchByRule(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	t.Cleanup(cancel)
	for _, r := range w.runs {
		for _, address := range r.addresses[byRule] {
			wg.Go(func() { w.rule.watch(ctx, r.service, address) })
		}
	}
}

func (w *world) startPrometheus(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(w.rule)
	t.Cleanup(server.Close)
	byRule := &process.Program{URL: server.URL}
	scraped := []*process.Program{byRule}
	for _, name := range w.order {
		if name != ofRestarts {
			scraped = append(scraped, w.exporters[name])
		}
	}
	rules := process.Run(t, "rules", "--web.external-url="+w.exporters[shared].URL)
	w.prometheus = process.Prometheus(t, process.PrometheusOptions{Scrape: scraped, Rules: rules})
	w.restarted = process.Prometheus(t, process.PrometheusOptions{Scrape: []*process.Program{byRule, w.exporters[ofRestarts]}})
}

// restart starts the exporter of the run again, which has ended, and the rule with it.
func (r *run) restart(t *testing.T) {
	t.Helper()
	exporter := r.rows[0].exporter
	r.world.rule.restart(r.service)
	r.world.exporters[exporter].Start(t)
}

// list is a list of strings in YAML.
func list(items []string) string {
	quoted := make([]string, len(items))
	for i, s := range items {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
