//go:build e2e

package grafana_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// TestTypes checks the dashboards against the types of the newest Grafana.
func TestTypes(t *testing.T) {
	run(t, "node", append([]string{"types.mjs", "build/boards.ts"}, boards(t, t.TempDir())...)...)
	run(t, "node", "node_modules/typescript/bin/tsc")
}

// TestLinks has Grafana's code interpolate every link over the demo's exceptions, and
// follows it.
func TestLinks(t *testing.T) {
	bundle := filepath.Join(t.TempDir(), "links.mjs")
	run(t, "node", "bundle.mjs", bundle)
	demo := process.Demo(t)
	prometheus := process.Prometheus(t, process.PrometheusOptions{Scrape: []*process.Program{demo}})
	// A new series is at zero once; only then is its exception new.
	process.Eventually(t, "a new exception", func() error {
		samples, err := process.Query(t.Context(), prometheus,
			"periskop_exceptions_total > 0 and on (service_name, exception_id) (periskop_exception_first_seen_timestamp_seconds > on (service_name) group_left () periskop_service_watched_since_timestamp_seconds)")
		if err == nil && len(samples) == 0 {
			err = errors.New("none yet")
		}
		return err
	})
	run(t, "node", append([]string{bundle, prometheus.URL, demo.URL}, boards(t, t.TempDir())...)...)
}
