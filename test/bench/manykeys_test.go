package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// BenchmarkManyKeys measures what it costs to hold 100,000 keys of different content, in 50
// services: memory at rest, and the CPU time of a start until metrics are whole.
func BenchmarkManyKeys(b *testing.B) {
	s := workload{Targets: 50, Keys: 2000, Occurrences: 5, Frames: 15, Distinct: true}
	_, port := start(b, roleFleet, work{Workload: s})
	var config strings.Builder
	config.WriteString("global: {scraper: {refresh_interval: 2m, timeout: 2m, endpoint: /errors, body_size_limit: 1GB}}\nservices:\n")
	for i := range s.Targets {
		fmt.Fprintf(&config, "- {name: service%d, static_configs: [{targets: [%q]}]}\n", i, host(i)+":"+port)
	}
	exporter := process.Exporter(b, config.String())
	keys := func() int {
		body, err := process.Get(b.Context(), exporter.URL+"/metrics")
		if err != nil {
			b.Log(err) // it is busy with the first scrapes
		}
		return strings.Count(body, "\nperiskop_exceptions_total{")
	}
	n := 0
	for range 300 {
		if n = keys(); n == s.Targets*s.Keys {
			break
		}
		time.Sleep(time.Second)
	}
	if n != s.Targets*s.Keys {
		b.Fatalf("%d keys are exposed, want %d", n, s.Targets*s.Keys)
	}
	b.Run("rest", func(b *testing.B) {
		time.Sleep(time.Minute)
		rss, highest := resident(b, exporter.PID())
		report(b, rss/(1<<20), "rss-MiB")
		report(b, highest/(1<<20), "peak-MiB")
		report(b, metric(b, metrics(b, exporter), "periskop_exporter_state_size_bytes")/1e6, "file-MB")
	})
	b.Run("serving", func(b *testing.B) { measureServing(b, exporter) })
	b.Run("start", func(b *testing.B) {
		exporter.Stop(b)
		exporter.Start(b)
		if n := keys(); n != s.Targets*s.Keys {
			b.Errorf("%d keys are exposed after the start, want %d", n, s.Targets*s.Keys)
		}
		report(b, cpu(b, exporter.PID()).Seconds()*1000, "cpu-ms/start")
		time.Sleep(time.Minute)
		rss, highest := resident(b, exporter.PID())
		report(b, rss/(1<<20), "rss-MiB")
		report(b, highest/(1<<20), "peak-MiB")
	})
}
