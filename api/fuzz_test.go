package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/limit"
)

// FuzzPush pushes anything to anybody: there is an answer, and what is refused changes nothing.
func FuzzPush(f *testing.F) {
	for _, seed := range [][2]string{
		{"shop/errors", `{"target_uuid":"u","aggregated_errors":[{"aggregation_key":"k","total_count":3,"severity":"error","created_at":"2026-11-22T12:00:00Z","latest_errors":[{"uuid":"o","error":{"class":"E","message":"m","stacktrace":["a"]}}]}]}`},
		{"shop/errors/", `{"target_uuid":"u","aggregated_errors":[{"aggregation_key":"k","total_count":99999999999999999999}]}`},
		{"shop/errors", `{"aggregated_errors":[],"processes":[{"target_uuid":"p","totals":[{"exception_id":"0123456789abcdef","total_count":3}]}]}`},
		{"team/shop/errors", `[]`},
		{"scraped/errors", ""},
		{"errors", "{"},
		{"%2e%2e/errors", "{}"},
		{"shop//errors//", "\x00"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, path, body string) {
		now := noon
		state, h := pushedWithin(&now, limit.NewBytes(1<<20, time.Second))
		r := httptest.NewRequest(http.MethodPost, "/push/shop/errors", strings.NewReader(body))
		r.URL = &url.URL{Path: "/push/" + path}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("got status %d: %s", w.Code, w.Body)
		}
		n := 0
		for _, svc := range state.Snapshot().Services {
			n += len(svc.Exceptions)
		}
		if w.Code != http.StatusOK && n > 0 {
			t.Errorf("got status %d, and %d exceptions are known", w.Code, n)
		}
		for _, question := range []string{"/services/shop/errors/", "/api/v1/exceptions"} {
			again := httptest.NewRecorder()
			h.ServeHTTP(again, httptest.NewRequest(http.MethodGet, question, http.NoBody))
			if again.Code != http.StatusOK {
				t.Errorf("%s: got status %d: %s", question, again.Code, again.Body)
			}
		}
	})
}

// FuzzRequest asks with any method, path and query: there is an answer, which is no page.
func FuzzRequest(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "/api/v1/exceptions", "service_name=shop&state=open&severity=error&class=Error&limit=1"},
		{"GET", "/api/v1/exceptions", "limit=-1"},
		{"GET", "/api/v1/trace", "exception_id=0123456789abcdef&occurrence=%00"},
		{"GET", "/api/v1/trace", "service_name=shop&aggregation_key=%ff;"},
		{"GET", "/federate", "service_name=shop&service_name=%zz"},
		{"DELETE", "/services/shop/errors/a%2Fb/", ""},
		{"OPTIONS", "/services//errors//", ""},
		{"GET", "/services/shop/errors/", "%"},
		{"GET", "/targets", ""},
		{"PATCH", "/api/v1/", "a=b&&=&"},
	} {
		f.Add(seed[0], seed[1], seed[2], "http://localhost:3000")
	}
	h := shop(f)
	f.Fuzz(func(t *testing.T, method, path, query, origin string) {
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "/push") || strings.HasPrefix(path, "/errors") || strings.HasPrefix(path, "/federate") {
			return // which have targets of their own, or no state here
		}
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Method, r.URL = method, &url.URL{Path: path, RawQuery: query}
		r.Header["Origin"] = []string{origin}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%s %s: got status %d: %s", method, r.URL, w.Code, w.Body)
		}
		if kind := w.Header().Get("Content-Type"); strings.Contains(kind, "html") && w.Body.Len() > 0 && !isRedirect(w.Code) {
			t.Errorf("%s %s: got %d of the type %s: %s", method, r.URL, w.Code, kind, w.Body)
		}
		if allowed := w.Header().Get("Access-Control-Allow-Origin"); allowed != "" && !strings.HasPrefix(allowed, "http://localhost:") {
			t.Errorf("the origin %q may read answers", allowed)
		}
	})
}

func isRedirect(status int) bool { return status >= 300 && status < 400 }
