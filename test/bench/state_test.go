package bench

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// BenchmarkState measures what it costs to keep 100,000 keys: to begin with them, to
// commit, and to show them on pages.
func BenchmarkState(b *testing.B) {
	const keys = 100_000
	s := workload{Targets: 1, Keys: keys, Occurrences: 1, Frames: 20}
	exporter := filled(b, s)
	body := metrics(b, exporter)
	b.Run("commit", func(b *testing.B) {
		report(b, 1000*metric(b, body, "periskop_exporter_state_last_commit_duration_seconds"), "ms/commit")
		report(b, metric(b, body, "periskop_exporter_state_size_bytes")/1e6, "file-MB")
		rss, _ := resident(b, exporter.PID())
		report(b, rss/1e6, "rss-MB")
	})
	b.Run("start", func(b *testing.B) {
		exporter.Stop(b)
		began := time.Now()
		exporter.Start(b)
		report(b, float64(time.Since(began).Milliseconds()), "ms/start")
		report(b, cpu(b, exporter.PID()).Seconds()*1000, "cpu-ms/start")
	})
	list := page(b, exporter, "/exceptions?service_name=shop")
	trace := regexp.MustCompile(`/trace/[0-9a-f]{16}`).FindString(list)
	if trace == "" {
		b.Fatal("the list has no links")
	}
	for name, path := range map[string]string{
		"overview": "/", "list": "/exceptions?service_name=shop", "search": "/exceptions?q=refused", "trace": trace,
	} {
		b.Run(name, func(b *testing.B) {
			const times = 10
			size, used := len(page(b, exporter, path)), cpu(b, exporter.PID())
			for range times {
				page(b, exporter, path)
			}
			report(b, (cpu(b, exporter.PID())-used).Seconds()*1000/times, "cpu-ms/page")
			report(b, float64(size)/1e3, "page-kB")
		})
	}
}

func page(b *testing.B, exporter *process.Program, path string) string {
	b.Helper()
	body, err := process.Get(b.Context(), exporter.URL+path)
	if err != nil {
		b.Fatal(err)
	}
	return body
}

func metrics(b *testing.B, exporter *process.Program) string {
	b.Helper()
	return page(b, exporter, "/metrics")
}

// metric returns the value of the only series of a metric.
func metric(b *testing.B, body, name string) float64 {
	b.Helper()
	for line := range strings.Lines(body) {
		var value float64
		if _, err := fmt.Sscanf(line, name+" %g", &value); err == nil {
			return value
		}
	}
	b.Fatalf("there is no %s", name)
	return 0
}

// push sends a report to the exporter.
func push(b *testing.B, exporter *process.Program, body string) {
	b.Helper()
	res, err := http.Post(exporter.URL+"/push/shop/errors", "application/json", strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b.Fatalf("push: %s", res.Status)
	}
}
