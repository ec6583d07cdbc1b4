package peers_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/peers"
)

// A replica takes reports that are passed on, and tells that nothing was decided.
type replica struct {
	mu     sync.Mutex
	status int // of the next answers to reports; 0 for 200
	got    []string
}

func (p *replica) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(w, part("b1", "b", 1, false))
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.status != 0 {
		w.WriteHeader(p.status)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, _ = io.ReadAll(z)
		}
	}
	p.got = append(p.got, fmt.Sprintf("%s %s %s %d %.10s", r.URL.Path, r.Header.Get(names.ForwardedBy), r.Header.Get(names.ForwardedHost), len(body), body))
}

func (p *replica) answer(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
}

func (p *replica) has() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.got, ", ")
}

// pass has a report read and passed on.
func (f *fixture) pass(t *testing.T, process, body string) {
	t.Helper()
	r, kept := f.Copy(strings.NewReader(body))
	if read, err := io.ReadAll(r); err != nil || string(read) != body {
		t.Fatalf("%d bytes are read, error %v", len(read), err)
	}
	f.Forward(t.Context(), peers.Report{Service: "team/shop", Host: "10.0.0.7", Process: process, Received: time.Now()}, kept)
}

func withReplica(t *testing.T) (*fixture, *replica) {
	t.Helper()
	f, p := run(t), &replica{}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	f.SetTargets(targets(s.URL))
	eventually(t, "the peer", func() bool { return f.state() == "b" })
	return f, p
}

// TestForward passes on a small report and a large one, before the answer.
func TestForward(t *testing.T) {
	f, p := withReplica(t)
	f.pass(t, "x", "a report")
	if want := "/push/team/shop/errors own 10.0.0.7 8 a report"; p.has() != want {
		t.Errorf("got %q, want %q", p.has(), want)
	}
	f.pass(t, "x", strings.Repeat("0123456789", 1<<20))
	eventually(t, "the large one", func() bool { return strings.HasSuffix(p.has(), " 10485760 0123456789") })
}

// TestForwardLater keeps the newest report of each process for a peer that is away.
func TestForwardLater(t *testing.T) {
	f, p := withReplica(t)
	p.answer(http.StatusServiceUnavailable)
	for i := range 5 {
		f.pass(t, "x", fmt.Sprint("x", i))
		f.pass(t, "y", fmt.Sprint("y", i))
	}
	p.answer(0)
	eventually(t, "the newest of each", func() bool { return strings.Contains(p.has(), "x4") && strings.Contains(p.has(), "y4") })
	if got := p.has(); strings.Count(got, "own") != 2 {
		t.Errorf("more than the newest were passed on: %s", got)
	}
	p.answer(http.StatusNotFound)
	f.pass(t, "z", "z")
	want := "# HELP periskop_exporter_peer_pushes_total Pushed reports that were passed on to a peer, by how that ended: sent, failed for those that it refused, dropped for those that had no room while it was away.\n" +
		"# TYPE periskop_exporter_peer_pushes_total counter\n" +
		"periskop_exporter_peer_pushes_total{result=\"dropped\"} 0\nperiskop_exporter_peer_pushes_total{result=\"failed\"} 1\nperiskop_exporter_peer_pushes_total{result=\"sent\"} 2\n"
	eventually(t, "a report that is refused", func() bool {
		return testutil.GatherAndCompare(f.registry, strings.NewReader(want), "periskop_exporter_peer_pushes_total") == nil
	})
}

// TestForwardIsBounded has more wait than there is room for: what waits for longest goes.
func TestForwardIsBounded(t *testing.T) {
	f, p := withReplica(t)
	p.answer(http.StatusServiceUnavailable)
	noise := make([]byte, 60<<10) // too small to be compressed
	for i := range noise {
		noise[i] = 'a' + byte(i%26)
	}
	for i := range 1000 {
		f.pass(t, fmt.Sprint(i), string(noise))
	}
	p.answer(0)
	eventually(t, "what there was room for", func() bool {
		waiting, err := testutil.GatherAndCount(f.registry, "periskop_exporter_peer_pushes_waiting")
		return err == nil && waiting == 1 && strings.Count(p.has(), "own") > 200
	})
	if n := strings.Count(p.has(), "own"); n > 600 {
		t.Errorf("%d reports of 60 kB have waited in 32 MB", n)
	}
}

// TestOrder takes in no report that is passed on after a later one.
func TestOrder(t *testing.T) {
	var o peers.Order
	at := func(second int) *peers.Report {
		return &peers.Report{Service: "shop", Process: "x", Received: time.Unix(int64(second), 0)}
	}
	for _, step := range []struct {
		second          int
		forwarded, want bool
	}{{10, false, true}, {8, true, false}, {12, true, true}, {11, true, false}, {11, false, true}, {12, true, true}} {
		if got := o.Next(at(step.second), step.forwarded); got != step.want {
			t.Errorf("second %d, forwarded %v: got %v, want %v", step.second, step.forwarded, got, step.want)
		}
	}
}
