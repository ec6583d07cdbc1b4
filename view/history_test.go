package view_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// TestTraceLeadsToHistory follows both links, and looks that they are not there when nobody gave their addresses.
func TestTraceLeadsToHistory(t *testing.T) {
	w := newWorld(merge.ServiceSettings{Name: "shop"})
	w.serve("shop", "a:80", nil, &periskop.Report{TargetUUID: "a", Aggregates: []periskop.Aggregate{{
		Key: "k", TotalCount: 1, Severity: "error", CreatedAt: now.Add(-time.Minute),
		Latest: periskop.EncodeOccurrences([]periskop.Occurrence{{
			UUID: newestUUID, Timestamp: now.Add(-time.Minute), Error: periskop.Exception{Class: "E"},
			HTTPContext: &periskop.HTTPContext{Method: "GET", Headers: []periskop.Header{{Name: "traceparent", Value: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}},
		}}),
	}}})
	id := merge.ExceptionID("shop", "k")
	show := func(o view.Options) string {
		t.Helper()
		o.Snapshot, o.Now = w.state.Snapshot, func() time.Time { return now }
		h, err := view.New(o)
		if err != nil {
			t.Fatal(err)
		}
		page := get(t, h, "/trace/"+id)
		if page.Code != http.StatusOK {
			t.Fatal(page.Code)
		}
		return page.Body.String()
	}
	if page := show(view.Options{}); strings.Contains(page, "Older occurrences") || strings.Contains(page, "Distributed trace") {
		t.Error("links to nowhere")
	}
	var got view.LogsLink
	page := show(view.Options{
		LogsURL: func(l view.LogsLink) string {
			got = l
			return "https://logs.example.com/?id=" + l.ExceptionID
		},
		TracesURL: func(l view.TraceLink) string {
			return "https://traces.example.com/" + l.TraceID + "/" + l.SpanID + "/" + l.ServiceName
		},
	})
	for _, want := range []string{
		`href="https://logs.example.com/?id=` + id + `"`,
		`href="https://traces.example.com/4bf92f3577b34da6a3ce929d0e0e4736/00f067aa0ba902b7/shop"`, "Older occurrences", "Distributed trace",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not there", want)
		}
	}
	if got.ServiceName != "shop" || got.Occurrence != newestUUID || !got.From.Before(now.Add(-time.Minute)) || !got.To.After(now.Add(-time.Minute)) {
		t.Errorf("got %+v", got)
	}
}

// TestOlder leads to older occurrences by the ID alone, of what is here and of what is gone.
func TestOlder(t *testing.T) {
	w := shopWorld(t)
	id := merge.ExceptionID("shop", shopKey)
	rec := get(t, w.handler(t), "/trace/"+id+"/older")
	if rec.Code != http.StatusNotFound {
		t.Errorf("without a log store: got status %d, want 404", rec.Code)
	}
	checkContains(t, "without a log store", rec.Body.String(), "Older occurrences are not known here", "--web.logs-url", `href="../../trace/`+id+`"`)

	const gone = "0123456789abcdef"
	w.change = func(o *view.Options) {
		o.Departed = func(id string) *merge.Departure {
			if id != gone {
				return nil
			}
			return &merge.Departure{ID: id, Service: "old shop", FirstSeen: now.Add(-2 * time.Hour), LastSeen: now.Add(-time.Hour)}
		}
		o.LogsURL = func(l view.LogsLink) string {
			return fmt.Sprintf("https://logs.example.com/?%s/%s/%s/%s", l.ServiceName, l.ExceptionID, l.Occurrence, l.To.Sub(l.From))
		}
	}
	h := w.handler(t)
	checkContains(t, "gone", get(t, h, "/trace/"+gone).Body.String(), "Older occurrences", "https://logs.example.com/?old%20shop/"+gone+"//3h0m0s")
	for path, want := range map[string]string{
		"/trace/" + id + "/older":                                  "shop/" + id + "/" + newestUUID + "/",
		"/trace/" + strings.ToUpper(id) + "/older?occurrence=gone": "shop/" + id + "/gone/",
		"/trace/" + gone + "/older":                                "old shop/" + gone + "//3h0m0s",
	} {
		rec := get(t, h, path)
		if to := rec.Header().Get("Location"); rec.Code != http.StatusFound || !strings.HasPrefix(to, "https://logs.example.com/?"+want) {
			t.Errorf("%s leads to %q with status %d, want %s", path, to, rec.Code, want)
		}
	}
	rec = get(t, h, "/trace/0000000000000000/older")
	if rec.Code != http.StatusNotFound || rec.Header().Get("Location") != "" {
		t.Errorf("an unknown one leads to %q with status %d", rec.Header().Get("Location"), rec.Code)
	}
	if to := get(t, h, "/trace/"+id+"/older/").Header().Get("Location"); to != "../../../trace/"+id+"/older" {
		t.Errorf("with a slash at the end it leads to %q", to)
	}
}
