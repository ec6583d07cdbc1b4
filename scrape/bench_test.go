package scrape_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/scrape"
)

// serveCanned answers every request with the same bytes and allocates nothing, so
// that a benchmark measures the client.
func serveCanned(b *testing.B, encoding string, body []byte) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 18:54:03 GMT\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n", encoding, len(body))
	answer = append(answer, body...)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = conn.Close() }()
				request := make([]byte, 4096) // a request comes in one piece
				for {
					if _, err := conn.Read(request); err != nil {
						return
					}
					if _, err := conn.Write(answer); err != nil {
						return
					}
				}
			})
		}
	})
	b.Cleanup(func() {
		_ = listener.Close()
		wg.Wait()
	})
	return "http://" + listener.Addr().String()
}

// A discarding intake has each target tell what has changed, or all of it.
type discarding struct{ generation uint64 }

func (d discarding) Generation() uint64     { return d.generation }
func (discarding) Take(*periskop.Aggregate) {}

func (discarding) Fold(s *periskop.Scrape) {
	if s.Err != nil {
		panic(s.Err)
	}
}

// poolOf returns a pool for the targets and a function that closes its connections.
func poolOf(targets []*periskop.Target, all bool) (*scrape.Pool, func()) {
	p := scrape.New(scrape.Options{Begin: func(*periskop.Scrape) scrape.Intake {
		if all {
			return discarding{generations.Add(1)}
		}
		return discarding{}
	}})
	p.Apply([]scrape.Service{shop()})
	p.SetTargets(targetsOf("shop", targets...))
	return p, func() { p.Apply(nil) }
}

// BenchmarkFloor is a mere download of what BenchmarkScrape reads.
func BenchmarkFloor(b *testing.B) {
	many := []byte(payload(b, "go-many-keys.json"))
	url := serveCanned(b, "", many)
	var client http.Client
	b.SetBytes(int64(len(many)))
	b.ReportAllocs()
	for b.Loop() {
		resp, err := client.Get(url)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	b.StopTimer()
	client.CloseIdleConnections()
}

func BenchmarkScrape(b *testing.B) {
	many := []byte(payload(b, "go-many-keys.json")) // 123 kB
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(many)
	_ = z.Close()
	for _, bb := range []struct {
		name     string
		encoding string
		body     []byte
		all      bool
	}{
		{"nothing has changed", "", many, false},
		{"nothing has changed, gzip", "Content-Encoding: gzip\r\n", packed.Bytes(), false},
		{"everything", "", many, true},
		{"everything, gzip", "Content-Encoding: gzip\r\n", packed.Bytes(), true},
	} {
		b.Run(bb.name, func(b *testing.B) {
			p, done := poolOf([]*periskop.Target{slowTarget(serveCanned(b, bb.encoding, bb.body))}, bb.all)
			scrape := p.Scrapes()[0]
			scrape() // connects
			b.SetBytes(int64(len(many)))
			b.ReportAllocs()
			for b.Loop() {
				scrape()
			}
			b.StopTimer()
			done()
		})
	}
}

// BenchmarkFleet is one scrape of each of 1000 targets, a connection each, eight
// at a time.
func BenchmarkFleet(b *testing.B) {
	const n = 1000
	many := []byte(payload(b, "go-many-keys.json"))
	url := serveCanned(b, "", many)
	targets := make([]*periskop.Target, n)
	for i := range targets {
		targets[i] = slowTarget(fmt.Sprintf("%s/%04d", url, i))
	}
	p, done := poolOf(targets, false)
	scrapes := p.Scrapes()
	b.SetBytes(n * int64(len(many)))
	b.ReportAllocs()
	for b.Loop() {
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				for i := worker; i < n; i += 8 {
					scrapes[i]()
				}
			})
		}
		wg.Wait()
	}
	b.StopTimer()
	done()
}

// BenchmarkIdle is the memory of 10,000 targets that wait for their scrape.
func BenchmarkIdle(b *testing.B) {
	const n = 10_000
	targets := make([]*periskop.Target, n)
	for i := range targets {
		targets[i] = slowTarget(fmt.Sprintf("http://shop.test/%05d", i))
		targets[i].Interval = 1000 * time.Hour
	}
	for b.Loop() {
		before := inUse()
		p, _ := poolOf(targets, false)
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		for runtime.NumGoroutine() < n {
			time.Sleep(time.Millisecond)
		}
		b.ReportMetric(float64(inUse()-before)/n, "B/target")
		cancel()
		if err := <-done; err != nil {
			b.Errorf("Run: %v", err)
		}
	}
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

func BenchmarkSetTargets(b *testing.B) {
	const n = 10_000
	targets := make([]*periskop.Target, n)
	for i := range targets {
		targets[i] = slowTarget(fmt.Sprintf("http://shop.test/%05d", i))
	}
	p, _ := poolOf(targets, false)
	b.ReportAllocs()
	for b.Loop() {
		p.SetTargets(targetsOf("shop", targets...))
	}
}
