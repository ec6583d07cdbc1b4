package peers_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	commonconfig "github.com/prometheus/common/config"
	"go.uber.org/goleak"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/peers"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A taker notes what it is told.
type taker struct {
	mu   sync.Mutex
	told []merge.Decided
}

func (k *taker) take(list []merge.Decided) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.told = append(k.told, list...)
	return 0
}

func (k *taker) ids() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var ids []string
	for _, d := range k.told {
		ids = append(ids, d.ID)
	}
	return strings.Join(ids, " ")
}

// A fixture is an exchange that runs.
type fixture struct {
	*peers.Exchange
	taker
	registry *prometheus.Registry
}

func run(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{registry: prometheus.NewRegistry()}
	f.Exchange = peers.New(peers.Options{Process: "own", Replica: "a", Take: f.take, UserAgent: "test/1", Registerer: f.registry})
	f.configure(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) configure(t *testing.T) {
	t.Helper()
	if err := f.Configure(&peers.Settings{HTTPClient: commonconfig.DefaultHTTPClientConfig, Interval: 10 * time.Millisecond, Timeout: time.Second}); err != nil {
		t.Fatal(err)
	}
}

func targets(urls ...string) []*periskop.Target {
	var list []*periskop.Target
	for i, u := range urls {
		list = append(list, &periskop.Target{Instance: fmt.Sprint("peer-", i), URL: u + "/api/v1/decisions"})
	}
	return list
}

// serve answers with what answer returns for what a request has read of the process.
func serve(t *testing.T, answer func(since []string) string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, answer(r.URL.Query()["since"]))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func part(process, replica string, next int, more bool, exceptions ...string) string {
	return fmt.Sprintf(`{"status":"success","data":{"process":%q,"replica":%q,"next":%d,"more":%v,"exceptions":[%s]}}`,
		process, replica, next, more, strings.Join(exceptions, ","))
}

func about(id string) string {
	return fmt.Sprintf(`{"service_name":"shop","exception_id":%q,"resolved_seconds_ago":60,"decisions":[{"kind":"resolved","at":"2026-11-22T12:00:00Z","by":"ada","reason":"","until":null,"until_grown_by":0,"until_new_version":false,"of":null}]}`, id)
}

// eventually waits for what comes by itself.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for: %s", what)
		}
	}
}

// state is what is shown of each address.
func (f *fixture) state() string {
	list, left := f.Status()
	var out []string
	for _, s := range list {
		switch {
		case s.Err != nil:
			out = append(out, "failed: "+s.Err.Error())
		case s.Self:
			out = append(out, "self")
		case s.At.IsZero():
			out = append(out, "waiting")
		default:
			out = append(out, s.Replica)
		}
	}
	if left > 0 {
		out = append(out, fmt.Sprintf("%d left", left))
	}
	return strings.Join(out, ", ")
}

// TestExchange reads in parts, and what is new after that, but nothing twice.
func TestExchange(t *testing.T) {
	f := run(t)
	var decided atomic.Int32
	decided.Store(3)
	u := serve(t, func(since []string) string {
		from := 0
		for _, s := range since {
			if n, ok := strings.CutPrefix(s, "b1."); ok {
				_, _ = fmt.Sscan(n, &from)
			}
		}
		switch n := int(decided.Load()); {
		case from >= n:
			return part("b1", "b", n, false)
		default:
			return part("b1", "b", from+1, from+1 < n, about(fmt.Sprint(from+1)))
		}
	})
	f.SetTargets(targets(u))
	eventually(t, "all parts", func() bool { return f.ids() == "1 2 3" })
	decided.Store(4)
	eventually(t, "what is new", func() bool { return f.ids() == "1 2 3 4" })
	if got := f.state(); got != "b" {
		t.Errorf("status %q", got)
	}
	d := f.told[0]
	if d.Service != "shop" || d.Decisions[0].Kind != triage.Resolved || d.Decisions[0].By != "ada" || time.Since(d.Made) < 50*time.Second || time.Since(d.Made) > 80*time.Second {
		t.Errorf("it was told %+v", d)
	}
	f.Reread()
	eventually(t, "everything once more", func() bool { return f.ids() == "1 2 3 4 1 2 3 4" })
}

// TestWhoAnswers has an address lead to this exporter, to another one, and to each in turn; and two to
// one process, which is read once.
func TestWhoAnswers(t *testing.T) {
	f := run(t)
	var turn atomic.Int32
	b := func(since []string) string {
		for _, s := range since {
			if s == "b1.1" {
				return part("b1", "b", 1, false)
			}
		}
		return part("b1", "b", 1, false, about("b"))
	}
	self := serve(t, func([]string) string { return part("own", "a", 9, true, about("own")) })
	balanced := serve(t, func(since []string) string {
		if turn.Add(1)%2 == 0 {
			return part("own", "a", 9, true, about("own"))
		}
		return b(since)
	})
	f.SetTargets(targets(self, balanced, serve(t, b)))
	eventually(t, "both answers", func() bool { return turn.Load() > 6 && strings.HasPrefix(f.state(), "self, ") })
	if got := f.ids(); strings.Contains(got, "own") || strings.Count(got, "b") > 2 || !strings.Contains(got, "b") {
		t.Errorf("it was told %q", got)
	}
}

// TestPeersThatFail holds each of what a peer can do to the others and to what is told of it.
func TestPeersThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"an older version": {http.NotFound, "an older version has no decisions to tell"},
		"no password":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "401"},
		"garbage":          {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "not that of an exporter"},
		"another program":  {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"data":{}}`)) }, "not that of an exporter"},
		"a Prometheus":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"data":[]}`)) }, "not that of an exporter"},
		"the same name":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(part("b1", "a", 1, false))) }, "--peers.replica"},
		"a very long name": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(part("b1", strings.Repeat("x", 5000), 1, false)))
		}, "not that of an exporter"},
		"a hundred MB":      {endless, "has more than"},
		"one that hangs":    {hang, "deadline exceeded"},
		"one that drips":    {drip, "deadline exceeded"},
		"one that is ended": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := run(t)
			bad := httptest.NewServer(c.handler)
			defer bad.Close()
			defer bad.CloseClientConnections()
			good := serve(t, func([]string) string { return part("c1", "c", 1, false, about("c")) })
			f.SetTargets(targets(bad.URL, good))
			eventually(t, c.want, func() bool { return strings.Contains(f.state(), c.want) && strings.HasSuffix(f.state(), ", c") })
			if !strings.Contains(f.ids(), "c") {
				t.Error("the other one is not read")
			}
			f.SetTargets(nil)
			eventually(t, "no peers", func() bool { return f.state() == "" })
			eventually(t, "no series of peers that are gone", func() bool {
				return testutil.CollectAndCount(f.registry, "periskop_exporter_peer_failures_total") == 0
			})
		})
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	chunk := []byte(strings.Repeat(" ", 1<<20))
	for range 100 {
		if _, err := w.Write(chunk); err != nil || r.Context().Err() != nil {
			return
		}
	}
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func drip(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		_, _ = w.Write([]byte(" "))
		_ = http.NewResponseController(w).Flush()
		time.Sleep(time.Millisecond)
	}
}

// TestComeBack reads a peer again as soon as it is back, and follows what discovery finds.
func TestComeBack(t *testing.T) {
	f := run(t)
	var away atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if away.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, part("b1", "b", 1, false))
	}))
	defer s.Close()
	f.SetTargets(targets(s.URL))
	eventually(t, "a peer", func() bool { return f.state() == "b" })
	away.Store(true)
	eventually(t, "a failure", func() bool { return strings.HasPrefix(f.state(), "failed: ") })
	away.Store(false)
	eventually(t, "that it is back", func() bool { return f.state() == "b" })
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf("%s/%d", s.URL, i))
	}
	f.SetTargets(targets(many...))
	eventually(t, "that far too many are not asked", func() bool { return strings.HasSuffix(f.state(), "8 left") })
	if err := f.Configure(nil); err != nil || f.Configured() {
		t.Errorf("there are peers, error %v", err)
	}
	eventually(t, "that nobody is asked", func() bool { return f.state() == "" })
	broken := commonconfig.DefaultHTTPClientConfig
	broken.TLSConfig.CAFile = "/does/not/exist"
	if err := f.Configure(&peers.Settings{HTTPClient: broken, Interval: time.Second, Timeout: time.Second}); err == nil {
		t.Error("a certificate that cannot be read is no error")
	}
}
