package view_test

import (
	"flag"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/view"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// get asks the handler for an address.
func get(t testing.TB, h http.Handler, address string) *httptest.ResponseRecorder {
	t.Helper()
	return request(t, h, http.MethodGet, address)
}

func request(t testing.TB, h http.Handler, method, address string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), method, address, http.NoBody))
	return rec
}

const (
	shopKey      = "shop/Cart#add & more?@1a2b3c4d"
	otherKey     = "TimeoutError@9f8e7d6c"
	newestUUID   = "5cfa9e9b-20f8-441c-9029-7fda69d6a1c0"
	previousUUID = "00f1d5a2-7c0e-4b53-8f3c-2d8f0e6a9b11"
)

// shopWorld is small, and has one of everything.
func shopWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(merge.ServiceSettings{Name: "shop", GroupBy: []string{"env"}}, merge.ServiceSettings{Name: "idle"})
	occurrences := []periskop.Occurrence{
		{
			UUID: newestUUID, Timestamp: now.Add(-5 * time.Minute), Severity: "error",
			Error: periskop.Exception{
				Class: "shop.CartError", Message: "cart \"42\" <expired>\n\u202egnp.exe",
				Stacktrace: []string{"shop/cart.go:17", "\tadd: return err", "", "main.go:3"},
				Cause: &periskop.Exception{
					Class: "sql.Error", Message: "no rows", Stacktrace: []string{"sql.go:1"},
					Cause: &periskop.Exception{Class: "net.Error", Message: "connection reset"},
				},
			},
			HTTPContext: &periskop.HTTPContext{
				Method: "POST", URL: "https://shop.test/cart?id=42",
				Headers: []periskop.Header{{Name: "Accept", Value: "*/*"}, {Name: "Authorization", Value: "<secret>"}}, Body: `{"item": 7}`,
			},
		},
		{
			UUID: previousUUID, Timestamp: now.Add(-3 * time.Hour), Severity: "error",
			Error: periskop.Exception{Class: "shop.OtherError", Message: "older", Stacktrace: []string{"shop/cart.go:17"}},
		},
	}
	report := &periskop.Report{TargetUUID: "u", Aggregates: []periskop.Aggregate{
		{Key: shopKey, TotalCount: 1200, Severity: "error", CreatedAt: watched.Add(-time.Hour), Latest: periskop.EncodeOccurrences(occurrences)},
		{Key: otherKey, TotalCount: 7, Severity: "warning", CreatedAt: now.Add(-20 * time.Minute)},
		{Key: strings.Repeat("long/", 100), TotalCount: 1, Severity: "info", CreatedAt: now.Add(-10 * time.Minute)},
	}}
	grown := &periskop.Report{TargetUUID: "u", Aggregates: []periskop.Aggregate{report.Aggregates[0], report.Aggregates[1], report.Aggregates[2]}}
	grown.Aggregates[0].TotalCount = 1234
	w.serve("shop", "shop-1:8080", periskop.Labels{{Name: "env", Value: "prod"}}, report, grown)
	w.fail("shop", "shop-2:8080", periskop.HTTPStatus, "the target answered 503 Service Unavailable")
	w.targets = append(w.targets, periskop.ServiceTargets{Service: "idle", Answered: watched, Empty: watched, Dropped: 3, Problems: []string{"file /etc/periskop/idle.yaml: no such file"}})
	w.config = view.ConfigStatus{File: "/etc/periskop.yaml", LoadedAt: watched, Text: "services:\n  - name: shop # <main>\n"}
	return w
}

var hashedName = regexp.MustCompile(`\.[0-9a-f]{12}\.(css|svg|js)`)

// TestGolden compares whole pages with those in testdata, which are to be reviewed
// like code when they change.
func TestGolden(t *testing.T) {
	h := shopWorld(t).handler(t)
	id := merge.ExceptionID("shop", shopKey)
	for name, address := range map[string]string{
		"overview":     "/",
		"exceptions":   "/exceptions",
		"filtered":     "/exceptions?service_name=shop&severity=error&q=EXPIRED&sort=count",
		"trace":        "/trace/" + id,
		"gone":         "/trace/" + id + "?occurrence=gone",
		"no-exception": "/trace/0123456789abcdef",
		"no-key":       "/trace?service_name=shop&aggregation_key=none",
		"status":       "/status",
		"service":      "/service?service_name=shop",
	} {
		t.Run(name, func(t *testing.T) {
			got := hashedName.ReplaceAllString(get(t, h, address).Body.String(), ".HASH.$1")
			golden(t, filepath.Join("testdata", name, "page.html"), got)
		})
	}
	t.Run("markdown", func(t *testing.T) {
		golden(t, filepath.Join("testdata", "markdown", "trace.md"), get(t, h, "/trace/"+id+"/markdown").Body.String())
	})
	t.Run("text", func(t *testing.T) {
		golden(t, filepath.Join("testdata", "text", "trace.txt"), get(t, h, "/trace/"+id+"/text").Body.String())
	})
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("%s (-got +want), go test -update rewrites it:\n%s", file, diff)
	}
}

func TestStatusCodes(t *testing.T) {
	h := shopWorld(t).handler(t)
	id := merge.ExceptionID("shop", shopKey)
	tests := []struct {
		name, method, address string
		status                int
		want                  string // somewhere in the body
	}{
		{"overview", "GET", "/", 200, "2 in trouble"},
		{"list", "GET", "/exceptions", 200, "1–3 of 3"},
		{"trace", "GET", "/trace/" + id, 200, "cart &#34;42&#34; &lt;expired&gt;"},
		{"trace by an ID in capitals", "GET", "/trace/" + strings.ToUpper(id), 200, "cart &#34;42&#34;"},
		{"an occurrence", "GET", "/trace/" + id + "?occurrence=" + previousUUID, 200, "older"},
		{"an occurrence that is gone", "GET", "/trace/" + id + "?occurrence=gone", 404, "not kept any more"},
		{"an exception that is gone", "GET", "/trace/0123456789abcdef", 404, "exception_id=&#34;0123456789abcdef&#34;"},
		{"no ID", "GET", "/trace/hello", 404, "cut short"},
		{"text", "GET", "/trace/" + id + "/text", 200, "Caused by: sql.Error: no rows"},
		{"text of an occurrence", "GET", "/trace/" + id + "/text?occurrence=" + previousUUID, 200, "shop.OtherError: older"},
		{"text of an occurrence that is gone", "GET", "/trace/" + id + "/text?occurrence=gone", 404, "not kept"},
		{"text of an exception that is gone", "GET", "/trace/0123456789abcdef/text", 404, "No exception"},
		{"lookup without a key", "GET", "/trace?service_name=shop", 400, "aggregation_key"},
		{"lookup of an unknown key", "GET", "/trace?service_name=shop&aggregation_key=nothing", 404, "Search for it"},
		{"lookup in an unknown service", "GET", "/trace?service_name=nowhere&aggregation_key=" + otherKey, 404, "no such service"},
		{"markdown", "GET", "/trace/" + id + "/markdown", 200, "Caused by `sql.Error`"},
		{"markdown of an occurrence that is gone", "GET", "/trace/" + id + "/markdown?occurrence=gone", 404, "not kept"},
		{"markdown of an exception that is gone", "GET", "/trace/0123456789abcdef/markdown", 404, "No exception"},
		{"service", "GET", "/service?service_name=shop", 200, "cart &#34;42&#34; &lt;expired&gt;"},
		{"a service without targets", "GET", "/service?service_name=idle", 200, "no such file"},
		{"no such service", "GET", "/service?service_name=nowhere", 404, "There is no such service"},
		{"no service", "GET", "/service", 404, "Which service?"},
		{"trend without a Prometheus", "GET", "/trace/" + id + "/trend", 404, "There is no such page"},
		{"status", "GET", "/status", 200, "503 Service Unavailable"},
		{"status of what is down", "GET", "/status?service_name=shop&state=down", 200, "1–1 of 1 targets"},
		{"status when nothing is", "GET", "/status?service_name=idle&state=down", 200, "Discovery finds none for this service"},
		{"status of no service", "GET", "/status?service_name=nowhere&state=down", 200, "There is no such service"},
		{"configuration", "GET", "/status/config", 200, "- name: shop # <main>"},
		{"no such page", "GET", "/nothing/here", 404, "There is no such page"},
		{"no such page below a page", "GET", "/exceptions/more", 404, "There is no such page"},
		{"no such page with a slash", "GET", "/debug/pprof/", 404, "There is no such page"},
		{"no such page below a page", "GET", "/exceptions/x/", 404, "There is no such page"},
		{"path that climbs", "GET", "/static/../status", 404, "There is no such page"},
		{"no such file", "GET", "/static/style.css", 404, ""},
		{"POST", "POST", "/status", 405, ""},
		{"DELETE", "DELETE", "/trace/" + id, 405, ""},
		{"POST to nothing", "POST", "/nothing", 405, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := request(t, h, tt.method, tt.address)
			if rec.Code != tt.status {
				t.Errorf("status: got %d, want %d", rec.Code, tt.status)
			}
			if !strings.Contains(rec.Body.String(), tt.want) {
				t.Errorf("%q is not in the answer:\n%s", tt.want, rec.Body)
			}
			if tt.status == 405 && rec.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow: got %q", rec.Header().Get("Allow"))
			}
		})
	}
}

func TestLookup(t *testing.T) {
	w := shopWorld(t)
	w.state.Configure(merge.Settings{Services: []merge.ServiceSettings{{Name: "shop"}, {Name: "other"}}})
	w.serve("other", "other:1", nil, &periskop.Report{Aggregates: []periskop.Aggregate{{Key: otherKey, TotalCount: 1, CreatedAt: now}}})
	h := w.handler(t)
	long := strings.Repeat("long/", 100)
	tests := []struct {
		name, query, want string
	}{
		{"whole key", url.Values{"service_name": {"shop"}, "aggregation_key": {shopKey}}.Encode(), "./trace/" + merge.ExceptionID("shop", shopKey)},
		{"a long key, whole", url.Values{"service_name": {"shop"}, "aggregation_key": {long}}.Encode(), "./trace/" + merge.ExceptionID("shop", long)},
		{"a long key as it is on series", url.Values{"service_name": {"shop"}, "aggregation_key": {merge.LabelValue(long, 256)}}.Encode(), "./trace/" + merge.ExceptionID("shop", long)},
		{"with an occurrence", url.Values{"service_name": {"shop"}, "aggregation_key": {shopKey}, "occurrence": {"a b"}}.Encode(), "./trace/" + merge.ExceptionID("shop", shopKey) + "?occurrence=a+b"},
		{"without a service", url.Values{"aggregation_key": {shopKey}}.Encode(), "./trace/" + merge.ExceptionID("shop", shopKey)},
		{"a key that two services have", url.Values{"aggregation_key": {otherKey}}.Encode(), "./exceptions?q=" + url.QueryEscape(otherKey)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := get(t, h, "/trace?"+tt.query)
			if rec.Code != http.StatusFound || rec.Header().Get("Location") != tt.want {
				t.Errorf("got %d to %q, want %q", rec.Code, rec.Header().Get("Location"), tt.want)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	h := shopWorld(t).handler(t)
	id := merge.ExceptionID("shop", shopKey)
	for _, address := range []string{"/", "/exceptions", "/trace/" + id, "/trace/" + id + "/text", "/status", "/status/config", "/nothing", "/trace/none", "/service?service_name=shop", "/trace/" + id + "/markdown"} {
		rec := get(t, h, address)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "same-origin",
			"Cache-Control":           "no-store",
		} {
			if got := rec.Header().Get(name); got != want {
				t.Errorf("%s: %s: got %q, want %q", address, name, got, want)
			}
		}
		if got := rec.Header().Get("Content-Type"); !strings.HasSuffix(got, "; charset=utf-8") {
			t.Errorf("%s: content type %q", address, got)
		}
	}
}

func TestHead(t *testing.T) {
	server := httptest.NewServer(shopWorld(t).handler(t))
	defer server.Close()
	res, err := server.Client().Head(server.URL + "/status")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ContentLength <= 0 {
		t.Errorf("got %s with %d bytes announced", res.Status, res.ContentLength)
	}
}

func TestStatic(t *testing.T) {
	h := shopWorld(t).handler(t)
	page := get(t, h, "/").Body.String()
	for _, tt := range []struct{ pattern, contentType string }{
		{`href="\./(static/style\.[0-9a-f]{12}\.css)"`, "text/css; charset=utf-8"},
		{`src="\./(static/script\.[0-9a-f]{12}\.js)"`, "text/javascript; charset=utf-8"},
		{`href="\./(static/icon\.[0-9a-f]{12}\.svg)"`, "image/svg+xml"},
	} {
		found := regexp.MustCompile(tt.pattern).FindStringSubmatch(page)
		if found == nil {
			t.Fatalf("nothing on the page is like %s", tt.pattern)
		}
		rec := get(t, h, "/"+found[1])
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != tt.contentType {
			t.Errorf("%s: got %d, %s", found[1], rec.Code, rec.Header().Get("Content-Type"))
		}
		if got := rec.Header().Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", found[1], got)
		}
	}
}

// linkPattern finds what a page leads to, and addressPattern also where its forms go.
var addressPattern = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)

var linkPattern = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

// TestPrefix follows every link from the overview on, under a prefix and behind a
// proxy that adds another one that nobody here knows of.
func TestPrefix(t *testing.T) {
	for name, prefix := range map[string]string{"at the root": "", "under a prefix": "/ops/periskop", "behind a proxy": "/proxy"} {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.Handle(prefix+"/", http.StripPrefix(prefix, shopWorld(t).handler(t)))
			server := httptest.NewServer(mux)
			defer server.Close()
			visited := map[string]bool{}
			follow(t, server.Client(), server.URL+prefix+"/", visited)
			for _, page := range []string{"/exceptions", "/status", "/status/config", "/service?service_name=shop", "/trace/" + merge.ExceptionID("shop", shopKey) + "/markdown?occurrence=" + newestUUID, "/trace/" + merge.ExceptionID("shop", shopKey) + "/text?occurrence=" + newestUUID} {
				if !visited[server.URL+prefix+page] {
					t.Errorf("%s was not reached", page)
				}
			}
			res, err := server.Client().Get(server.URL + prefix + "/trace?aggregation_key=" + url.QueryEscape(shopKey))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("lookup: got %s from %s", res.Status, res.Request.URL)
			}
		})
	}
}

func follow(t *testing.T, client *http.Client, address string, visited map[string]bool) {
	t.Helper()
	base, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	base.Fragment = ""
	if visited[base.String()] {
		return
	}
	visited[base.String()] = true
	res, err := client.Get(base.String())
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", base, res.Status)
	}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		return
	}
	for _, m := range linkPattern.FindAllStringSubmatch(string(body), -1) {
		to, err := base.Parse(html.UnescapeString(m[1]))
		if err != nil {
			t.Fatalf("%s: link %q: %v", base, m[1], err)
		}
		if to.Host != base.Host {
			t.Fatalf("%s: link to another host: %q", base, m[1])
		}
		follow(t, client, to.String(), visited)
	}
}

func TestTitlesDiffer(t *testing.T) {
	h := shopWorld(t).handler(t)
	seen := map[string]string{}
	pattern := regexp.MustCompile(`<title>(.*)</title>`)
	for _, address := range []string{
		"/", "/exceptions", "/exceptions?service_name=shop", "/exceptions?q=x", "/status", "/service?service_name=shop", "/service?service_name=idle", "/nothing", "/trace/none",
		"/trace/" + merge.ExceptionID("shop", shopKey), "/trace/" + merge.ExceptionID("shop", otherKey),
	} {
		found := pattern.FindStringSubmatch(get(t, h, address).Body.String())
		if found == nil {
			t.Fatalf("%s has no title", address)
		}
		if other := seen[found[1]]; other != "" {
			t.Errorf("%s and %s are both called %q", address, other, found[1])
		}
		seen[found[1]] = address
	}
}

func TestEmpty(t *testing.T) {
	h, err := view.New(view.Options{Snapshot: func() *merge.Snapshot { return &merge.Snapshot{} }})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"/": "No services yet", "/exceptions": "Nothing is seen", "/exceptions?q=x": "Nothing matches",
		"/exceptions?service_name=x": "There is no such service", "/status": "No service is configured",
	} {
		rec := get(t, h, address)
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: got %d without %q", address, rec.Code, want)
		}
	}
	if _, err := view.New(view.Options{}); err == nil {
		t.Error("without a snapshot: no error")
	}
}

// TestSlashes leads to the page from addresses with slashes too many, and from nowhere
// else.
func TestSlashes(t *testing.T) {
	h := shopWorld(t).handler(t)
	id := merge.ExceptionID("shop", shopKey)
	for address, want := range map[string]string{ // where it leads, "" for nowhere
		"//":                        "../",
		"/exceptions/":              "../exceptions",
		"/exceptions/?q=a%2Fb&q=c":  "../exceptions?q=a%2Fb&q=c",
		"//exceptions":              "../exceptions",
		"/status//config/":          "../../../status/config",
		"/trace/?service_name=shop": "../trace?service_name=shop",
		"/trace/" + id + "/":        "../../trace/" + id,
		"/trace/a%2Fb/":             "../../trace/a%2Fb",
		"/nothing/":                 "",
		"/nothing//here":            "",
		"/status/..//exceptions/":   "",
	} {
		rec := get(t, h, address)
		if got := rec.Header().Get("Location"); got != want || (want == "") != (rec.Code == http.StatusNotFound) {
			t.Errorf("%s: got status %d to %q, want %q", address, rec.Code, got, want)
		}
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/trace/"+id+"/resolve/", http.NoBody))
	if got, want := rec.Header().Get("Location"), "../../../trace/"+id+"/resolve"; rec.Code != http.StatusTemporaryRedirect || got != want {
		t.Errorf("POST: got status %d to %q, want 307 to %q", rec.Code, got, want)
	}
}

// TestFirstMinute says of each service what it waits for, and since when.
func TestFirstMinute(t *testing.T) {
	services := []string{"asked", "empty", "found", "gone", "pushed", "refused"}
	var settings []merge.ServiceSettings
	for _, name := range services {
		settings = append(settings, merge.ServiceSettings{Name: name})
	}
	w := newWorld(settings...)
	ago := func(seconds int) time.Time { return now.Add(-time.Duration(seconds) * time.Second) }
	w.fail("refused", "refused:80", periskop.Connection, "cannot connect to refused:80: connection refused")
	target := &periskop.Target{Service: "found", Instance: "found:80", URL: "http://found:80/"}
	w.health = append(w.health, periskop.TargetHealth{Target: target, Since: ago(2), Next: now})
	w.targets = append(
		w.targets,
		periskop.ServiceTargets{Service: "asked", Block: "asked", Asked: ago(12), Empty: ago(12)},
		periskop.ServiceTargets{Service: "empty", Block: "empty", Asked: ago(200), Answered: ago(199), Empty: ago(180)},
		periskop.ServiceTargets{Service: "found", Block: "cluster", Asked: ago(200), Answered: ago(199), Targets: []*periskop.Target{target}},
		periskop.ServiceTargets{Service: "gone", Block: "cluster", Asked: ago(200), Answered: ago(199), Empty: ago(7200)},
		periskop.ServiceTargets{Service: "pushed", Block: "pushed", NoDiscovery: true, Asked: ago(200), Empty: ago(200)},
	)
	w.change = func(o *view.Options) {
		o.Feeders = func() []periskop.Feeder {
			return []periskop.Feeder{{Block: "cluster", Services: 2, Targets: 1, Dropped: 40, Problems: []string{"A Kubernetes API server does not answer."}}}
		}
	}
	h := w.handler(t)
	overview := get(t, h, "/").Body.String()
	checkContains(t, "/", overview,
		`<a class="state wait" href="./status?service_name=asked">waiting</a> <small>for discovery, 12 seconds</small>`,
		`<a class="state bad" href="./status?service_name=empty">no targets</a> <small>for 3 minutes</small>`,
		`<a class="state wait" href="./status?service_name=found">waiting</a> <small>for the first scrape of 1 target, 2 seconds</small>`,
		`<a class="state wait" href="./status?service_name=gone">no targets</a> <small>for 2 hours</small>`,
		`<a class="state good" href="./status?service_name=pushed">pushed</a> </td>`,
		`<a class="state bad" href="./status?service_name=refused">0 of 1 up</a>`,
		"No target has answered yet: cannot connect to refused:80: connection refused",
		"Targets may be missing", "A Kubernetes API server does not answer.",
	)
	checkContains(t, "/status", get(t, h, "/status").Body.String(),
		"for discovery, 12 seconds", "for 3 minutes", "for the first scrape of 1 target, 2 seconds", "pushed",
		"Services from labels", "finds 2 services", "1 target", "40 dropped by relabelling", "A Kubernetes API server does not answer.",
	)
	checkContains(t, "/exceptions", get(t, h, "/exceptions").Body.String(), "no exception of it is open", "See what is waited for")
}

// TestPayloads opens every trace that the real client libraries cause, and checks that
// pages stay small.
func TestPayloads(t *testing.T) {
	const limit = 100_000
	w := realWorld(t)
	h := w.handler(t)
	check := func(address string) {
		rec := get(t, h, address)
		if rec.Code != http.StatusOK {
			t.Errorf("%s: got %d", address, rec.Code)
		}
		if rec.Body.Len() > limit {
			t.Errorf("%s: %d bytes", address, rec.Body.Len())
		}
	}
	for _, address := range []string{"/", "/exceptions", "/exceptions?page=2", "/exceptions?sort=key", "/status", "/service?service_name=checkout"} {
		check(address)
	}
	for _, svc := range w.state.Snapshot().Services {
		for _, e := range svc.Exceptions {
			for _, o := range e.Occurrences() {
				check("/trace/" + e.ID + "?occurrence=" + url.QueryEscape(o.UUID))
			}
		}
	}
}

// checkContains checks that all of want are somewhere in a page.
func checkContains(t *testing.T, address, page string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(page, s) {
			t.Errorf("%s: %q is not on the page", address, s)
		}
	}
}

// TestSlash follows addresses with a slash at their end, under a prefix that nobody knows.
func TestSlash(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/proxy/", http.StripPrefix("/proxy", shopWorld(t).handler(t)))
	server := httptest.NewServer(mux)
	defer server.Close()
	id := merge.ExceptionID("shop", shopKey)
	for address, want := range map[string]string{
		"/exceptions/":                 "/exceptions",
		"/exceptions/?q=a%2Fb":         "/exceptions?q=a%2Fb",
		"/status/":                     "/status",
		"/service/?service_name=shop":  "/service?service_name=shop",
		"/trace/" + id + "/":           "/trace/" + id,
		"/trace/" + id + "/text/":      "/trace/" + id + "/text",
		"/trace/" + id + "/markdown/?": "/trace/" + id + "/markdown",
	} {
		res, err := server.Client().Get(server.URL + "/proxy" + address)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := strings.TrimPrefix(res.Request.URL.String(), server.URL+"/proxy"); got != want || res.StatusCode != http.StatusOK {
			t.Errorf("%s leads to %s, %s, want %s", address, got, res.Status, want)
		}
	}
	h := shopWorld(t).handler(t)
	for _, address := range []string{"/trace//", "/../", "//evil.test/", "/%2e%2e/", "/nothing/"} {
		rec := get(t, h, address)
		if to := rec.Header().Get("Location"); to != "" && !strings.HasPrefix(to, "../") {
			t.Errorf("%s leads to %q", address, to)
		}
	}
}
