package bench

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// BenchmarkMetrics measures what one scrape of /metrics costs the exporter.
func BenchmarkMetrics(b *testing.B) {
	for _, series := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("series=%d", series), func(b *testing.B) {
			s := workload{Targets: 1, Keys: series, Occurrences: 1, Frames: 1}
			exporter := filled(b, s)
			b.Run("text", func(b *testing.B) { measureMetrics(b, exporter, series, http.Header{"Accept-Encoding": {"identity"}}) })
			b.Run("prometheus", func(b *testing.B) {
				measureMetrics(b, exporter, series, http.Header{
					"Accept":          {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.1"},
					"Accept-Encoding": {"gzip"},
				})
			})
		})
	}
}

// filled returns an exporter that was told of so many keys, and scrapes nothing.
func filled(b *testing.B, s workload) *process.Program {
	b.Helper()
	exporter := process.Exporter(b, `
limits: {keys_per_service: 1000000, payload_size: 10GB}
services: [{name: shop, push: true}]
`)
	// The first report begins the watch on the service: what comes later is counted.
	push(b, exporter, `{"aggregated_errors": []}`)
	push(b, exporter, string(newTarget(0, s, newParts(s, 0)).appendReport(nil)))
	return exporter
}

func measureMetrics(b *testing.B, exporter *process.Program, series int, header http.Header) {
	const scrapes = 20
	url := exporter.URL + "/metrics"
	size := ask(b, url, header) // also fills what is kept between scrapes
	allocated, used := allocations(b, exporter), cpu(b, exporter.PID())
	for range scrapes {
		ask(b, url, header)
	}
	used = cpu(b, exporter.PID()) - used
	allocated = allocations(b, exporter) - allocated
	report(b, used.Seconds()*1000/scrapes, "cpu-ms/scrape")
	report(b, used.Seconds()*1e6/scrapes/float64(series), "cpu-us/series")
	report(b, allocated/scrapes/float64(size), "allocated/answer")
	report(b, float64(size)/1e6, "answer-MB")
}

// ask returns how many bytes an answer has once it is unpacked.
func ask(b *testing.B, url string, header http.Header) int64 {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	req.Header = header.Clone()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	body := io.Reader(res.Body)
	if res.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(body); err != nil {
			b.Fatal(err)
		}
	}
	n, err := io.Copy(io.Discard, body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s: %v", url, res.Status, err)
	}
	return n
}

// allocations returns how many bytes the exporter has allocated so far. To ask costs some
// as well.
func allocations(b *testing.B, exporter *process.Program) float64 {
	b.Helper()
	return metric(b, metrics(b, exporter), "go_memstats_alloc_bytes_total")
}
