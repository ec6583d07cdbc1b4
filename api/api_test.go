package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/periskop-exporter/periskop_exporter/api"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// longKey is longer than the label of a series.
var longKey = strings.Repeat("long/", 100)

const key = "shop/Cart#add & <b>@1a"

// shop is a state with one exception that has an occurrence, and one that has none.
func shop(t testing.TB) http.Handler {
	t.Helper()
	state := merge.New(merge.Options{
		Now:      func() time.Time { return noon.Add(time.Hour) },
		Settings: merge.Settings{Services: []merge.ServiceSettings{{Name: "shop", OccurrenceLabels: []string{"version"}}, {Name: "quiet"}}},
	})
	target := &periskop.Target{
		Service: "shop", Instance: "a:80", URL: "http://a:80/-/exceptions", Interval: 30 * time.Second, Timeout: 10 * time.Second,
		Labels: periskop.Labels{{Name: "instance", Value: "a:80"}, {Name: "version", Value: "3.1.4"}}, Discovered: periskop.Labels{{Name: "__address__", Value: "a:80"}},
	}
	fold := func(at time.Time, aggregates ...periskop.Aggregate) {
		state.Fold(&periskop.Scrape{
			Target: target, Start: at, Result: periskop.Success, Date: at,
			Report: &periskop.Report{TargetUUID: "u", Aggregates: aggregates},
		})
	}
	occurrence := periskop.Occurrence{
		UUID: "5cfa9e9b-20f8-441c-9029-7fda69d6a1c0", Timestamp: noon.Add(30 * time.Second), Severity: "error",
		Error:       periskop.Exception{Class: "Error", Message: "no", Stacktrace: []string{"a", "b"}, Cause: &periskop.Exception{Message: "why"}},
		HTTPContext: &periskop.HTTPContext{Method: "GET", URL: "/x", Headers: []periskop.Header{{Name: "A", Value: "1"}, {Name: "A", Value: "2"}}},
	}
	created := noon.Add(-time.Minute)
	with := periskop.EncodeOccurrences([]periskop.Occurrence{occurrence})
	fold(noon, periskop.Aggregate{Key: key, TotalCount: 40, Severity: "error", CreatedAt: created})
	fold(noon.Add(time.Minute),
		periskop.Aggregate{Key: key, TotalCount: 42, Severity: "error", CreatedAt: created, Latest: with},
		periskop.Aggregate{Key: longKey, TotalCount: 1, Severity: "warning", CreatedAt: noon.Add(time.Second)},
		periskop.Aggregate{Key: "bare", TotalCount: 1, Severity: "info", CreatedAt: noon.Add(time.Second)})
	failed := &periskop.Scrape{Start: noon, Duration: time.Second, Result: periskop.Connection, Err: errors.New("connection refused")}
	return api.New(api.Options{
		Snapshot: state.Snapshot,
		Targets: func() []periskop.ServiceTargets {
			return []periskop.ServiceTargets{
				{Service: "quiet", Block: "cluster", Asked: noon, Empty: noon, Problems: []string{"no such host"}},
				{Service: "shop", Block: "shop", Targets: []*periskop.Target{target}},
			}
		},
		Health: func() []periskop.TargetHealth {
			return []periskop.TargetHealth{{Target: target, Last: failed, DownSince: noon}}
		},
		Decide: state.Decide,
		User:   func(r *http.Request) string { return r.Header.Get("X-User") },
	})
}

func do(t *testing.T, h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestServer holds the answers against what the Periskop server's clients expect, byte
// for byte.
func TestServer(t *testing.T) {
	const errorsBody = `[{"aggregation_key":"shop/Cart#add \u0026 \u003cb\u003e@1a","total_count":42,"severity":"error","latest_errors":[` +
		`{"error":{"class":"Error","message":"no","stacktrace":["a","b"],"cause":{"class":"","message":"why","stacktrace":[],"cause":null}},` +
		`"uuid":"5cfa9e9b-20f8-441c-9029-7fda69d6a1c0","timestamp":1795348830,"severity":"error",` +
		`"http_context":{"request_method":"GET","request_url":"/x","request_headers":{"A":"1, 2"},"request_body":""}}],"created_at":1795348740}]` + "\n"
	h := shop(t)
	for _, step := range []struct {
		name, method, target string
		status               int
		body                 string
	}{
		{"services", "GET", "/services/", 200, `["quiet","shop"]` + "\n"},
		{"errors", "GET", "/services/shop/errors/", 200, errorsBody},
		{"errors of a service without any", "GET", "/services/quiet/errors/", 200, "[]\n"},
		{"errors of no service", "GET", "/services/nope/errors/", 404, "service nope not found\n"},
		{"targets", "GET", "/targets/", 200, `{"quiet":[],"shop":[{"endpoint":"a:80/-/exceptions"}]}` + "\n"},
		{"services without the slash", "GET", "/services", 200, `["quiet","shop"]` + "\n"},
		{"errors without the slash", "GET", "/services/shop/errors", 200, errorsBody},
		{"targets without the slash", "GET", "/targets", 200, `{"quiet":[],"shop":[{"endpoint":"a:80/-/exceptions"}]}` + "\n"},
		{"preflight", "OPTIONS", "/services/shop/errors/shop%2FCart%23add%20&%20%3Cb%3E@1a/", 204, ""},
		{"resolve an unknown key", "DELETE", "/services/shop/errors/nope/", 404, "404 page not found\n"},
		{"resolve", "DELETE", "/services/shop/errors/shop/Cart%23add%20&%20%3Cb%3E@1a/", 204, ""},
		{"errors when it is resolved", "GET", "/services/shop/errors/", 200, "[]\n"},
	} {
		w := do(t, h, step.method, step.target)
		if w.Code != step.status {
			t.Errorf("%s: got status %d, want %d", step.name, w.Code, step.status)
		}
		if diff := cmp.Diff(w.Body.String(), step.body); diff != "" {
			t.Errorf("%s (-got +want):\n%s", step.name, diff)
		}
	}
}

func TestCORS(t *testing.T) {
	h := shop(t)
	for origin, want := range map[string]string{
		"http://localhost:3000":      "http://localhost:3000",
		"https://localhost:3000":     "",
		"http://localhost.evil.test": "",
		"http://evil.test":           "",
	} {
		w := do(t, h, http.MethodGet, "/services/", "Origin", origin)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("from %s: got %q allowed, want %q", origin, got, want)
		}
	}
}

// TestResolveOrigin resolves for pages on localhost and for programs, and for no page of
// another site.
func TestResolveOrigin(t *testing.T) {
	for origin, want := range map[string]int{
		"":                           http.StatusNoContent,
		"http://example.com":         http.StatusNoContent, // the host of the request
		"http://localhost:3000":      http.StatusNoContent,
		"http://localhost.evil.test": http.StatusForbidden,
		"https://evil.test":          http.StatusForbidden,
	} {
		header := []string{}
		if origin != "" {
			header = append(header, "Origin", origin)
		}
		if w := do(t, shop(t), http.MethodDelete, "/services/shop/errors/bare/", header...); w.Code != want {
			t.Errorf("from %q: got status %d, want %d", origin, w.Code, want)
		}
	}
}

func TestV1(t *testing.T) {
	id := merge.ExceptionID("shop", key)
	h := shop(t)
	for name, tc := range map[string]struct {
		target string
		status int
		want   []string
	}{
		"services": {"/api/v1/services", 200, []string{
			`"service_name":"shop"`, `"exceptions":3`, `"targets":1,"targets_up":0`, `"discovery_problems":["no such host"]`, `"watched_since":null`,
			`"block":"cluster","waits_for":"discovery","waits_since":"2026-11-22T12:00:00Z"`, `"block":"shop","waits_for":"","waits_since":null`,
		}},
		"with a slash":       {"/api/v1/services/", 200, []string{`"service_name":"shop"`}},
		"exceptions":         {"/api/v1/exceptions", 200, []string{`"exception_id":"` + id + `"`, `"total_count":42,"counted":2,"history":40`, `"aggregation_key":"bare"`}},
		"of one severity":    {"/api/v1/exceptions?service_name=shop&severity=info", 200, []string{`"aggregation_key":"bare"`}},
		"of no service":      {"/api/v1/exceptions?service_name=nope", 404, []string{`"status":"error"`, `"errorType":"not_found"`}},
		"of one class":       {"/api/v1/exceptions?class=shop/Cart%23add+%26+%3Cb%3E&state=open", 200, []string{`[{"exception_id":"` + id + `"`}},
		"of no class":        {"/api/v1/exceptions?class=Nope", 200, []string{`"data":[]`}},
		"that are resolved":  {"/api/v1/exceptions?state=resolved", 200, []string{`"data":[]`}},
		"with a bad state":   {"/api/v1/exceptions?state=odd", 400, []string{`none of all, open, resolved and muted`}},
		"trace of another":   {"/api/v1/trace?occurrence=gone&exception_id=" + id, 200, []string{`"occurrences":[]`}},
		"trace by label":     {"/api/v1/trace?service_name=shop&aggregation_key=" + merge.LabelValue(longKey, 256), 200, []string{`"aggregation_key":"` + longKey}},
		"with a bad limit":   {"/api/v1/exceptions?limit=0", 400, []string{`limit: \"0\" is not a number above 0`}},
		"trace by id":        {"/api/v1/trace?exception_id=" + id, 200, []string{`"message":"why"`, `"instance":"a:80","labels":{"version":"3.1.4"}`, `"versions":[{"version":"3.1.4","first_seen":"2026-11-22T12:00:30Z"`}},
		"trace by key":       {"/api/v1/trace?service_name=shop&aggregation_key=shop/Cart%23add+%26+%3Cb%3E@1a", 200, []string{`"message":"why"`}},
		"trace of nothing":   {"/api/v1/trace?exception_id=0123456789abcdef", 404, []string{"no exception has the ID"}},
		"trace without name": {"/api/v1/trace", 400, []string{"give exception_id"}},
		"targets":            {"/api/v1/targets?service_name=shop", 200, []string{`"health":"down"`, `"last_result":"connection","last_error":"connection refused"`, `"scrape_interval":"30s"`}},
		"unknown":            {"/api/v1/nope", 404, []string{"no such endpoint"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := do(t, h, http.MethodGet, tc.target)
			if w.Code != tc.status || !json.Valid(w.Body.Bytes()) {
				t.Errorf("got status %d and %s, want status %d and JSON", w.Code, w.Body, tc.status)
			}
			for _, want := range tc.want {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("no %s in %s", want, w.Body)
				}
			}
		})
	}
	if w := do(t, h, http.MethodPost, "/api/v1/services"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: got status %d, want 405", w.Code)
	}
}

// TestReadOnly resolves nothing when nobody may.
func TestReadOnly(t *testing.T) {
	h := api.New(api.Options{Snapshot: func() *merge.Snapshot { return &merge.Snapshot{} }})
	if w := do(t, h, http.MethodDelete, "/services/shop/errors/bare/"); w.Code != http.StatusForbidden {
		t.Errorf("got status %d, want 403", w.Code)
	}
}

// TestFederateTargets lists what HTTP discovery takes.
func TestFederateTargets(t *testing.T) {
	state := merge.New(merge.Options{Settings: merge.Settings{Services: []merge.ServiceSettings{{Name: "a b"}, {Name: "pay"}}}})
	h := api.New(api.Options{Snapshot: state.Snapshot, Prefix: "/periskop"})
	w := do(t, h, http.MethodGet, "http://shard-0:9968/federate/targets")
	want := `[{"targets":["shard-0:9968"],"labels":{"__metrics_path__":"/periskop/federate","__param_service_name":"a b","__scheme__":"http","service_name":"a b"}},` +
		`{"targets":["shard-0:9968"],"labels":{"__metrics_path__":"/periskop/federate","__param_service_name":"pay","__scheme__":"http","service_name":"pay"}}]` + "\n"
	if diff := cmp.Diff(w.Body.String(), want); diff != "" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%s (-got +want):\n%s", w.Header().Get("Content-Type"), diff)
	}
}

// A leaver takes so many bytes of an answer and is gone then.
type leaver struct {
	http.ResponseWriter
	left, asked int
}

func (l *leaver) Write(b []byte) (int, error) {
	l.asked++
	if l.left -= len(b); l.left < 0 {
		return 0, errors.New("gone")
	}
	return len(b), nil
}

// TestLeavers has clients go away in the middle of large answers: no more is made of those
// then.
func TestLeavers(t *testing.T) {
	state := merge.New(merge.Options{
		Now:      func() time.Time { return noon.Add(time.Hour) },
		Settings: merge.Settings{Services: []merge.ServiceSettings{{Name: "shop"}}},
	})
	report := &periskop.Report{TargetUUID: "u"}
	for i := range 200 {
		report.Aggregates = append(report.Aggregates, periskop.Aggregate{
			Key: fmt.Sprint(i), TotalCount: 1, Severity: "error", CreatedAt: noon,
			Latest: periskop.EncodeOccurrences([]periskop.Occurrence{{
				UUID: fmt.Sprint(i), Timestamp: noon, Error: periskop.Exception{Message: strings.Repeat("m", 10_000)},
			}}),
		})
	}
	state.Fold(&periskop.Scrape{
		Target: &periskop.Target{Service: "shop", URL: "http://a:80/"}, Start: noon, Result: periskop.Success, Date: noon, Report: report,
	})
	h := api.New(api.Options{Snapshot: state.Snapshot, Processes: state.Processes, UUID: func() string { return "here" }})
	for _, path := range []string{"/services/shop/errors/", "/federate?service_name=shop"} {
		w := &leaver{ResponseWriter: httptest.NewRecorder(), left: 100_000}
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		if got := 100_000 - w.left; got < 100_000 || got > 200_000 {
			t.Errorf("%s: %d bytes of 2 MB were made after the client had gone", path, got)
		}
		if w.asked > 100 {
			t.Errorf("%s: it was written %d times", path, w.asked)
		}
	}
}
