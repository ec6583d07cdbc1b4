package fleet_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

// newFleet returns a fleet whose clock is the returned one.
func newFleet(t *testing.T) (*fleet.Fleet, *time.Time) {
	t.Helper()
	now := noon
	f := fleet.New(fleet.Options{Seed: 1, Now: func() time.Time { return now }})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, &now
}

// boom is an occurrence with this message.
func boom(message string) periskop.Occurrence {
	return periskop.Occurrence{Error: periskop.Exception{Class: "Boom", Message: message, Stacktrace: []string{"a", "b"}}}
}

// answer is what the handler serves, with its Date.
func answer(t *testing.T, h http.Handler) (report *periskop.Report, date time.Time) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/-/exceptions", nil))
	report, err := periskop.Decode(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	date, _ = http.ParseTime(w.Header().Get("Date"))
	return report, date
}

func TestProcessReport(t *testing.T) {
	f, now := newFleet(t)
	p := f.Start(fleet.ProcessOptions{Service: "shop"})
	p.Raise("first", boom("one"))
	*now = now.Add(time.Minute)
	p.Raise("first", boom("two"))
	p.RaiseTimes("second", periskop.Occurrence{
		UUID:        "01234567-0000-4000-8000-000000000000",
		Timestamp:   noon.Add(-time.Hour),
		Severity:    "warning",
		Error:       periskop.Exception{Class: "Outer", Message: "<&>", Cause: &periskop.Exception{Class: "Inner", Message: "🔥 é"}},
		HTTPContext: &periskop.HTTPContext{Method: "GET", URL: "/x", Headers: []periskop.Header{{Name: "A", Value: "1"}, {Name: "A", Value: "2"}}},
	}, 3)

	got, date := answer(t, p)
	if got.TargetUUID != p.UUID() {
		t.Errorf("target_uuid: got %q, want %q", got.TargetUUID, p.UUID())
	}
	if want := now.Truncate(time.Second); !date.Equal(want) {
		t.Errorf("date: got %v, want %v", date, want)
	}
	want := []periskop.Aggregate{
		{Key: "first", TotalCount: 2, Severity: "error", CreatedAt: noon},
		{Key: "second", TotalCount: 3, Severity: "warning", CreatedAt: noon.Add(-time.Hour)},
	}
	if diff := cmp.Diff(got.Aggregates, want, cmpopts.IgnoreFields(periskop.Aggregate{}, "Latest")); diff != "" {
		t.Errorf("aggregates (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(messages(got.Aggregates[0]), []string{"one", "two"}); diff != "" {
		t.Errorf("occurrences (-got +want):\n%s", diff)
	}
	wantOccurrence := periskop.Occurrence{
		UUID:        "01234567-0000-4000-8000-000000000000",
		Timestamp:   noon.Add(-time.Hour),
		Severity:    "warning",
		Error:       periskop.Exception{Class: "Outer", Message: "<&>", Cause: &periskop.Exception{Class: "Inner", Message: "🔥 é"}},
		HTTPContext: &periskop.HTTPContext{Method: "GET", URL: "/x", Headers: []periskop.Header{{Name: "A", Value: "2"}}},
	}
	if diff := cmp.Diff(got.Aggregates[1].Latest.Decode(nil)[2], wantOccurrence, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("occurrence (-got +want):\n%s", diff)
	}
}

func messages(a periskop.Aggregate) []string {
	var ms []string
	for _, o := range a.Latest.Decode(nil) {
		ms = append(ms, o.Error.Message)
	}
	return ms
}

func TestProcessOptions(t *testing.T) {
	f, _ := newFleet(t)
	t.Run("an old client sends neither uuid nor created_at", func(t *testing.T) {
		p := f.Start(fleet.ProcessOptions{NoUUID: true, NoCreatedAt: true, NoDate: true})
		p.Raise("k", boom(""))
		got, date := answer(t, p)
		if got.TargetUUID != "" || !got.Aggregates[0].CreatedAt.IsZero() || !date.IsZero() {
			t.Errorf("got uuid %q, created at %v, date %v", got.TargetUUID, got.Aggregates[0].CreatedAt, date)
		}
	})
	t.Run("a clock that is ahead shows in all times", func(t *testing.T) {
		p := f.Start(fleet.ProcessOptions{Service: "skewed", Skew: time.Hour, Zone: time.FixedZone("", 3600)})
		p.Raise("k", boom(""))
		got, date := answer(t, p)
		want := noon.Add(time.Hour)
		if !got.Aggregates[0].CreatedAt.Equal(want) || !date.Equal(want.Truncate(time.Second)) {
			t.Errorf("got created at %v, date %v, want %v", got.Aggregates[0].CreatedAt, date, want)
		}
		if truth := f.Truth(); !truth[len(truth)-1].CreatedAt.Equal(noon) {
			t.Errorf("truth: got created at %v, want %v", truth[len(truth)-1].CreatedAt, noon)
		}
	})
	t.Run("processes have different uuids unless told otherwise", func(t *testing.T) {
		a, b := f.Start(fleet.ProcessOptions{}), f.Start(fleet.ProcessOptions{})
		c := f.Restart(f.Start(fleet.ProcessOptions{UUID: b.UUID()}))
		if a.UUID() == b.UUID() || b.UUID() != c.UUID() {
			t.Errorf("got %s, %s, %s", a.UUID(), b.UUID(), c.UUID())
		}
	})
}

// TestOccurrencesKept raises twelve and looks at which ten are left.
func TestOccurrencesKept(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options fleet.ProcessOptions
		want    []string
	}{
		{"the Go client drops the oldest", fleet.ProcessOptions{}, numbers(3, 12)},
		{"newest first", fleet.ProcessOptions{NewestFirst: true}, []string{"12", "11", "10", "9", "8", "7", "6", "5", "4", "3"}},
		{"the Python client replaces the newest", fleet.ProcessOptions{Client: fleet.Python()}, append(numbers(1, 9), "12")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, _ := newFleet(t)
			p := f.Start(tt.options)
			for _, n := range numbers(1, 12) {
				p.Raise("k", boom(n))
				p.Report() // what is written is not written again
			}
			got, _ := answer(t, p)
			if diff := cmp.Diff(messages(got.Aggregates[0]), tt.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
			if got.Aggregates[0].TotalCount != 12 {
				t.Errorf("total: got %d, want 12", got.Aggregates[0].TotalCount)
			}
		})
	}
}

func numbers(from, to int) []string {
	var ns []string
	for i := from; i <= to; i++ {
		ns = append(ns, fmt.Sprint(i))
	}
	return ns
}

// TestProcessConcurrently is for the race detector, and for totals that fall.
func TestProcessConcurrently(t *testing.T) {
	f, _ := newFleet(t)
	p := f.Start(fleet.ProcessOptions{Service: "busy"})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 100 {
				p.Raise(fmt.Sprint("key ", i%7), boom(""))
			}
		})
		wg.Go(func() {
			for range 20 {
				p.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
				for _, e := range f.Truth() {
					if e.Reported > e.Raised || e.First > e.Reported {
						t.Errorf("untrue: %+v", e)
					}
				}
			}
		})
	}
	wg.Wait()
	answer(t, p)
	truth := f.Truth()
	if !truth.Settled() {
		t.Errorf("not settled: %+v", truth)
	}
	var raised uint64
	for _, c := range truth.Sums() {
		raised += c.Reported
	}
	if raised != 400 {
		t.Errorf("got %d reported, want 400", raised)
	}
}

func BenchmarkReport(b *testing.B) {
	f := fleet.New(fleet.Options{})
	p := f.Start(fleet.ProcessOptions{})
	o := boom("a message of a common length, with a number 4711 in it")
	for i := range 20 {
		o.Error.Stacktrace = append(o.Error.Stacktrace, fmt.Sprintf("com.example.shop.cart.CartService$Frame%d.apply(CartService.scala:%d)", i, i))
	}
	for i := range 200 {
		p.RaiseTimes(fmt.Sprint("key ", i), o, 10)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Raise(fmt.Sprint("key ", i%200), o)
		b.SetBytes(int64(len(p.Report())))
	}
}
