package view_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/view"
)

var errNoSpace = errors.New("no space left <on> device")

// send posts a form from a page of that origin.
func send(t *testing.T, h http.Handler, address, origin, reason string) *httptest.ResponseRecorder {
	t.Helper()
	body := strings.NewReader(url.Values{"reason": {reason}}.Encode())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://periskop.test"+address, body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", origin)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestResolve(t *testing.T) {
	const own = "http://periskop.test"
	w := shopWorld(t)
	h := w.handler(t)
	id := merge.ExceptionID("shop", shopKey)
	long := strings.Repeat("because ", 1000)
	for _, step := range []struct {
		name, address, origin, reason string
		status                        int
		resolved                      bool
		want                          string // of the reason
	}{
		{"from another site", "/trace/" + id + "/resolve", "http://evil.test", "x", 403, false, ""},
		{"reopen what is open", "/trace/" + id + "/reopen", own, "", 303, false, ""},
		{"resolve", "/trace/" + strings.ToUpper(id) + "/resolve", own, " <b>fixed</b>\n", 303, true, "<b>fixed</b>"},
		{"through a proxy", "/trace/" + id + "/resolve", "https://periskop.example.com", "proxied", 303, true, "proxied"},
		{"again, with a long reason", "/trace/" + id + "/resolve", own, long, 303, true, long[:1000]},
		{"with more than a form", "/trace/" + id + "/resolve", own, strings.Repeat(long, 10), 400, true, long[:1000]},
		{"reopen from another site", "/trace/" + id + "/reopen", "null", "", 403, true, long[:1000]},
		{"reopen", "/trace/" + id + "/reopen", own, "", 303, false, ""},
		{"nothing", "/trace/0123456789abcdef/resolve", own, "", 404, false, ""},
	} {
		rec := send(t, h, step.address, step.origin, step.reason)
		if rec.Code != step.status {
			t.Errorf("%s: got status %d, want %d", step.name, rec.Code, step.status)
		}
		if rec.Code == http.StatusSeeOther && rec.Header().Get("Location") != "../../trace/"+id {
			t.Errorf("%s: leads to %q", step.name, rec.Header().Get("Location"))
		}
		got := w.state.Snapshot().Find(id).Resolved
		if (got != nil) != step.resolved || (got != nil && got.Reason != step.want) {
			t.Errorf("%s: got %v", step.name, got)
		}
	}
}

func TestReadOnly(t *testing.T) {
	w := shopWorld(t)
	w.change = func(o *view.Options) { o.Decide = nil }
	h := w.handler(t)
	id := merge.ExceptionID("shop", shopKey)
	if page := get(t, h, "/trace/"+id).Body.String(); strings.Contains(page, `method="post"`) {
		t.Error("the page has a form")
	}
	for _, action := range []string{"resolve", "reopen", "mute", "unmute", "note"} {
		rec := send(t, h, "/trace/"+id+"/"+action, "http://periskop.test", "")
		if rec.Code != http.StatusForbidden {
			t.Errorf("%s: got status %d, want 403", action, rec.Code)
		}
		checkContains(t, action, rec.Body.String(), "read only")
	}
}

// TestDeparted has a page for what is gone, with what is known of it.
func TestDeparted(t *testing.T) {
	w := shopWorld(t)
	w.change = func(o *view.Options) {
		o.Departed = func(id string) *merge.Departure {
			if id != "0123456789abcdef" && id != merge.ExceptionID("shop", "old") {
				return nil
			}
			return &merge.Departure{
				ID: id, Service: "shop", Key: "<old>@1", Class: "Old", Total: 12345,
				FirstSeen: now.Add(-time.Hour), LastSeen: now.Add(-time.Minute), At: now,
			}
		}
	}
	h := w.handler(t)
	if got := get(t, h, "/trace?service_name=shop&aggregation_key=old").Header().Get("Location"); got != "./trace/"+merge.ExceptionID("shop", "old") {
		t.Errorf("a lookup leads to %q", got)
	}
	rec := get(t, h, "/trace/0123456789ABCDEF")
	if rec.Code != http.StatusNotFound {
		t.Errorf("got status %d, want 404", rec.Code)
	}
	checkContains(t, "gone", rec.Body.String(), "This exception is gone", "&lt;old&gt;@1", "12,345", "1 minute ago", "service_name=shop")
}

func TestJSON(t *testing.T) {
	h := shopWorld(t).handler(t)
	id := merge.ExceptionID("shop", shopKey)
	for query, want := range map[string]int{"": 2, "?occurrence=" + previousUUID: 1} {
		rec := get(t, h, "/trace/"+id+"/json"+query)
		report, err := periskop.Decode(rec.Body.Bytes())
		if err != nil || rec.Code != http.StatusOK {
			t.Fatalf("%s: got %d, %v", query, rec.Code, err)
		}
		if len(report.Aggregates) != 1 || report.Aggregates[0].Key != shopKey {
			t.Fatalf("%s: got %v", query, report.Aggregates)
		}
		if got := report.Aggregates[0].Latest.Decode(nil); len(got) != want {
			t.Errorf("%s: got %d occurrences, want %d", query, len(got), want)
		}
	}
	for _, address := range []string{"/trace/" + id + "/json?occurrence=gone", "/trace/0123456789abcdef/json"} {
		rec := get(t, h, address)
		if rec.Code != http.StatusNotFound || !json.Valid(rec.Body.Bytes()) {
			t.Errorf("%s: got %d: %s", address, rec.Code, rec.Body)
		}
	}
}

func TestCurlPage(t *testing.T) {
	h := shopWorld(t).handler(t)
	id := merge.ExceptionID("shop", shopKey)
	for address, want := range map[string]string{
		"/trace/" + id + "/curl":                            "curl --globoff --proto '=http,https' --request 'POST' --url 'https://shop.test/cart?id=42'",
		"/trace/" + id + "/curl?occurrence=" + previousUUID: "No request",
		"/trace/" + id + "/curl?occurrence=gone":            "No request",
		"/trace/0123456789abcdef/curl":                      "No exception",
	} {
		checkContains(t, address, get(t, h, address).Body.String(), want)
	}
}

func TestStorage(t *testing.T) {
	for want, s := range map[string]view.StorageStatus{
		"In memory only":       {},
		"Nothing to write yet": {Path: "data/"},
		"no space left &lt;on&gt; device": {
			Path: "data/", Commits: 3, Failures: 1, LastAt: now, Err: errNoSpace,
		},
		"1 of 4 times":     {Path: "data/", Commits: 3, Failures: 1, LastAt: now, Err: errNoSpace},
		"state.db.damaged": {Path: "data/", Commits: 1, Damaged: "state.db.damaged"},
	} {
		w := shopWorld(t)
		w.change = func(o *view.Options) { o.Storage = func() view.StorageStatus { return s } }
		checkContains(t, want, get(t, w.handler(t), "/status").Body.String(), want)
	}
}
