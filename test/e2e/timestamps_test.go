//go:build e2e

package e2e_test

import (
	"fmt"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// TestFirstIncrement has Prometheus see the first increment of a new series whole, with
// any of the features that docs/alerting.md speaks of.
func TestFirstIncrement(t *testing.T) {
	for _, feature := range []string{
		"exemplar-storage", "created-timestamp-zero-ingestion", "st-storage,use-start-timestamps", "promql-extended-range-selectors",
	} {
		t.Run(feature, func(t *testing.T) {
			t.Parallel()
			f := fleet.New(fleet.Options{Seed: 1})
			t.Cleanup(func() { _ = f.Close() })
			p := f.Start(fleet.ProcessOptions{Service: "shop"})
			server, err := f.Serve(p)
			if err != nil {
				t.Fatal(err)
			}
			exporter := process.Exporter(t, fmt.Sprintf(
				"global: {scraper: {refresh_interval: 1s}}\nservices: [{name: shop, static_configs: [{targets: [%q]}]}]\n", server.Address()))
			prometheus := process.Prometheus(t, process.PrometheusOptions{
				Scrape: []*process.Program{exporter}, Args: []string{"--enable-feature=" + feature},
			})
			process.Eventually(t, "the service is watched", func() error {
				return someSample(t, prometheus, "periskop_service_watched_since_timestamp_seconds")
			})
			p.RaiseTimes("new", periskop.Occurrence{Error: periskop.Exception{Class: "E"}}, 7)
			const rise = "max_over_time(periskop_exceptions_total[5m]) - min_over_time(periskop_exceptions_total[5m])"
			process.Eventually(t, "the rise", func() error {
				samples, err := process.Query(t.Context(), prometheus, rise)
				if err == nil && (len(samples) != 1 || samples[0].Value != 7) {
					err = fmt.Errorf("it is %v, want 7", samples)
				}
				return err
			})
			if feature == "promql-extended-range-selectors" {
				process.Eventually(t, "an increase that is not extrapolated", func() error {
					return someSample(t, prometheus, "increase(periskop_exceptions_total[5m] anchored) == 7")
				})
			}
		})
	}
}
