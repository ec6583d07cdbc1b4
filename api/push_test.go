package api_test

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/api"
	"github.com/periskop-exporter/periskop_exporter/internal/limit"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// pushed is a handler that folds what is pushed at the time that now shows.
func pushed(now *time.Time) (*merge.State, http.Handler) {
	return pushedWithin(now, limit.NewBytes(1<<20, time.Hour))
}

func pushedWithin(now *time.Time, bodies *limit.Bytes) (*merge.State, http.Handler) {
	clock := func() time.Time { return *now }
	state := merge.New(merge.Options{Now: clock, Settings: merge.Settings{Services: []merge.ServiceSettings{{Name: "shop"}, {Name: "team/shop"}, {Name: "lib"}, {Name: "lib/-"}, {Name: "errors"}, {Name: "scraped"}}}})
	return state, api.New(api.Options{
		Snapshot: state.Snapshot,
		CanPush:  func(service string) bool { return service != "scraped" },
		MaxPush:  func() int64 { return 1 << 20 },
		Bodies:   bodies,
		Push: func(p api.Pushed, body io.Reader) error {
			sc := &periskop.Scrape{
				Target: &periskop.Target{Service: p.Service, Instance: p.Host, URL: "push://" + p.Host},
				Start:  *now, Result: periskop.Success,
			}
			intake := state.Begin(sc)
			report, err := (&periskop.Stream{Take: intake.Take}).Decode(body, nil)
			if err != nil {
				return err
			}
			sc.Report = report
			intake.Fold(sc)
			return nil
		},
	})
}

func push(h http.Handler, service, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/push/"+service+"/errors", strings.NewReader(body)))
	return w
}

// TestPushCountsOnce pushes what real clients send, each body twice: a first one that
// is history, and then one of a process that began since.
func TestPushCountsOnce(t *testing.T) {
	for _, client := range []string{"go", "python", "ruby", "scala"} {
		t.Run(client, func(t *testing.T) {
			now := noon.AddDate(-1, 0, 0) // before the recording
			state, h := pushed(&now)
			if w := push(h, "shop", `{"target_uuid": "first", "aggregated_errors": []}`); w.Code != http.StatusOK {
				t.Fatalf("begin the watch: status %d: %s", w.Code, w.Body)
			}
			body, err := os.ReadFile(filepath.Join("..", "periskop", "testdata", "payloads", client, "basic-a.json"))
			if err != nil {
				t.Fatal(err)
			}
			report, err := periskop.Decode(body)
			if err != nil {
				t.Fatal(err)
			}
			var want uint64
			for i := range report.Aggregates {
				want += report.Aggregates[i].TotalCount
			}
			if want == 0 {
				t.Fatal("the capture has nothing to count")
			}
			for range 2 {
				now = noon
				if w := push(h, "shop", string(body)); w.Code != http.StatusOK || w.Body.Len() > 0 {
					t.Fatalf("push: status %d: %s", w.Code, w.Body)
				}
				if got := counted(state); got != want {
					t.Errorf("got %d counted, want %d", got, want)
				}
			}
		})
	}
}

func counted(s *merge.State) uint64 {
	var sum uint64
	for _, svc := range s.Snapshot().Services {
		for _, e := range svc.Exceptions {
			for _, c := range e.Counts {
				sum += c.Counted
			}
		}
	}
	return sum
}

func TestPushRefuses(t *testing.T) {
	now := noon
	state, h := pushed(&now)
	for name, tc := range map[string]struct {
		service, body string
		status        int
		want          string
	}{
		"a service that is not configured": {"cart", `{"aggregated_errors": []}`, 404, `there is no service "cart": name it in the configuration, with push: true`},
		"a part of a service":              {"team/shop/basket", `{"aggregated_errors": []}`, 404, `/push/team/shop, if the service "team/shop" is meant`},
		"a service that is only scraped":   {"scraped", `{"aggregated_errors": []}`, 403, `the service "scraped" takes no pushed reports: set push: true`},
		"no report":                        {"shop", `[]`, 400, `begins with "[]"`},
		"nothing":                          {"shop", ``, 400, "the body is empty"},
		"too much":                         {"shop", `{"aggregated_errors": []` + strings.Repeat(" ", 1<<20) + `}`, 413, "larger than 1048576 bytes"},
	} {
		w := push(h, tc.service, tc.body)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%s: got status %d: %s, want %d: %s", name, w.Code, w.Body, tc.status, tc.want)
		}
	}
	if !state.Snapshot().Service("shop").WatchedSince.IsZero() {
		t.Error("a push that was refused began the watch")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/push/shop/errors", http.NoBody))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: got status %d, want 405", w.Code)
	}
}

// TestPushAddresses posts to what clients make of the address that they are given.
func TestPushAddresses(t *testing.T) {
	const report = `{"target_uuid": "u", "aggregated_errors": [{"aggregation_key": "k", "total_count": 1, "latest_errors": []}]}`
	for path, want := range map[string]string{ // the service, or "" for an answer with a hint
		"/push/shop/errors":          "shop",
		"/push/shop/errors/":         "shop",
		"/push/team%2Fshop/errors":   "team/shop",
		"/push/team%2Fshop%2Ferrors": "team/shop",
		"/push/team/shop/errors":     "team/shop",
		"/push/errors/errors":        "errors",
		"/push/shop/-/errors":        "shop",
		"/push/team/shop/-/errors":   "team/shop",
		"/push/lib/-/errors":         "lib/-",
		"/push/errors":               "",
		"/push/errors/":              "",
		"/push/shop":                 "",
		"/push/":                     "",
		"/push":                      "",
		"/errors":                    "",
		"/errors/":                   "",
	} {
		now := noon
		state, h := pushed(&now)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(report)))
		if want == "" {
			if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "/push/<service_name>/errors") {
				t.Errorf("%s: got status %d: %s, want 404 and where to push to", path, w.Code, w.Body)
			}
			continue
		}
		if w.Code != http.StatusOK {
			t.Errorf("%s: got status %d: %s", path, w.Code, w.Body)
		}
		if svc := state.Snapshot().Service(want); len(svc.Exceptions) != 1 {
			t.Errorf("%s: %s has %d exceptions, want 1", path, want, len(svc.Exceptions))
		}
	}
}

// TestPushEncoded pushes what is compressed.
func TestPushEncoded(t *testing.T) {
	zipped := func(body string) string {
		var b strings.Builder
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	report := func(padding int) string {
		return `{"target_uuid": "u", "aggregated_errors": [` + strings.Repeat(" ", padding) + `{"aggregation_key": "k", "total_count": 1}]}`
	}
	for name, tc := range map[string]struct {
		encoding, body string
		status         int
		want           string
	}{
		"gzip":                        {"gzip", zipped(report(0)), 200, ""},
		"in capitals":                 {"GZIP", zipped(report(0)), 200, ""},
		"its old name":                {"x-gzip", zipped(report(0)), 200, ""},
		"large":                       {"gzip", zipped(report(500_000)), 200, ""},
		"identity":                    {"identity", report(0), 200, ""},
		"too large once decompressed": {"gzip", zipped(report(1 << 20)), 413, "larger than 1048576 bytes"},
		"not what it says":            {"gzip", report(0), 400, "gzip"},
		"cut off":                     {"gzip", zipped(report(500_000))[:300], 400, ""},
		"nothing":                     {"gzip", "", 400, "the body is empty"},
		"another":                     {"br", report(0), 415, `the Content-Encoding "br": gzip is read`},
	} {
		now := noon
		state, h := pushed(&now)
		r := httptest.NewRequest(http.MethodPost, "/push/shop/errors", strings.NewReader(tc.body))
		r.Header.Set("Content-Encoding", tc.encoding)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%s: got status %d: %s, want %d: %s", name, w.Code, w.Body, tc.status, tc.want)
		}
		if got := len(state.Snapshot().Service("shop").Exceptions); (got == 1) != (tc.status == http.StatusOK) {
			t.Errorf("%s: got %d exceptions", name, got)
		}
	}
}

// TestPushBusy refuses a large report while others are taken in, and a small one never.
func TestPushBusy(t *testing.T) {
	now := noon
	bodies := limit.NewBytes(1<<20, time.Millisecond)
	_, h := pushedWithin(&now, bodies)
	free, err := bodies.Acquire(t.Context(), "", 1<<20, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	report := func(padding int) string {
		return `{"aggregated_errors": [` + strings.Repeat(" ", padding) + `]}`
	}
	push := func(body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/push/shop/errors", strings.NewReader(body)))
		return w
	}
	if w := push(report(100)); w.Code != http.StatusOK {
		t.Errorf("a small report: got status %d: %s", w.Code, w.Body)
	}
	if w := push(report(100_000)); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("a large report: got status %d and %v, want 503 and when to try again", w.Code, w.Header())
	}
	free()
	for range 3 { // and gives back what it took
		if w := push(report(600_000)); w.Code != http.StatusOK {
			t.Errorf("a large report afterwards: got status %d: %s", w.Code, w.Body)
		}
	}
}

// TestPushGivesWay has pushes that stand still hold all that may be held: one that comes behind
// them, through the same proxy, is taken in.
func TestPushGivesWay(t *testing.T) {
	now := noon
	state, h := pushedWithin(&now, limit.NewBytes(1<<20, 10*time.Second))
	server := httptest.NewServer(h)
	defer server.Close()
	body := `{"aggregated_errors": [` + strings.Repeat(" ", 700_000) + `{"aggregation_key":"k","total_count":1}]}`
	statuses := make(chan string, 3)
	var pushers sync.WaitGroup
	for range cap(statuses) {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer pushers.Wait()
		defer c.Close()
		fmt.Fprintf(c, "POST /push/shop/errors HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:100_000])
		pushers.Go(func() {
			line, _ := bufio.NewReader(c).ReadString('\n') // "" when it is closed first
			statuses <- line
		})
	}
	start := time.Now()
	for {
		res, err := http.Post(server.URL+"/push/shop/errors", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			break
		}
		if time.Since(start) > time.Minute {
			t.Fatal("the good one was never taken in")
		}
	}
	t.Logf("the good one was taken in after %s", time.Since(start))
	if got := state.Snapshot().Service("shop").Exceptions; len(got) != 1 {
		t.Errorf("got %d exceptions, want 1", len(got))
	}
	if got := <-statuses; !strings.Contains(got, " 503 ") {
		t.Errorf("one that stood still: got %q, want 503", got)
	}
}
