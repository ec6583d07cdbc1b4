package view_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// troubleWorld has a service in each state that its targets can be in, none of which has
// reported an exception, and one that has.
func troubleWorld() *world {
	var settings []merge.ServiceSettings
	for _, name := range []string{"fine", "most-down", "all-down", "waiting", "problem", "raising"} {
		settings = append(settings, merge.ServiceSettings{Name: name})
	}
	w := newWorld(append(settings, merge.ServiceSettings{Name: "none"})...)
	w.serve("fine", "fine:1", nil)
	w.serve("most-down", "most-down:0", nil)
	for i := range 8 {
		w.fail("most-down", fmt.Sprintf("most-down:%d", i+1), periskop.Connection, "connection refused")
	}
	w.fail("all-down", "all-down:1", periskop.Timeout, "connected, but no answer within 10s")
	waiting := newTarget("waiting", "waiting:1", nil)
	w.add(waiting, periskop.TargetHealth{Target: waiting})
	w.serve("problem", "problem:1", nil)
	w.serve("raising", "raising:1", nil, reportOf("gone wrong", periskop.Exception{Class: "Wrong", Message: "x"}))
	w.fail("raising", "raising:2", periskop.HTTPStatus, "the target answered 503 Service Unavailable")
	for i := range w.targets {
		if w.targets[i].Service == "problem" {
			w.targets[i].Problems = []string{"file b.yaml: no such file"}
		}
	}
	w.targets = append(w.targets, periskop.ServiceTargets{Service: "none", Problems: []string{"file a.yaml: no such file"}})
	return w
}

// TestNotAllIsWell looks for what a page says of services of which nothing, or not all,
// can be seen.
func TestNotAllIsWell(t *testing.T) {
	const (
		allIsWell = "<h2>No exceptions</h2>"
		down      = "See what is down"
	)
	h := troubleWorld().handler(t)
	list := func(service string) string { return "/exceptions?service_name=" + service }
	page := func(service string) string { return "/service?service_name=" + service }
	trace := "/trace/" + merge.ExceptionID("raising", "gone wrong")
	for _, tt := range []struct {
		address  string
		want     []string
		unwanted []string
	}{
		{list("fine"), []string{allIsWell, "All targets answer"}, []string{"notice"}},
		{list("most-down"), []string{
			"8 of 9 targets are down: what they raise is not seen", "most-down:1", `for <time datetime="2026-11-22T07:23:00Z">17 minutes</time>`, "<code>connection</code>",
			"connection refused", "5 more", "./status?service_name=most-down&state=down", "None from the targets that answer", "1 of 9 targets answers",
		}, []string{allIsWell}},
		{list("all-down"), []string{"The only target is down: what it raises is not seen", "no answer within 10s", "Nothing is seen"}, []string{allIsWell}},
		{list("waiting"), []string{"Nothing of this service is seen now", "Nothing is seen yet"}, []string{allIsWell}},
		{list("none"), []string{"This service has no targets: what it raises is not seen", "file a.yaml: no such file", "No target is discovered"}, []string{allIsWell}},
		{list("problem"), []string{"Discovery of targets has problems: some may be missing", "file b.yaml: no such file"}, nil},
		{list("raising"), []string{"1 of 2 targets is down: what it raises is not seen", "raising:2", "503 Service Unavailable", ">Wrong<"}, nil},
		{"/exceptions?service_name=most-down&state=new", []string{"8 of 9 targets are down", "None is new"}, []string{allIsWell}},
		{"/exceptions", []string{
			"10 targets of 3 services are down, and 1 service has no targets: what they raise is not seen",
			`<a href="./service?service_name=all-down">`, "0 of 1 up", "1 of 9 up", "2 more services", "./?show=trouble",
		}, []string{allIsWell}},
		{"/exceptions?q=nothing", []string{"10 targets of 3 services are down"}, nil},
		{trace, []string{"1 of 2 targets is down: what it raises is not seen", "raising:2", "17 minutes", "../status?service_name=raising&state=down"}, nil},
		{page("fine"), []string{"No exceptions", "none down"}, []string{"notice"}},
		{page("most-down"), []string{"8 of 9 targets are down", "None from the targets that answer", "And 1 more target", "8 down", down}, []string{"No exceptions<"}},
		{page("none"), []string{"This service has no targets", "none discovered", "Discovery finds none"}, []string{"No exceptions<"}},
		{page("raising"), []string{">Wrong<", "every 30s, timeout 10s", "watched since 2026-11-22 06:30:00 UTC"}, nil},
		{"/status", []string{"10 down", "Targets may be missing", "1–15 of 15 targets"}, nil},
		{"/", []string{"5 in trouble", "10 down"}, []string{"none in trouble"}},
	} {
		rec := get(t, h, tt.address)
		body := html.UnescapeString(rec.Body.String())
		if rec.Code != http.StatusOK {
			t.Errorf("%s: status %d", tt.address, rec.Code)
		}
		checkContains(t, tt.address, body, tt.want...)
		for _, s := range tt.unwanted {
			if strings.Contains(body, s) {
				t.Errorf("%s: %q is on the page", tt.address, s)
			}
		}
	}
}

// TestWaitingIsNotWell has a program that has just started.
func TestWaitingIsNotWell(t *testing.T) {
	w := newWorld(merge.ServiceSettings{Name: "s"})
	target := newTarget("s", "s:1", nil)
	w.add(target, periskop.TargetHealth{Target: target})
	checkContains(t, "/", get(t, w.handler(t), "/").Body.String(), "1 not scraped yet", "waiting for the first scrape")
}

// TestServiceNames has services whose names are no part of a path.
func TestServiceNames(t *testing.T) {
	names := []string{"a/b", "..", ".", "a?b#c&d", "50%", "ü +", "<b>", " ", "\u202e"}
	var settings []merge.ServiceSettings
	for _, name := range names {
		settings = append(settings, merge.ServiceSettings{Name: name})
	}
	w := newWorld(settings...)
	for i, name := range names {
		w.serve(name, fmt.Sprintf("host:%d", i), nil)
	}
	h := w.handler(t)
	overview := html.UnescapeString(get(t, h, "/").Body.String())
	for i, name := range names {
		link := "./service?" + serviceQuery(name)
		if !strings.Contains(overview, `href="`+link+`"`) {
			t.Errorf("%q: the overview does not lead to %s", name, link)
		}
		rec := get(t, h, strings.TrimPrefix(link, "."))
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), fmt.Sprintf("host:%d", i)) {
			t.Errorf("%q: got %d", name, rec.Code)
		}
	}
}

func serviceQuery(name string) string { return url.Values{"service_name": {name}}.Encode() }
