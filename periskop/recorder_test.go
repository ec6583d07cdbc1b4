package periskop_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestRecorder(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	r := periskop.NewRecorder(func() time.Time { return now })
	for range 12 {
		r.Record(errors.New("disk full"))
		now = now.Add(time.Second)
	}
	func() { r.Record(errors.New("disk full")) }() // another place
	broken := r.Recover(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("index out of range") }))
	w := httptest.NewRecorder()
	broken.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/trace/1?token=secret", http.NoBody))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("after a panic: got status %d, want 500", w.Code)
	}

	w = httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/-/exceptions", http.NoBody))
	got, err := periskop.Decode(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Aggregates) != 3 || got.Aggregates[0].TotalCount != 12 || got.Aggregates[1].TotalCount != 1 || len(got.TargetUUID) != 36 {
		t.Fatalf("got %d aggregates, UUID %q", len(got.Aggregates), got.TargetUUID)
	}
	first := got.Aggregates[0]
	occurrences := first.Latest.Decode(nil)
	if len(occurrences) != 10 {
		t.Errorf("got %d occurrences, want the newest 10", len(occurrences))
	}
	o := occurrences[9]
	if !strings.HasPrefix(first.Key, "*errors.errorString@") || o.Error.Message != "disk full" || !strings.Contains(o.Error.Stacktrace[0], "TestRecorder") {
		t.Errorf("got key %q, occurrence %+v", first.Key, o)
	}
	if want := now.Add(-time.Second); !o.Timestamp.Equal(want) {
		t.Errorf("newest occurrence: got %v, want %v", o.Timestamp, want)
	}
	p := got.Aggregates[2].Latest.Decode(nil)[0]
	if p.Error.Message != "index out of range" || p.HTTPContext.URL != "/trace/1" {
		t.Errorf("panic: got %+v with %+v", p.Error, p.HTTPContext)
	}
}

func TestRecorderIsBounded(t *testing.T) {
	r := periskop.NewRecorder(nil)
	recordDeep(r, 300)
	if got := len(r.Report().Aggregates); got > 100 {
		t.Errorf("got %d keys, want at most 100", got)
	}
}

// recordDeep records errors with a stack of its own each.
func recordDeep(r *periskop.Recorder, depth int) {
	r.Record(errors.New("deep"))
	if depth > 0 {
		recordDeep(r, depth-1)
	}
}
