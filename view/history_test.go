package view_test

import (
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
