//go:build e2e

package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

var upLine = regexp.MustCompile(`(?m)^periskop_target_up\{.*\} 1$`)

// TestShards has three exporters share the targets of a service as Prometheus servers
// share theirs, and a fourth one scrape the three: it counts every exception once, also
// when a shard is killed. It is what docs/scaling.md describes.
func TestShards(t *testing.T) {
	const targets, shards = 9, 3
	f := fleet.New(fleet.Options{Seed: 7})
	t.Cleanup(func() { _ = f.Close() })
	var processes []*fleet.Process
	var addresses []string
	for range targets {
		p := f.Start(fleet.ProcessOptions{Service: "shop"})
		s, err := f.Serve(p)
		if err != nil {
			t.Fatal(err)
		}
		processes, addresses = append(processes, p), append(addresses, s.Address())
	}
	var below []*process.Program
	for shard := range shards {
		below = append(below, process.Exporter(t, fmt.Sprintf(`
global: {scraper: {refresh_interval: 1s}}
services:
- name: shop
  static_configs: [{targets: ["%s"]}]
  relabel_configs:
  - {source_labels: [__address__], modulus: %d, target_label: __tmp_shard, action: hashmod}
  - {source_labels: [__tmp_shard], regex: "%d", action: keep}
`, strings.Join(addresses, `", "`), shards, shard)))
	}
	parent := process.Exporter(t, fmt.Sprintf(`
global: {scraper: {refresh_interval: 1s}}
services:
- name: shop
  static_configs: [{targets: [%q, %q, %q]}]
  scraper: {endpoint: /federate, params: {service_name: [shop]}}
`, host(below[0]), host(below[1]), host(below[2])))

	process.Eventually(t, "every target is scraped by one shard", func() error {
		up := 0
		for _, shard := range below {
			body, err := process.Get(t.Context(), shard.URL+"/metrics")
			if err != nil {
				return err
			}
			up += len(upLine.FindAllString(body, -1))
		}
		if up != targets {
			return fmt.Errorf("%d are up, want %d", up, targets)
		}
		return nil
	})
	for _, shard := range below {
		waitForMetric(t, parent, fmt.Sprintf(`periskop_target_up{service_name="shop",target=%q} 1`, host(shard)))
	}
	raised := 0
	raise := func() {
		for _, p := range processes {
			p.Raise("Shop@1", periskop.Occurrence{Error: periskop.Exception{Class: "Shop"}})
		}
		raised += targets
		waitForMetric(t, parent, fmt.Sprintf("service_name=\"shop\",severity=\"error\"} %d\n", raised))
	}
	raise()
	raise()
	below[1].Kill(t)
	below[1].Start(t)
	raise()
}

func host(p *process.Program) string { return strings.TrimPrefix(p.URL, "http://") }
