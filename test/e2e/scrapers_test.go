//go:build e2e

package e2e_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// served runs an exporter of those services, each with one process.
func served(t *testing.T, services ...string) (*process.Program, map[string]*fleet.Process) {
	t.Helper()
	f := fleet.New(fleet.Options{Seed: 1})
	t.Cleanup(func() { _ = f.Close() })
	processes := map[string]*fleet.Process{}
	var config strings.Builder
	config.WriteString("global: {scraper: {refresh_interval: 1s}}\nservices:\n")
	for _, service := range services {
		processes[service] = f.Start(fleet.ProcessOptions{Service: service})
		server, err := f.Serve(processes[service])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&config, "- name: %s\n  static_configs: [{targets: [%q]}]\n", service, server.Address())
	}
	exporter := process.Exporter(t, config.String())
	for _, service := range services {
		waitForMetric(t, exporter, fmt.Sprintf("periskop_service_watched_since_timestamp_seconds{service_name=%q}", service))
	}
	return exporter, processes
}

// rises waits until the exceptions have risen in Prometheus by so much, by service.
func rises(t *testing.T, prometheus *process.Program, want map[string]float64) {
	t.Helper()
	const rise = "sum by (service_name) (max_over_time(periskop_exceptions_total[5m]) - min_over_time(periskop_exceptions_total[5m]))"
	process.Eventually(t, "the rises", func() error {
		samples, err := process.Query(t.Context(), prometheus, rise)
		got := map[string]float64{}
		for _, s := range samples {
			got[s.Labels["service_name"]] = s.Value
		}
		if diff := cmp.Diff(got, want); err == nil && diff != "" {
			err = fmt.Errorf("-got +want:\n%s", diff)
		}
		return err
	})
}

// A stranger is somebody at an address of his own on loopback, who asks once.
func stranger(t *testing.T, exporter *process.Program, n int) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(fmt.Sprintf("127.1.%d.%d", n/250, 1+n%250))}}
	client := http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, exporter.URL+"/metrics", http.NoBody)
	if err != nil {
		t.Error(err)
		return
	}
	req.Header.Set("User-Agent", fmt.Sprint("stranger/", n))
	res, err := client.Do(req)
	if err != nil {
		if t.Context().Err() == nil {
			t.Error(err)
		}
		return
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, res.Body)
}

// TestStrangers has 1,100 strangers look at the metrics before Prometheus comes for the
// first time, and go on looking: it sees all that is new from the beginning.
func TestStrangers(t *testing.T) {
	exporter, processes := served(t, "shop")
	const strangers = 1100
	for i := range strangers {
		stranger(t, exporter, i)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(stop)
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(3 * time.Millisecond):
				stranger(t, exporter, i%strangers)
			}
		}
	})
	prometheus := process.Prometheus(t, process.PrometheusOptions{Scrape: []*process.Program{exporter}})
	waitForMetric(t, exporter, "periskop_exporter_regular_scrapers 1\n")
	var want float64
	for i := range 10 {
		processes["shop"].RaiseTimes(fmt.Sprint("new", i), periskop.Occurrence{Error: periskop.Exception{Class: "E"}}, uint64(i+1))
		want += float64(i + 1)
		process.Eventually(t, "it is scraped", func() error {
			return someSample(t, prometheus, fmt.Sprintf("periskop_exceptions_total{aggregation_key=%q}", fmt.Sprint("new", i)))
		})
	}
	rises(t, prometheus, map[string]float64{"shop": want})
}

// TestSharedServices has two Prometheus servers share the services of one exporter.
func TestSharedServices(t *testing.T) {
	exporter, processes := served(t, "cart", "pay", "search")
	share := func(services ...string) *process.Program {
		return process.Prometheus(t, process.PrometheusOptions{Scrape: []*process.Program{exporter}, Services: services})
	}
	one, other := share("cart", "pay"), share("search")
	waitForMetric(t, exporter, "periskop_exporter_regular_scrapers 2\n")
	raise := func(prefix string, n uint64) {
		for service, p := range processes {
			p.RaiseTimes(prefix+service, periskop.Occurrence{Error: periskop.Exception{Class: "E"}}, n)
		}
	}
	raise("a", 3)
	rises(t, one, map[string]float64{"cart": 3, "pay": 3})
	rises(t, other, map[string]float64{"search": 3})
	exporter.Kill(t)
	exporter.Start(t)
	raise("b", 4)
	rises(t, one, map[string]float64{"cart": 7, "pay": 7})
	rises(t, other, map[string]float64{"search": 7})
	for _, prometheus := range []*process.Program{one, other} {
		process.Eventually(t, "what concerns no service is scraped by both", func() error {
			return someSample(t, prometheus, "periskop_exporter_series == 6")
		})
	}
}
