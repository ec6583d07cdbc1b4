package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestHostGuard(t *testing.T) {
	external := &url.URL{Scheme: "https", Host: "Errors.example.com:8443"}
	for _, tc := range []struct {
		name, method, host, origin, site string
		want                             int
	}{
		{"a page of ours", http.MethodPost, "errors.example.com:8443", "https://errors.example.com:8443", "same-origin", http.StatusOK},
		{"a page of ours at another port", http.MethodPost, "errors.example.com", "http://errors.example.com", "same-origin", http.StatusOK},
		{"a page of ours with a full stop", http.MethodPost, "errors.example.com.:9968", "http://errors.example.com.:9968", "same-origin", http.StatusOK},
		{"a name that is listed", http.MethodPost, "errors.internal:9968", "http://errors.internal:9968", "same-origin", http.StatusOK},
		{"an address", http.MethodPost, "10.0.0.1:9968", "http://10.0.0.1:9968", "", http.StatusOK},
		{"an address of six", http.MethodPost, "[::1]:9968", "http://[::1]:9968", "", http.StatusOK},
		{"an address of six without a port", http.MethodPost, "[fe80::1]", "http://[fe80::1]", "", http.StatusOK},
		{"localhost", http.MethodDelete, "localhost:9968", "http://localhost:9968", "same-origin", http.StatusOK},
		{"below localhost", http.MethodDelete, "a.localhost", "http://a.localhost", "same-origin", http.StatusOK},
		{"a program under any name", http.MethodPost, "exporter-0.svc:9968", "", "", http.StatusOK},
		{"a reader under any name", http.MethodGet, "evil.example:9968", "", "same-origin", http.StatusOK},
		{"a page behind a proxy that sets the host", http.MethodPost, "exporter-0.svc:9968", "https://errors.example.com:8443", "same-origin", http.StatusOK},
		{"a rebound name", http.MethodPost, "evil.example:9968", "http://evil.example:9968", "same-origin", http.StatusForbidden},
		{"a rebound name, to delete", http.MethodDelete, "evil.example:9968", "http://evil.example:9968", "", http.StatusForbidden},
		{"a rebound name, to put", http.MethodPut, "evil.example:9968", "http://EVIL.example:9968", "", http.StatusForbidden},
		{"a rebound name without an origin", http.MethodPost, "evil.example:9968", "", "same-origin", http.StatusForbidden},
		{"a rebound name with an odd origin", http.MethodPost, "evil.example:9968", "http://%", "same-origin", http.StatusForbidden},
		{"a rebound name that looks like ours", http.MethodPost, "errors.example.com.evil.example", "http://errors.example.com.evil.example", "", http.StatusForbidden},
		{"a rebound name that looks like localhost", http.MethodPost, "localhost.evil.example", "http://localhost.evil.example", "", http.StatusForbidden},
		{"a rebound name that looks like an address", http.MethodPost, "127.0.0.1.evil.example", "http://127.0.0.1.evil.example", "", http.StatusForbidden},
		{"no host", http.MethodPost, "", "", "same-origin", http.StatusForbidden},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newHostGuard(external, []string{"errors.internal"}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			r := httptest.NewRequest(tc.method, "/-/reload", http.NoBody)
			r.Host = tc.host
			for name, value := range map[string]string{"Origin": tc.origin, "Sec-Fetch-Site": tc.site} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			w := httptest.NewRecorder()
			g.ServeHTTP(w, r)
			if w.Code != tc.want {
				t.Errorf("got status %d: %s, want %d", w.Code, w.Body, tc.want)
			}
			if w.Code != http.StatusOK && !strings.Contains(w.Body.String(), "--web.allowed-host") {
				t.Errorf("got %q, want what to do", w.Body)
			}
		})
	}
}
