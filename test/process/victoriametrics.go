package process

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// VictoriaMetrics runs a real VictoriaMetrics that keeps one sample of each interval.
func VictoriaMetrics(t testing.TB, deduplicate time.Duration) *Program {
	t.Helper()
	dir := t.TempDir()
	address := FreeAddress(t)
	return start(t, &Program{
		name: "victoria-metrics", path: binary(t, "VICTORIA_METRICS", "victoria-metrics"),
		URL: "http://" + address, ready: "/health",
		args: []string{
			"-httpListenAddr=" + address, "-storageDataPath=" + filepath.Join(dir, "data"), "-retentionPeriod=1d",
			"-dedup.minScrapeInterval=" + deduplicate.String(),
			"-search.latencyOffset=0s", // or the newest samples are held back for half a minute
			"-memory.allowedBytes=128MB",
		},
	})
}

// VMAgent runs a real vmagent that scrapes the programs, as job periskop, and writes into a
// VictoriaMetrics.
func VMAgent(t testing.TB, into *Program, interval time.Duration, scrape ...*Program) *Program {
	t.Helper()
	dir := t.TempDir()
	var b strings.Builder
	fmt.Fprintf(&b, "global: {scrape_interval: %[1]s, scrape_timeout: %[1]s}\n", interval)
	b.WriteString("scrape_configs:\n- job_name: periskop\n  static_configs:\n")
	for _, p := range scrape {
		fmt.Fprintf(&b, "  - targets: [%q]\n", strings.TrimPrefix(p.URL, "http://"))
	}
	file := filepath.Join(dir, "prometheus.yaml")
	write(t, file, b.String())
	address := FreeAddress(t)
	return start(t, &Program{
		name: "vmagent", path: binary(t, "VMAGENT", "vmagent"),
		URL: "http://" + address, ready: "/health",
		args: []string{
			"-httpListenAddr=" + address, "-promscrape.config=" + file,
			"-remoteWrite.url=" + into.URL + "/api/v1/write", "-remoteWrite.tmpDataPath=" + filepath.Join(dir, "data"),
			"-remoteWrite.flushInterval=200ms", "-memory.allowedBytes=64MB",
		},
	})
}
