package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// BenchmarkFleet measures CPU and memory of a steady fleet.
func BenchmarkFleet(b *testing.B) {
	for _, growth := range []int{0, 1, 100} {
		measure(b, large(100, 50, growth), 5*time.Second)
	}
	fresh := large(100, 50, 100)
	fresh.Jump = fresh.Occurrences
	measure(b, fresh, 5*time.Second)
	measure(b, large(500, 200, 1), 30*time.Second)
	for _, targets := range []int{100, 1000} {
		measure(b, large(targets, 10, 1), 5*time.Second)
	}
	for _, keys := range []int{10, 100, 1000} {
		measure(b, large(20, keys, 1), 5*time.Second)
	}
}

const (
	warmUp = 3 // intervals until connections, buffers and the heap are settled
	cycles = 5 // intervals that are measured
)

func measure(b *testing.B, s workload, interval time.Duration) {
	b.Run(fmt.Sprintf("targets=%d/keys=%d/growth=%d%%x%d", s.Targets, s.Keys, s.Growth, s.Jump), func(b *testing.B) {
		_, port := start(b, roleFleet, work{Workload: s})
		_, floorPort := start(b, roleFleet, work{Workload: s})
		exporter := process.Exporter(b, config(s, port, interval))
		process.Prometheus(b, process.PrometheusOptions{Scrape: []*process.Program{exporter}, Interval: 15 * time.Second})
		floor, _ := start(b, roleFloor, work{Workload: s, Port: floorPort, Interval: interval})
		b.ResetTimer()
		time.Sleep(warmUp * interval)
		began, beganFloor := cpu(b, exporter.PID()), cpu(b, floor)
		wrote := written(b, exporter.PID())
		time.Sleep(cycles * interval)
		used, usedFloor := cpu(b, exporter.PID())-began, cpu(b, floor)-beganFloor
		wrote = written(b, exporter.PID()) - wrote
		rss, highest := resident(b, exporter.PID())

		cyclesSeen := scrapes(b, exporter) / float64(s.Targets)
		if cyclesSeen < warmUp+cycles-1 {
			b.Errorf("every target was scraped %.1f times, want %d: the exporter does not keep up", cyclesSeen, warmUp+cycles)
		}
		report(b, float64(used)/float64(usedFloor), "cpu/floor")
		megabytes := float64(s.Targets*s.size()) / 1e6
		report(b, cycles*megabytes/usedFloor.Seconds(), "floor-MB/cpu-s")
		report(b, (used-usedFloor).Seconds()*1000/cycles/megabytes*100, "ms-above-floor/100MB")
		report(b, megabytes, "MB/cycle")
		report(b, rss/1e6, "rss-MB")
		report(b, highest/1e6, "peak-MB")
		report(b, wrote/1e6/(cycles*interval).Hours(), "written-MB/h")
	})
}

// BenchmarkScale asks whether the exporter keeps up with 10,000 targets, without a floor
// beside it: that would take the cores that the exporter needs.
func BenchmarkScale(b *testing.B) {
	s := large(10_000, 50, 1)
	const interval = 30 * time.Second
	_, port := start(b, roleFleet, work{Workload: s})
	exporter := process.Exporter(b, config(s, port, interval))
	b.ResetTimer()
	time.Sleep(2 * interval)
	began, scraped := cpu(b, exporter.PID()), scrapes(b, exporter)
	time.Sleep(2 * interval)
	used, scraped := cpu(b, exporter.PID())-began, scrapes(b, exporter)-scraped
	rss, highest := resident(b, exporter.PID())
	if share := scraped / float64(2*s.Targets); share < 0.99 {
		b.Errorf("only %.1f %% of the scrapes were done in time", 100*share)
	}
	report(b, used.Seconds()/(2*interval).Seconds(), "cores")
	report(b, float64(s.Targets*s.size())/interval.Seconds()/1e6, "MB/s")
	report(b, rss/1e6, "rss-MB")
	report(b, highest/1e6, "peak-MB")
}

// config is that of a service with these targets.
func config(s workload, port string, interval time.Duration) string {
	targets := make([]string, s.Targets)
	for i := range targets {
		targets[i] = fmt.Sprintf("%q", host(i)+":"+port)
	}
	return fmt.Sprintf(`
global: {scraper: {refresh_interval: %s, endpoint: /errors, body_size_limit: 1GB}}
limits: {keys_per_service: 1000000}
services:
- name: shop
  static_configs: [{targets: [%s]}]
`, interval, strings.Join(targets, ", "))
}

// scrapes returns how many scrapes succeeded.
func scrapes(b *testing.B, exporter *process.Program) float64 {
	b.Helper()
	return metric(b, metrics(b, exporter), `periskop_scrapes_total{result="success",service_name="shop"}`)
}
