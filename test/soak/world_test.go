//go:build e2e

package soak_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

const (
	targets        = 12
	hostileTargets = 4
	keys           = 40
	// rare is how often a target restarts. The names of all processes are remembered for a
	// week, of which each takes some bytes.
	rare = 5 * time.Second
)

// A world is the exporter and all that keeps it busy.
type world struct {
	*process.Program
	fleet   *fleet.Fleet
	found   string // the file of discovery
	good    []*target
	bad     []*fleet.Server
	hostile string // their addresses

	// process guards the program while it is ended and started.
	process sync.RWMutex
	client  *http.Client
	pushed  uint64
}

// A target restarts now and then.
type target struct {
	*fleet.Server
	mu      sync.Mutex
	process *fleet.Process
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{fleet: fleet.New(fleet.Options{Seed: 1}), found: filepath.Join(t.TempDir(), "targets.json"), client: &http.Client{Timeout: 20 * time.Second}}
	t.Cleanup(func() { _ = w.fleet.Close() })
	for range targets {
		p := w.fleet.Start(fleet.ProcessOptions{Service: "shop"})
		s, err := w.fleet.Serve(p)
		if err != nil {
			t.Fatal(err)
		}
		w.good = append(w.good, &target{Server: s, process: p})
	}
	var addresses []string
	for range hostileTargets {
		s, err := w.fleet.Serve(w.fleet.Start(fleet.ProcessOptions{Service: "hostile"}))
		if err != nil {
			t.Fatal(err)
		}
		w.bad = append(w.bad, s)
		addresses = append(addresses, s.Address())
	}
	w.discover(t)
	w.hostile = strings.Join(addresses, "','")
	w.Program = process.Exporter(t, w.config(w.hostile, 10))
	return w
}

func (w *world) config(hostile string, occurrences int) string {
	return fmt.Sprintf(`
global: {scraper: {refresh_interval: 1s, timeout: 1s, body_size_limit: 4MB}}
retention: {process: 1m, series: 1h}
limits: {occurrences_per_key: %d}
services:
- name: shop
  file_sd_configs: [{files: [%q], refresh_interval: 1s}]
- name: hostile
  static_configs: [{targets: ['%s']}]
- name: jobs
  push: true
  static_configs: [{targets: []}]
`, occurrences, w.found, hostile)
}

// discover writes the file of discovery, in which some targets are missing.
func (w *world) discover(t *testing.T) {
	t.Helper()
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	g := group{Targets: []string{}, Labels: map[string]string{"env": "test"}}
	for _, s := range w.good {
		if rand.IntN(4) > 0 {
			g.Targets = append(g.Targets, s.Address())
		}
	}
	b, err := json.Marshal([]group{g})
	if err == nil {
		err = os.WriteFile(w.found+".new", b, 0o600)
	}
	if err == nil {
		err = os.Rename(w.found+".new", w.found)
	}
	if err != nil {
		t.Error(err)
	}
}

// lifecycle runs what needs the program to stay as it is, or what changes that.
func (w *world) lifecycle(f func()) {
	w.process.Lock()
	defer w.process.Unlock()
	f()
}

// busy begins everything, until stop is called.
func (w *world) busy(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	every := func(d time.Duration, f func()) {
		wg.Go(func() {
			for ctx.Err() == nil {
				f()
				select {
				case <-time.After(d/2 + rand.N(d)):
				case <-ctx.Done():
				}
			}
		})
	}
	every(500*time.Millisecond, func() { w.discover(t) })
	every(3*time.Second, func() { w.reload(t) })
	every(rare, w.restartTarget)
	every(50*time.Millisecond, w.raise)
	every(time.Second, w.misbehave)
	every(200*time.Millisecond, func() { w.push(ctx) })
	every(time.Second, func() { w.decide(ctx) })
	every(time.Second, func() { w.readNothing(ctx) })
	for range 4 {
		every(50*time.Millisecond, func() { w.read(ctx) })
	}
	return func() {
		cancel()
		wg.Wait()
		w.client.CloseIdleConnections()
		for _, s := range w.bad {
			_ = s.SetFault(fleet.NoFault)
		}
	}
}

// restartTarget replaces the process of a target.
func (w *world) restartTarget() {
	s := w.good[rand.IntN(len(w.good))]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process = w.fleet.Restart(s.process)
	s.SetHandler(s.process)
}

func (w *world) raise() {
	s := w.good[rand.IntN(len(w.good))]
	s.mu.Lock()
	defer s.mu.Unlock()
	n := rand.IntN(keys)
	s.process.Raise(fmt.Sprintf("CartError%d@1a", n), periskop.Occurrence{Error: periskop.Exception{
		Class: fmt.Sprintf("CartError%d", n), Message: fmt.Sprintf("cart %d expired, password=hunter%d", rand.Int(), rand.Int()),
		Stacktrace: []string{"main.go:1", strings.Repeat("frame ", rand.IntN(50))},
	}})
}

func (w *world) misbehave() {
	faults := append(fleet.Faults(), fleet.NoFault)
	_ = w.bad[rand.IntN(len(w.bad))].SetFault(faults[rand.IntN(len(faults))])
}

func (w *world) push(ctx context.Context) {
	w.pushed++
	process := rand.IntN(5)
	at := time.Now().UTC().Format(time.RFC3339Nano)
	body := fmt.Sprintf(`{"target_uuid":"job-%d","aggregated_errors":[{"aggregation_key":"Timeout@1a","total_count":%d,"severity":"error","created_at":"2026-11-22T12:00:00Z",`+
		`"latest_errors":[{"uuid":"%d","timestamp":%q,"error":{"class":"Timeout","message":"m","stacktrace":["a"]}}]}]}`, process, w.pushed, w.pushed, at)
	switch rand.IntN(10) {
	case 0:
		body = body[:len(body)/2]
	case 1:
		body = `{"aggregated_errors":[` + strings.Repeat(" ", 200_000) + body[len(body)/2:]
	}
	w.ask(ctx, http.MethodPost, "/push/jobs/errors", body)
}

var traceID = regexp.MustCompile(`/trace/([0-9a-f]{16})`)

// decide resolves, reopens or resets an exception.
func (w *world) decide(ctx context.Context) {
	ids := traceID.FindAllStringSubmatch(strings.ReplaceAll(w.ask(ctx, http.MethodGet, "/exceptions", ""), "./trace", "/trace"), -1)
	if len(ids) == 0 {
		return
	}
	action := []string{"resolve", "reopen", "reset"}[rand.IntN(3)]
	w.ask(ctx, http.MethodPost, "/trace/"+ids[rand.IntN(len(ids))][1]+"/"+action, "reason=x")
}

func (w *world) read(ctx context.Context) {
	paths := []string{
		"/", "/exceptions?q=cart&sort=count", "/service?service_name=shop", "/status", "/metrics", "/metrics?service_name=shop", "/federate?service_name=shop",
		"/services/shop/errors/", "/targets/", "/api/v1/exceptions", "/api/v1/targets", "/-/exceptions", "/-/ready", "/nothing",
	}
	page := w.ask(ctx, http.MethodGet, paths[rand.IntN(len(paths))], "")
	if ids := traceID.FindAllStringSubmatch(strings.ReplaceAll(page, "./trace", "/trace"), -1); len(ids) > 0 {
		id := ids[rand.IntN(len(ids))][1]
		for _, form := range []string{"", "/text", "/json", "/markdown", "/curl"} {
			w.ask(ctx, http.MethodGet, "/trace/"+id+form, "")
		}
	}
}

// ask returns the answer, "" when there is none: the program may have been ended.
func (w *world) ask(ctx context.Context, method, path, body string) string {
	req, err := http.NewRequestWithContext(ctx, method, w.URL+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := w.client.Do(req)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return string(b)
}

// readNothing asks for a page and goes away.
func (w *world) readNothing(ctx context.Context) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		return
	}
	defer c.Close()
	fmt.Fprint(c, "GET /services/shop/errors/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
	select {
	case <-time.After(rand.N(3 * time.Second)):
	case <-ctx.Done():
	}
}
