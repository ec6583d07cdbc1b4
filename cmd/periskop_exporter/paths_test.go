package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// routed answers with where a request has arrived.
func routed(prefix string) http.Handler {
	programs := http.NewServeMux()
	here := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Method+" "+r.URL.EscapedPath()+" "+r.PathValue("key"))
	}
	for _, pattern := range []string{"GET /metrics", "/services", "/services/", "DELETE /services/{service}/errors/{key...}", "/push/", "GET /-/healthy", "GET /debug/pprof/"} {
		programs.HandleFunc(pattern, here)
	}
	pages := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "page "+r.URL.EscapedPath()) })
	return underPrefix(prefix, &router{programs: programs, pages: pages, protection: http.NewCrossOriginProtection()})
}

func TestPaths(t *testing.T) {
	for _, tc := range []struct {
		prefix, method, path, want string // an answer, or "to" and a location
	}{
		{"", "GET", "/metrics", "GET /metrics "},
		{"", "GET", "/metrics/", "GET /metrics "},
		{"", "GET", "//metrics", "GET /metrics "},
		{"", "GET", "/-/healthy/", "GET /-/healthy "},
		{"", "GET", "/debug/pprof/", "GET /debug/pprof/ "},
		{"", "GET", "/services/", "GET /services/ "},
		{"", "GET", "/services//", "GET /services "},
		{"", "GET", "/services/a%2Fb/errors/", "GET /services/a%2Fb/errors/ "},
		{"", "POST", "/push/shop//errors", "POST /push/shop/errors "},
		{"", "POST", "/push/shop/errors//", "POST /push/shop/errors "},
		{"", "DELETE", "/services/s/errors/k/", "DELETE /services/s/errors/k/ k/"},
		{"", "DELETE", "/services/s/errors/a//b%2Fc%20d//", "DELETE /services/s/errors/a%2F%2Fb%2Fc%20d%2F a//b/c d/"},
		{"", "DELETE", "//services/s/errors//k", "DELETE /services/s/errors/k k"},
		{"", "GET", "/", "page /"},
		{"", "GET", "/trace/x", "page /trace/x"},
		{"", "GET", "/trace//x/", "page /trace//x/"},
		{"", "GET", "/%2e%2e/metrics", "page /%2e%2e/metrics"},
		{"", "GET", "/a/../metrics", "404 page not found\n"},
		{"/p/q", "GET", "/p/q/metrics/", "GET /metrics "},
		{"/p/q", "GET", "//p/q//metrics", "GET /metrics "},
		{"/p/q", "GET", "/p/q/", "page /"},
		{"/p/q", "GET", "/p/q", "to q/"},
		{"/p/q", "GET", "/p/q/status/", "page /status/"},
		{"/p/q", "GET", "/p/qr", "to ../p/q/"},
		{"/p/q", "GET", "/?x=1", "to ./p/q/?x=1"},
		{"/p q", "GET", "/p%20q/metrics", "GET /metrics "},
	} {
		w := httptest.NewRecorder()
		routed(tc.prefix).ServeHTTP(w, httptest.NewRequest(tc.method, tc.path, http.NoBody))
		got := w.Body.String()
		if to := w.Header().Get("Location"); to != "" {
			got = "to " + to
		}
		if got != tc.want {
			t.Errorf("prefix %q, %s %s: got %q, want %q", tc.prefix, tc.method, tc.path, got, tc.want)
		}
	}
}
