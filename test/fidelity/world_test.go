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
	// federated is the exporter that a second Prometheus federates from the first.
	federated = "federated"

	prometheusTimeout = time.Second
)

// Who scrapes exporters, and can be asked what was counted.
const (
	first           = "Prometheus"
	second          = "a second Prometheus, which federates from the first as well"
	restarted       = "a Prometheus that is restarted"
	victoriaMetrics = "VictoriaMetrics, with two vmagents"
)

// A world is everything that runs: the fleets, exporters with one configuration each, and
// those who scrape them.
type world struct {
	duration, timeout time.Duration
	// kills is how often the exporter is killed.
	kills int
	// away is how long a Prometheus is.
	away time.Duration

	runs  []*run
	order []string // of the exporters, as they are started
	// configs are parts of the exporters' configurations, and args further flags.
	configs   map[string][]func() string
	args      map[string][]string
	exporters map[string]*process.Program
	rule      *rule
	started   time.Time
	// servers are those who scrape, and scrapers names them by exporter: without an entry
	// it is the first.
	servers  map[string]*process.Program
	scrapers map[string][]string
	// addresses are where exporters are scraped that are behind something: functions that
	// make it when they run.
	addresses map[string]func(*process.Program) *process.Program
	// clocks are those of exporters that have their own, and ahead how far those are ahead at
	// first.
	clocks map[string]*process.Clock
	ahead  map[string]time.Duration
	// scraped is where each exporter is.
	scraped  map[string]*process.Program
	gateways map[string]*gateway
}

func newWorld() *world {
	return &world{
		configs: map[string][]func() string{}, args: map[string][]string{}, exporters: map[string]*process.Program{}, rule: newRule(),
		servers: map[string]*process.Program{}, scrapers: map[string][]string{},
		addresses: map[string]func(*process.Program) *process.Program{},
		clocks:    map[string]*process.Clock{}, ahead: map[string]time.Duration{},
		scraped: map[string]*process.Program{}, gateways: map[string]*gateway{},
	}
}

// scrapedBy has these scrape the exporter.
func (w *world) scrapedBy(exporter string, servers ...string) { w.scrapers[exporter] = servers }

// behind puts a gateway in front of the exporter, through which it is scraped.
func (w *world) behind(t testing.TB, exporter string) {
	t.Helper()
	w.addresses[exporter] = func(p *process.Program) *process.Program {
		g := newGateway(t, p)
		g.open(loopback(0))
		w.gateways[exporter] = g
		return g.program()
	}
}

// hidden puts a proxy in front of the exporter that says nothing of its clients.
func (w *world) hidden(t testing.TB, exporter string) {
	t.Helper()
	w.addresses[exporter] = func(p *process.Program) *process.Program { return hideClients(t, p) }
}

// configure adds a service to the configuration of an exporter, which runs from then on.
// The function is called when the exporters before it run.
func (w *world) configure(exporter string, config func() string) {
	if !slices.Contains(w.order, exporter) {
		w.order = append(w.order, exporter)
	}
	w.configs[exporter] = append(w.configs[exporter], config)
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
	w.startServers(t)
}

func (w *world) startExporters(t *testing.T) {
	t.Helper()
	for _, name := range w.order {
		var services strings.Builder
		for _, part := range w.configs[name] {
			services.WriteString(part())
		}
		if ahead, own := w.ahead[name]; own {
			w.exporters[name], w.clocks[name] = process.ExporterWithClock(t, ahead, configOf(services.String()), w.args[name]...)
		} else {
			w.exporters[name] = process.Exporter(t, configOf(services.String()), w.args[name]...)
		}
	}
}

// configOf is a configuration with these services.
func configOf(services string) string {
	return fmt.Sprintf("global: {scraper: {refresh_interval: %s}}\nservices:\n%s", scrapeInterval, services)
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

func (w *world) startServers(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(w.rule)
	t.Cleanup(server.Close)
	scraped := map[string][]*process.Program{}
	for _, name := range []string{first, second, restarted, victoriaMetrics} {
		scraped[name] = []*process.Program{{URL: server.URL}}
	}
	for _, name := range w.order {
		exporter := w.exporters[name]
		if address := w.addresses[name]; address != nil {
			exporter = address(exporter)
		}
		w.scraped[name] = exporter
		servers := w.scrapers[name]
		if servers == nil {
			servers = []string{first}
		}
		for _, s := range servers {
			scraped[s] = append(scraped[s], exporter)
		}
	}
	w.servers[first] = process.Prometheus(t, process.PrometheusOptions{Scrape: scraped[first], Rules: w.rules(t)})
	if len(scraped[second]) > 1 {
		w.servers[second] = process.Prometheus(t, process.PrometheusOptions{
			Scrape: scraped[second], Federate: w.servers[first], Federated: w.scraped[federated], FederateInterval: federateInterval,
		})
	}
	if len(scraped[restarted]) > 1 {
		w.servers[restarted] = process.Prometheus(t, process.PrometheusOptions{Scrape: scraped[restarted]})
	}
	if len(scraped[victoriaMetrics]) > 1 {
		w.servers[victoriaMetrics] = process.VictoriaMetrics(t, time.Second)
		for range 2 {
			process.VMAgent(t, w.servers[victoriaMetrics], time.Second, scraped[victoriaMetrics]...)
		}
	}
}

// rules are those that the first Prometheus evaluates.
func (w *world) rules(t *testing.T) string {
	t.Helper()
	exporter := w.exporters[shared]
	if exporter == nil { // without the cases that it is for
		return ""
	}
	return process.Run(t, "rules", "--web.external-url="+exporter.URL)
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
