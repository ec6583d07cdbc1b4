package view_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// waysHandler has one exception of a version, in a service with links.
func waysHandler(t *testing.T, version string, e periskop.Exception, ways view.Ways) (h http.Handler, trace string) {
	t.Helper()
	w := newWorld(merge.ServiceSettings{Name: "shop", OccurrenceLabels: []string{"version"}})
	w.serve("shop", "shop-1", periskop.NewLabels(map[string]string{"version": version}), reportOf("k", e))
	w.change = func(o *view.Options) {
		o.Ways = func(string) view.Ways { return ways }
		o.AlertmanagerURL = &url.URL{Scheme: "https", Host: "alerts.example.com", Path: "/am"}
	}
	return w.handler(t), "/trace/" + merge.ExceptionID("shop", "k")
}

var anchor = regexp.MustCompile(`<a class="(source|button)" href="(https?:[^"]*)" rel="noreferrer">([^<]*)</a>`)

// outside returns the addresses outside of the exporter that a page links to: those of source code,
// or those of buttons by what they say.
func outside(page string) (sources []string, buttons map[string]string) {
	buttons = map[string]string{}
	for _, m := range anchor.FindAllStringSubmatch(page, -1) {
		if address := html.UnescapeString(m[2]); m[1] == "source" {
			sources = append(sources, address)
		} else {
			buttons[m[3]] = address
		}
	}
	return sources, buttons
}

func TestSourceLinks(t *testing.T) {
	const github = "https://github.com/acme/shop/blob/{version}/{path}#L{line}"
	ways := view.Ways{Source: []view.SourceLink{
		{Prefix: "/srv/shop/", URL: github, Version: "v{version}", Unversioned: "main"},
		{Prefix: "com/acme/", URL: "https://gitlab.com/acme/j/-/blob/{version}/src/main/java/com/acme/{path}#L{line}", Version: "{version}"},
		{Prefix: "app/", URL: "https://code.example.com/browse/app/{path}?at={version}#{line}", Version: "{version}"},
	}}
	for name, c := range map[string]struct {
		version, line string
		want          string // "" for no link
	}{
		"a file below the prefix":              {"3.1.4", "/srv/shop/cart.go:57", "https://github.com/acme/shop/blob/v3.1.4/cart.go#L57"},
		"without a version":                    {"", "/srv/shop/cart.go:57", "https://github.com/acme/shop/blob/main/cart.go#L57"},
		"without a version or another":         {"", "\tat com.acme.Cart.add(Cart.java:57)", ""},
		"a class":                              {"3.1.4", "\tat com.acme.shop.Cart.add(Cart.java:57)", "https://gitlab.com/acme/j/-/blob/3.1.4/src/main/java/com/acme/shop/Cart.java#L57"},
		"Python":                               {"1", `  File "/srv/shop/a b&c.py", line 9, in main`, "https://github.com/acme/shop/blob/v1/a%20b%26c.py#L9"},
		"Ruby, in a query":                     {"release/1 &x=y", "app/models/stock.rb:3:in `take'", "https://code.example.com/browse/app/models/stock.rb?at=release/1%20%26x%3Dy#3"},
		"Node":                                 {"1", "    at add (/srv/shop/src/cart.js:57:11)", "https://github.com/acme/shop/blob/v1/src/cart.js#L57"},
		"a file of somebody else":              {"1", "/usr/lib/go/src/runtime/panic.go:7", ""},
		"a file that goes up":                  {"1", "/srv/shop/../../../evil/repo/blob/x.go:7", ""},
		"a version that goes up":               {"../../evil", "/srv/shop/cart.go:7", ""},
		"a version that goes up in the middle": {"1/../../../evil/repo/blob/main", "/srv/shop/cart.go:7", ""},
		"a version that is encoded":            {"%2e%2e/%2e%2e", "/srv/shop/cart.go:7", "https://github.com/acme/shop/blob/v%252e%252e/%252e%252e/cart.go#L7"},
		"a version with a backslash":           {`..\..\evil`, "/srv/shop/cart.go:7", ""},
		"a version that is an address":         {"https://evil.test/", "/srv/shop/cart.go:7", ""},
		"a version that ends the attribute":    {`"><script>alert(1)</script>`, "/srv/shop/cart.go:7", "https://github.com/acme/shop/blob/v%22%3E%3Cscript%3Ealert%281%29%3C/script%3E/cart.go#L7"},
	} {
		t.Run(name, func(t *testing.T) {
			h, trace := waysHandler(t, c.version, periskop.Exception{Class: "E", Stacktrace: []string{c.line}}, ways)
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			got, _ := outside(get(t, h, trace).Body.String())
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("on the page (-got +want):\n%s", diff)
			}
			if markdown := get(t, h, trace+"/markdown").Body.String(); strings.Contains(markdown, "Source: <"+c.want+">\n") != (c.want != "") {
				t.Errorf("as Markdown:\n%s", markdown)
			}
		})
	}
}

func TestWays(t *testing.T) {
	ways := view.Ways{Team: "payments & co", Links: []view.Link{
		{Name: "Issue", URL: "https://github.com/acme/shop/issues/new?title={title}&body={body}"},
		{Name: "Jira", URL: "https://jira.example.com/create?summary={title}&version={version}&team={team}&key={key}&on={instance}&is={severity}&at={link}"},
		{Name: "Backstage", URL: "https://backstage.example.com/catalog/default/component/{service}"},
	}}
	e := periskop.Exception{Class: "PaymentError", Message: "declined: \"no\" & ```\n<b>x</b>", Stacktrace: []string{"/srv/shop/cart.go:57"}}
	h, trace := waysHandler(t, "3.1.4", e, ways)
	page := get(t, h, trace).Body.String()
	_, got := outside(page)
	if want := `https://alerts.example.com/am/#/silences/new?filter=%7Bservice_name%3D%22shop%22%2Cexception_id%3D%22` + strings.TrimPrefix(trace, "/trace/") + `%22%7D`; got["Silence"] != want {
		t.Errorf("silence: got %s, want %s", got["Silence"], want)
	}
	title := `PaymentError: declined: "no" & ` + "``` <b>x</b> (shop)"
	jira := mustQuery(t, got["Jira"])
	for name, want := range map[string]string{
		"summary": title, "version": "3.1.4", "team": "payments & co", "key": "k", "on": "shop-1", "is": "error",
		"at": "https://periskop.example.com/errors" + trace + "?occurrence=" + newestUUID,
	} {
		if jira.Get(name) != want {
			t.Errorf("Jira's %s: got %q, want %q", name, jira.Get(name), want)
		}
	}
	issue := mustQuery(t, got["Issue"])
	if issue.Get("title") != title || issue.Get("body") != get(t, h, trace+"/markdown?occurrence="+newestUUID).Body.String() {
		t.Errorf("the issue is %q:\n%s", issue.Get("title"), issue.Get("body"))
	}
	if !strings.Contains(page, "team <bdi>payments &amp; co</bdi>") {
		t.Error("the team is not on the page")
	}
	service := get(t, h, "/service?service_name=shop").Body.String()
	if _, got := outside(service); len(got) != 1 || got["Backstage"] != "https://backstage.example.com/catalog/default/component/shop" || !strings.Contains(service, "payments &amp; co") {
		t.Errorf("the page of the service leads to %v", got)
	}
}

// TestTicketIsShort has more of everything than an address has room for.
func TestTicketIsShort(t *testing.T) {
	ways := view.Ways{Links: []view.Link{{Name: "Issue", URL: "https://x.test/new?title={title}&body={body}"}}}
	for name, s := range map[string]string{"long": strings.Repeat("a message without end, ", 10_000), "wide": strings.Repeat("メッセージ", 3000), "hostile": strings.Repeat("\u202e`", 5000)} {
		t.Run(name, func(t *testing.T) {
			e := periskop.Exception{Class: s, Message: s, Cause: &periskop.Exception{Class: s, Message: s}}
			for range 300 {
				e.Stacktrace = append(e.Stacktrace, "/srv/"+s[:3000]+".go:7")
			}
			h, trace := waysHandler(t, "1", e, ways)
			_, got := outside(get(t, h, trace).Body.String())
			if n := len(got["Issue"]); n == 0 || n > 8_000 {
				t.Errorf("the address has %d bytes", n)
			}
			if body := mustQuery(t, got["Issue"]).Get("body"); !strings.Contains(body, "https://periskop.example.com/errors"+trace) {
				t.Errorf("the ticket has no link: %s", body)
			}
		})
	}
}

func mustQuery(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}
