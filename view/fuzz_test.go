package view_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzRequest asks pages with any query and cookie: there is an answer, and never a page of
// ours in which a text of the request stands as markup.
func FuzzRequest(f *testing.F) {
	for _, query := range []string{
		"", "service_name=shop&state=open&q=cart&sort=count&limit=1&offset=1", "from=2026-11-26T00:00&to=x", "q=%00%ff&severity=&class=%3Cb%3E",
		"offset=-1&limit=99999999999999999999", "service_name=shop&service_name=shop", "%zz", "a;b",
	} {
		f.Add(uint8(1), query, "theme=dark; refresh=10")
	}
	h := shopWorld(f).handler(f)
	paths := []string{"/", "/exceptions", "/service", "/status", "/trace", "/status/config", "/static/style.css"}
	f.Fuzz(func(t *testing.T, page uint8, query, cookies string) {
		const mark = "<fuzz>"
		r := httptest.NewRequest(http.MethodGet, paths[int(page)%len(paths)], http.NoBody)
		r.URL = &url.URL{Path: r.URL.Path, RawQuery: query + "&q=" + url.QueryEscape(mark) + "&service_name=" + url.QueryEscape(mark)}
		r.Header["Cookie"] = []string{cookies, "a=" + mark}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%s: got status %d", r.URL, w.Code)
		}
		if strings.Contains(w.Body.String(), mark) {
			t.Errorf("%s: the text of the request stands in the page", r.URL)
		}
	})
}
