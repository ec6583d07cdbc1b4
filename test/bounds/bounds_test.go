//go:build e2e

package bounds_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A world is the exporter with a sound target and others.
type world struct {
	*process.Program
	fleet  *fleet.Fleet
	sound  *fleet.Server
	config strings.Builder
}

func newWorld(t *testing.T) *world {
	w := &world{fleet: fleet.New(fleet.Options{Seed: 1})}
	t.Cleanup(func() { _ = w.fleet.Close() })
	w.config.WriteString("global: {scraper: {refresh_interval: 1s, timeout: 1s}}\nservices:\n")
	w.sound = w.target(t, "sound", "", w.fleet.Start(fleet.ProcessOptions{Service: "sound"}))
	return w
}

// target adds a service with one target, and to scraper what its block has.
func (w *world) target(t *testing.T, service, scraper string, h http.Handler) *fleet.Server {
	t.Helper()
	s, err := w.fleet.Serve(h)
	if err != nil {
		t.Fatal(err)
	}
	w.service(service, scraper, s.Address())
	return s
}

func (w *world) service(name, scraper string, addresses ...string) {
	if scraper == "" {
		scraper = "{}"
	}
	fmt.Fprintf(&w.config, "- name: %s\n  scraper: %s\n  static_configs: [{targets: ['%s']}]\n", name, scraper, strings.Join(addresses, "', '"))
}

func (w *world) start(t *testing.T, args ...string) {
	t.Helper()
	w.Program = process.Exporter(t, w.config.String(), args...)
}

// goesOn waits until the sound target was scraped and the metrics were answered a few times
// more.
func (w *world) goesOn(t *testing.T) {
	t.Helper()
	for range 5 {
		before := w.sound.Requests()
		process.Eventually(t, "a scrape of the sound target", func() error {
			if _, err := process.Get(t.Context(), w.URL+"/metrics"); err != nil {
				return err
			}
			if w.sound.Requests() == before {
				return fmt.Errorf("it is not scraped")
			}
			return nil
		})
	}
}

// loadedWorld has a service whose answer is some 46 MB.
func loadedWorld(t *testing.T) *world {
	w := newWorld(t)
	body := big()
	t.Logf("the report has %d MB", len(body)/1e6)
	w.target(t, "big", "{refresh_interval: 10s, timeout: 10s}", answer(body, ""))
	w.start(t)
	process.Eventually(t, "the report of the large service", func() error {
		got, err := process.Get(t.Context(), w.URL+"/api/v1/exceptions?service_name=big")
		if err == nil && strings.Count(got, `"exception_id"`) < 460 {
			err = fmt.Errorf("it is not there")
		}
		return err
	})
	return w
}

// TestReaders has many ask for the largest answers together.
func TestReaders(t *testing.T) {
	w := loadedWorld(t)
	for _, path := range []string{"/services/big/errors/", "/federate?service_name=big", "/exceptions?service_name=big"} {
		for _, n := range []int{20, 200} {
			what := fmt.Sprintf("%d readers of %s", n, path)
			m := measure(t, w.Program)
			stop := together(n, func(ctx context.Context) { read(ctx, w.URL+path) })
			w.goesOn(t)
			stop()
			m.check(t, what)
		}
	}
}

// TestSlowReaders has readers that ask for the largest answer and then read nothing of it.
func TestSlowReaders(t *testing.T) {
	w := loadedWorld(t)
	m := measure(t, w.Program)
	for range 15 {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET /services/big/errors/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	w.goesOn(t)
	m.check(t, "15 readers that do not read")
}

// TestPushers has many push large reports together.
func TestPushers(t *testing.T) {
	w := newWorld(t)
	w.config.WriteString("- name: pushed\n  push: true\n  static_configs: [{targets: []}]\n")
	w.start(t)
	body := payload{keys: 600, occurrences: 10, message: 9000, frames: 10}.report(2)
	t.Logf("a push has %d MB", len(body)/1e6)
	url := w.URL + "/push/pushed/errors"
	m := measure(t, w.Program)
	stop := together(30, func(ctx context.Context) { push(ctx, url, body) })
	w.goesOn(t)
	stop()
	m.check(t, "30 pushes")
}

// TestSlowPushers has many begin large pushes that then stand still: another one is taken in all
// the same, in time.
func TestSlowPushers(t *testing.T) {
	w := newWorld(t)
	w.config.WriteString("- name: pushed\n  push: true\n  static_configs: [{targets: []}]\n")
	w.start(t)
	m := measure(t, w.Program)
	head := fmt.Sprintf("POST /push/pushed/errors HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", 60<<20)
	stop := together(60, func(ctx context.Context) {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(w.URL, "http://"))
		if err != nil {
			return
		}
		defer c.Close()
		defer context.AfterFunc(ctx, func() { _ = c.Close() })()
		fmt.Fprint(c, head, strings.Repeat(" ", 1<<20))
		_, _ = io.Copy(io.Discard, c) // until it has to give way, or no more is waited for
	})
	body := payload{keys: 300, occurrences: 10, message: 9000, frames: 10}.report(4)
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	other := &http.Client{Transport: &http.Transport{DialContext: from.DialContext}}
	for range 3 {
		start := time.Now()
		res, err := other.Post(w.URL+"/push/pushed/errors", "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		t.Logf("a push of %d MB from elsewhere: %s after %s", len(body)/1e6, res.Status, time.Since(start).Round(time.Millisecond))
		if res.StatusCode != http.StatusOK {
			t.Errorf("got %s, want it taken in", res.Status)
		}
	}
	w.goesOn(t)
	stop()
	m.check(t, "60 pushes that stand still")
}

// together has n do the same again and again, until stop is called.
func together(n int, do func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for ctx.Err() == nil {
				do(ctx)
			}
		})
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 300}}

func read(ctx context.Context, url string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		panic(err)
	}
	do(req)
}

func push(ctx context.Context, url string, body []byte) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	do(req)
}

func do(req *http.Request) {
	res, err := client.Do(req)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
}
