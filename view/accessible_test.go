//go:build e2e

package view_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// axeFile is a program that looks for what keeps people out, as WCAG has it
// (https://github.com/dequelabs/axe-core).
const axeFile = "../test/npm/testdata/node_modules/axe-core/axe.min.js"

// axeRun asks for all rules of WCAG to level AA, and for what is good practice.
const axeRun = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.passes.length < 10 ? ["hardly anything was checked"] :
	r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + v.help + ": " + n.html.slice(0, 200) + " " + n.failureSummary)))`

// TestBrowserAccessible has axe look at every page, with all that is folded open.
func TestBrowserAccessible(t *testing.T) {
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		t.Fatalf("%v; make npm installs it", err)
	}
	shop, hostile := pictureWorld(t), hostileWorld(t)
	b := startBrowser(t)
	resolved := shop.state.Snapshot().Service("checkout").Exceptions[0].ID
	for _, at := range []struct {
		world     *world
		addresses []string
	}{
		{shop, []string{
			"/", "/exceptions", "/exceptions?q=nothing-is-like-this", "/status", "/service?service_name=checkout", "/service?service_name=mailer",
			"/exceptions?service_name=mailer", "/trace/0123456789abcdef", "/nothing",
			"/trace/" + resolved, "/trace/" + merge.ExceptionID("payments", pictureKey), "/trace/" + resolved + "?occurrence=gone", "/trace/" + resolved + "/older",
		}},
		{hostile, []string{
			"/", "/exceptions", "/status", "/service?service_name=" + url.QueryEscape(hostile.targets[0].Service), "/trace/" + merge.ExceptionID(hostile.targets[0].Service, "fifty causes"),
			"/trace/" + merge.ExceptionID(hostile.targets[0].Service, "hostile markup: "+attack),
		}},
	} {
		server := httptest.NewServer(at.world.handler(t))
		defer server.Close()
		for i, address := range at.addresses {
			t.Run(address, func(t *testing.T) {
				b.checkAccessible(t, server.URL+address, string(axe))
				if i > 0 {
					return // the help is the same on all pages
				}
				evaluate[int](t, b, `document.getElementById("open-keys").click(), 0`)
				b.runAxe(t, "with the help open")
			})
		}
	}
}

func (b *browser) checkAccessible(t *testing.T, address, axe string) {
	t.Helper()
	b.open(t, address)
	evaluate[int](t, b, axe+"; 0")
	for _, s := range []screen{desktop, {1440, "dark"}, phone} {
		b.look(t, s)
		b.runAxe(t, s.String())
	}
}

func (b *browser) runAxe(t *testing.T, when string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Minute)
	defer cancel()
	violations, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axeRun, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations[:min(len(violations), 5)] {
		t.Errorf("%s: %s", when, v)
	}
}
