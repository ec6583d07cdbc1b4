//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A line leads to one of several programs, in turn, unless it is cut.
type line struct {
	*httptest.Server
	to  atomic.Pointer[[]*url.URL]
	n   atomic.Int64
	cut atomic.Bool
}

func newLine(t *testing.T) *line {
	t.Helper()
	l := &line{}
	transport := &http.Transport{DisableKeepAlives: true}
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			all := *l.to.Load()
			r.SetURL(all[int(l.n.Add(1))%len(all)])
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.cut.Load() || l.to.Load() == nil {
			panic(http.ErrAbortHandler) // the connection ends
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *line) leadTo(t *testing.T, programs ...*process.Program) {
	t.Helper()
	var list []*url.URL
	for _, p := range programs {
		u, err := url.Parse(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, u)
	}
	l.to.Store(&list)
}

func (l *line) address() string { return l.Listener.Addr().String() }

// A pair is two replicas with one configuration, over lines between them, and what they watch and tell.
type pair struct {
	program      *fleet.Process
	a, b         *process.Program
	lineA, lineB *line
	alertmanager *process.Program
}

// startPair starts replicas whose clocks are so far apart.
func startPair(t *testing.T, apart time.Duration) *pair {
	t.Helper()
	f := fleet.New(fleet.Options{Seed: 1})
	t.Cleanup(func() { _ = f.Close() })
	p := &pair{lineA: newLine(t), lineB: newLine(t), alertmanager: process.Alertmanager(t, newReceiver(t).URL)}
	p.program = f.Start(fleet.ProcessOptions{Service: "shop"})
	server, err := f.Serve(p.program)
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`
global: {scraper: {refresh_interval: 1s}}
services:
- name: shop
  static_configs: [{targets: [%q]}]
- name: jobs
  push: true
alerting:
  resend_delay: 1s
  alertmanagers: [{static_configs: [{targets: [%q]}]}]
peers:
  refresh_interval: 1s
  static_configs: [{targets: [%q, %q]}]
`, server.Address(), strings.TrimPrefix(p.alertmanager.URL, "http://"), p.lineA.address(), p.lineB.address())
	if apart == 0 {
		p.a = process.Exporter(t, config, "--peers.replica=a")
		p.b = process.Exporter(t, config, "--peers.replica=b")
	} else {
		p.a, _ = process.ExporterWithClock(t, -apart/2, config, "--peers.replica=a")
		p.b, _ = process.ExporterWithClock(t, apart/2, config, "--peers.replica=b")
	}
	p.lineA.leadTo(t, p.a)
	p.lineB.leadTo(t, p.b)
	for _, r := range []*process.Program{p.a, p.b} {
		waitForMetric(t, r, `periskop_target_up{`)
		statusHas(t, r, "This exporter itself", "Read: it is ")
	}
	return p
}

// statusHas waits until the page says so.
func statusHas(t *testing.T, p *process.Program, want ...string) {
	t.Helper()
	process.Eventually(t, fmt.Sprintf("status with %q", want), func() error {
		page, err := process.Get(t.Context(), p.URL+"/status")
		for _, w := range want {
			if err == nil && !strings.Contains(page, w) {
				err = fmt.Errorf("%q is missing", w)
			}
		}
		return err
	})
}

func (p *pair) raise() {
	p.program.Raise("CartError@1", periskop.Occurrence{Error: periskop.Exception{Class: "CartError", Message: "cart expired"}})
}

func decideOn(t *testing.T, p *process.Program, action string) {
	t.Helper()
	res, err := http.Post(p.URL+"/api/v1/decisions", "application/json", strings.NewReader(action))
	if err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v, %v", action, res, err)
	}
}

// standing is what a replica shows of the one exception: its state, and its history.
func standing(t *testing.T, p *process.Program) (string, error) {
	t.Helper()
	body, err := process.Get(t.Context(), p.URL+"/api/v1/exceptions?service_name=shop")
	if err != nil {
		return "", err
	}
	var list struct {
		Data []struct {
			ID string `json:"exception_id"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Data) != 1 {
		return "", fmt.Errorf("exceptions: %s", body)
	}
	if body, err = process.Get(t.Context(), p.URL+"/api/v1/trace?exception_id="+list.Data[0].ID); err != nil {
		return "", err
	}
	var trace struct {
		Data struct {
			ResolvedAt  *time.Time `json:"resolved_at"`
			Muted       any        `json:"muted"`
			Regressions int        `json:"regressions"`
			Decisions   []struct {
				Kind   string `json:"kind"`
				Reason string `json:"reason"`
			} `json:"decisions"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(body), &trace); err != nil {
		return "", err
	}
	state := "open"
	switch {
	case trace.Data.ResolvedAt != nil:
		state = "resolved"
	case trace.Data.Muted != nil:
		state = "muted"
	}
	for _, d := range trace.Data.Decisions {
		state += ", " + strings.TrimSpace(d.Kind+" "+d.Reason)
	}
	return fmt.Sprintf("%s; %d regressions", state, trace.Data.Regressions), nil
}

// shows waits until the replicas show that.
func shows(t *testing.T, want string, replicas ...*process.Program) {
	t.Helper()
	for _, r := range replicas {
		process.Eventually(t, want, func() error {
			got, err := standing(t, r)
			if err == nil && got != want {
				err = fmt.Errorf("got %q", got)
			}
			return err
		})
	}
}

// alerts waits until Alertmanager has that many that are active.
func (p *pair) alerts(t *testing.T, want int) {
	t.Helper()
	process.Eventually(t, fmt.Sprintf("%d alerts", want), func() error {
		body, err := process.Get(t.Context(), p.alertmanager.URL+"/api/v2/alerts")
		if got := strings.Count(body, `"alertname"`); err == nil && got != want {
			err = fmt.Errorf("%d are active: %s", got, body)
		}
		return err
	})
}

// TestPeers decides on one replica and looks at the other: with clocks that are a minute apart, through
// kills, with the two cut off from each other, and while the exception comes back.
func TestPeers(t *testing.T) {
	p := startPair(t, time.Minute)
	p.raise()
	p.alerts(t, 1)
	all := `"filter":{"service_name":"shop"}`

	decideOn(t, p.b, `{"kind":"muted","reason":"known",`+all+`}`)
	history := "muted known"
	shows(t, "muted, "+history+"; 0 regressions", p.a, p.b)
	p.alerts(t, 0)

	// On the replica whose clock is behind, of what is known there from the other one.
	decideOn(t, p.a, `{"kind":"resolved","reason":"fixed",`+all+`}`)
	history += ", resolved fixed"
	shows(t, "resolved, "+history+"; 0 regressions", p.a, p.b)

	// It comes back, which both find out.
	p.raise()
	history += ", regressed fixed"
	shows(t, "open, "+history+"; 1 regressions", p.a, p.b)
	p.alerts(t, 1)

	// One is away while something is decided, and has it when it is back, and so has the other after a kill.
	p.b.Kill(t)
	decideOn(t, p.a, `{"kind":"noted","reason":"while b was away",`+all+`}`)
	history += ", noted while b was away"
	p.b.Start(t)
	shows(t, "open, "+history+"; 1 regressions", p.b)
	p.a.Kill(t)
	p.b.Kill(t)
	p.b.Start(t)
	shows(t, "open, "+history+"; 1 regressions", p.b)
	p.a.Start(t)

	// Neither hears of the other. The last one wins.
	p.lineA.cut.Store(true)
	p.lineB.cut.Store(true)
	statusHas(t, p.a, "Not read")
	statusHas(t, p.b, "Not read")
	decideOn(t, p.a, `{"kind":"muted","reason":"apart",`+all+`}`)
	shows(t, "muted, "+history+", muted apart; 1 regressions", p.a)
	shows(t, "open, "+history+"; 1 regressions", p.b)
	p.alerts(t, 1) // of the one that knows of nothing
	decideOn(t, p.b, `{"kind":"resolved","reason":"apart",`+all+`}`)
	p.lineA.cut.Store(false)
	p.lineB.cut.Store(false)
	history += ", muted apart, resolved apart"
	shows(t, "resolved, "+history+"; 1 regressions", p.a, p.b)
	p.alerts(t, 0)
}

// TestPeersReload lets peers come and go with the configuration.
func TestPeersReload(t *testing.T) {
	p := startPair(t, 0)
	text, err := os.ReadFile(p.a.Config)
	if err != nil {
		t.Fatal(err)
	}
	without, _, _ := strings.Cut(string(text), "peers:")
	reload := func(config string) {
		if err := os.WriteFile(p.a.Config, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		p.a.Signal(t, syscall.SIGHUP)
	}
	reload(without)
	process.Eventually(t, "no peers", func() error {
		page, err := process.Get(t.Context(), p.a.URL+"/status")
		if err == nil && strings.Contains(page, `id="peers"`) {
			err = fmt.Errorf("there are some")
		}
		return err
	})
	p.raise()
	p.alerts(t, 1)
	waitForMetric(t, p.a, `periskop_exceptions_total{`)
	waitForMetric(t, p.b, `periskop_exceptions_total{`)
	decideOn(t, p.b, `{"kind":"muted","reason":"known","filter":{}}`)
	shows(t, "muted, muted known; 0 regressions", p.b)
	shows(t, "open; 0 regressions", p.a)
	reload(string(text))
	shows(t, "muted, muted known; 0 regressions", p.a)
	p.alerts(t, 0)
}

// TestPeersBehindOneAddress has a real Prometheus scrape two replicas through one address, which leads to
// one and to the other, and count what happened once, as if it had scraped one.
func TestPeersBehindOneAddress(t *testing.T) {
	p := startPair(t, 0)
	balanced := newLine(t)
	balanced.leadTo(t, p.a, p.b)
	prometheus := process.Prometheus(t, process.PrometheusOptions{Scrape: []*process.Program{{URL: balanced.URL}}})
	value := func(what, query string, want float64) {
		t.Helper()
		process.Eventually(t, what, func() error {
			got, err := process.Query(t.Context(), prometheus, query)
			if err == nil && (len(got) != 1 || got[0].Value != want) {
				err = fmt.Errorf("%s gives %v, want %g", query, got, want)
			}
			return err
		})
	}
	value("both replicas", `count(count by (replica) (count_over_time(periskop_exporter_build_info[1m])))`, 2)
	value("both are known to be asked regularly", `min(last_over_time(periskop_exporter_regular_scrapers[30s]))`, 1)
	for range 5 {
		p.raise()
	}
	const total = `last_over_time(periskop_exceptions_total[1m])`
	value("both have counted five", `count(`+total+` == 5)`, 2)
	for range 3 {
		p.raise()
	}
	value("both have counted eight", `count(`+total+` == 8)`, 2)
	value("a rise from zero on both", `max(min_over_time(periskop_exceptions_total[10m]))`, 0)
	value("no counter fell", `max(resets(periskop_exceptions_total[10m]))`, 0)
	value("no series without a replica", `count(last_over_time({replica="",__name__=~"periskop_.+|go_.+|process_.+"}[10m])) or vector(0)`, 0)
	value("eight in all", `sum(max without (instance, job, replica) (`+total+`))`, 8)
}

// TestPushReachesAll pushes to either replica, also while the other one is away, and counts each report
// once on both.
func TestPushReachesAll(t *testing.T) {
	p := startPair(t, 0)
	counted := func(what, total string, replicas ...*process.Program) {
		t.Helper()
		for _, r := range replicas {
			process.Eventually(t, what, func() error {
				metrics, err := process.Get(t.Context(), r.URL+"/metrics")
				if err == nil && !strings.Contains(metrics, `service_name="jobs",severity="error"} `+total+"\n") {
					err = fmt.Errorf("%s is not counted: %s", total, firstLines(metrics, `service_name="jobs"`))
				}
				return err
			})
		}
	}
	pushReport(t, p.a, 1, 3)
	counted("pushed to a", "3", p.a, p.b)
	pushReport(t, p.b, 2, 4)
	counted("pushed to b", "7", p.a, p.b)
	now := time.Now().UTC().Format(time.RFC3339Nano)
	same := fmt.Sprintf(`{"target_uuid":"twice","aggregated_errors":[{"aggregation_key":"Timeout@1a","total_count":2,"severity":"error","created_at":%q,`+
		`"latest_errors":[{"uuid":"twice-1","timestamp":%q,"error":{"class":"Timeout","message":"late"}},{"uuid":"twice-2","timestamp":%q,"error":{"class":"Timeout","message":"late"}}]}]}`, now, now, now)
	for _, r := range []*process.Program{p.a, p.b, p.a} {
		res, err := http.Post(r.URL+"/push/jobs/errors", "application/json", strings.NewReader(same))
		if err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("push: %v, %v", res, err)
		}
	}
	counted("pushed to both", "9", p.a, p.b)
	p.b.Kill(t)
	pushReport(t, p.a, 3, 5)
	pushReport(t, p.a, 4, 6)
	p.b.Start(t)
	counted("pushed to a while b was away", "20", p.a, p.b)
	for _, r := range []*process.Program{p.a, p.b} {
		metrics, err := process.Get(t.Context(), r.URL+"/metrics")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(metrics) {
			if strings.HasPrefix(line, `periskop_target_inconsistencies_total{`) && strings.Contains(line, `service_name="jobs"`) && !strings.HasSuffix(line, " 0\n") {
				t.Errorf("not all of it was clear: %s", line)
			}
		}
	}
}

func firstLines(text, with string) string {
	var out []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, with) && len(out) < 5 {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}
