//go:build e2e

package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// TestReset takes back what a push wrongly told, kills the exporter, and goes on: Prometheus
// sees one reset, and counts what came after it.
func TestReset(t *testing.T) {
	exporter := process.Exporter(t, "services: [{name: jobs, push: true, static_configs: [{targets: []}]}]\n")
	prometheus := process.Prometheus(t, process.PrometheusOptions{Scrape: []*process.Program{exporter}})
	pushReport(t, exporter, 0, 2)
	stored := func(what string, want float64) {
		t.Helper()
		process.Eventually(t, what, func() error {
			got, err := process.Query(t.Context(), prometheus, what)
			if err == nil && (len(got) != 1 || got[0].Value != want) {
				err = fmt.Errorf("got %v, want %v", got, want)
			}
			return err
		})
	}
	stored(names.ExceptionsTotal, 2)
	pushReport(t, exporter, 1, 1_000_000)
	stored(names.ExceptionsTotal, 1_000_002)
	trace := exporter.URL + waitForTrace(t, exporter, "/exceptions?q=Timeout")
	if status := resolveFrom(t, trace+"/reset", exporter.URL); status != http.StatusSeeOther {
		t.Fatalf("got status %d, want 303", status)
	}
	exporter.Kill(t)
	exporter.Start(t)
	pushReport(t, exporter, 0, 2) // as it was
	pushReport(t, exporter, 1, 3) // what was meant, and is the baseline now
	pushReport(t, exporter, 2, 4)
	pushReport(t, exporter, 1, 8)
	stored(names.ExceptionsTotal, 9)
	stored("resets("+names.ExceptionsTotal+"[1h])", 1)
	stored("min_over_time("+names.ExceptionsTotal+"[1h])", 0)
}
