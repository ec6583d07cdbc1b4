package view

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// fakePrometheus answers with what the handler says, and counts how often it is asked.
func fakePrometheus(t *testing.T, answer http.HandlerFunc) (base *url.URL, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		server.Close()
	})
	base, err := url.Parse(server.URL + "/prom")
	if err != nil {
		t.Fatal(err)
	}
	return base, asked
}

func trendHandler(t *testing.T, base *url.URL, now func() time.Time) http.Handler {
	t.Helper()
	s := &merge.Snapshot{Services: []*merge.Service{{Name: "shop", Exceptions: []*merge.Exception{
		{ID: merge.ExceptionID("shop", "a"), Service: "shop", Key: "a"}, {ID: merge.ExceptionID("shop", "b"), Service: "shop", Key: "b"},
	}}}}
	h, err := New(Options{Snapshot: func() *merge.Snapshot { return s }, PrometheusURL: base, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func ask(t *testing.T, h http.Handler, address string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody))
	return rec
}

var trendOfA = "/trace/" + merge.ExceptionID("shop", "a") + "/trend"

// TestTrend asks a Prometheus that has something, in its first and its last step.
func TestTrend(t *testing.T) {
	var query url.Values
	base, asked := fakePrometheus(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/prom/api/v1/query_range" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		query = r.URL.Query()
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[%s,"20"],[%s,"10"],[1,"99"],[%s,"NaN"]]}]}}`,
			query.Get("start"), query.Get("end"), query.Get("end"))
	})
	h := trendHandler(t, base, func() time.Time { return noon })
	rec := ask(t, h, trendOfA)
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "image/svg+xml" {
		t.Fatalf("got %d, %s", rec.Code, rec.Header().Get("Content-Type"))
	}
	body := rec.Body.String()
	for _, want := range []string{"M0 63v-48h5v48z", "M330 63v-24h5v24z", "at most 20 in 6 hours"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in %s", want, body)
		}
	}
	want := `max(sum by (job, instance, replica) (increase(periskop_exceptions_total{exception_id="` + merge.ExceptionID("shop", "a") + `"}[6h])))`
	if got := query.Get("query"); got != want {
		t.Errorf("query: got %s, want %s", got, want)
	}
	ask(t, h, trendOfA)
	if asked.Load() != 1 {
		t.Errorf("asked %d times within a minute", asked.Load())
	}
	ask(t, h, "/service/trend?service_name=shop")
	if got, want := query.Get("query"), `{service_name="shop"}`; !strings.Contains(got, want) {
		t.Errorf("query of a service: got %s", got)
	}
	for _, address := range []string{"/trace/0123456789abcdef/trend", "/service/trend?service_name=none", "/service/trend"} {
		if got := ask(t, h, address).Code; got != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", address, got)
		}
	}
	if asked.Load() != 2 {
		t.Errorf("asked %d times, also for what is not known", asked.Load())
	}
}

// TestTrendOfBadAnswers has a Prometheus that is not well, or is something else.
func TestTrendOfBadAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"nothing": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"data":{"result":[]}}`) }, "Nothing in two weeks"},
		"zeroes": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"data":{"result":[{"values":[[1,"0"]]}]}}`)
		}, "Nothing in two weeks"},
		"an error": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusServiceUnavailable) }, "does not answer"},
		"a page to log in": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://login.invalid/", http.StatusFound)
		}, "does not answer"},
		"a page": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "does not answer"},
		"odd values": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"data":{"result":[{"values":[["x",3],[{},null]]}]}}`)
		}, "Nothing in two weeks"},
		"an answer without end": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"data":{"result":[{"values":[`)
			for range 1 << 20 {
				if _, err := io.WriteString(w, `[1,"1"],`); err != nil {
					return
				}
			}
		}, "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			base, _ := fakePrometheus(t, tt.answer)
			rec := ask(t, trendHandler(t, base, func() time.Time { return noon }), trendOfA)
			if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), tt.want) {
				t.Errorf("got %d, %s", rec.Code, rec.Body)
			}
		})
	}
}

// hanging is a Prometheus that never answers.
type hanging struct{ under, most atomic.Int64 }

func (h *hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	h.most.Store(max(h.most.Load(), h.under.Add(1)))
	<-r.Context().Done()
	h.under.Add(-1)
	return nil, r.Context().Err()
}

// TestTrendOfHangingPrometheus bounds how long readers wait for a picture, and how many
// requests wait for Prometheus.
func TestTrendOfHangingPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &hanging{}
		p := newPrometheusClient(&url.URL{Scheme: "http", Host: "prometheus.test"}, transport)
		pictures := newTrends(p, time.Now)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if _, err := pictures.image(t.Context(), fmt.Sprint(i)); err == nil {
					t.Error("no error")
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took > trendTimeout {
			t.Errorf("readers waited for %s", took)
		}
		if got := transport.most.Load(); got > maxTrendQueries {
			t.Errorf("%d queries at once", got)
		}
	})
}

func TestTrendsAreBounded(t *testing.T) {
	pictures := newTrends(nil, time.Now)
	for i := range 10 * maxTrends {
		pictures.keep(fmt.Sprint(i), noon, "x")
	}
	if got := len(pictures.drawn); got > maxTrends {
		t.Errorf("%d pictures are kept", got)
	}
}
