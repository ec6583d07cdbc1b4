//go:build e2e

package view_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// press types keys, one after the other.
func (b *browser) press(t *testing.T, keys ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	for _, k := range keys {
		if err := chromedp.Do(ctx, chromedp.KeyEvent(k)); err != nil {
			t.Fatal(err)
		}
	}
}

// follow does something that leads to another page, and waits for it.
func (b *browser) follow(t *testing.T, action chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, action); err != nil {
		t.Fatal(err)
	}
}

// focused is the number of the row that has the focus, -1 for none.
const focused = `[...document.querySelectorAll("[data-row]")].indexOf(document.activeElement)`

func TestBrowserShortcuts(t *testing.T) {
	w := realWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.look(t, desktop)
	b.navigate(t, server.URL+"/exceptions")
	for _, step := range []struct {
		keys string
		want int
	}{{"k", 49}, {"jj", 49}, {"kkk", 46}} {
		b.press(t, strings.Split(step.keys, "")...)
		if got := evaluate[int](t, b, focused); got != step.want {
			t.Errorf("after %s: row %d, want %d", step.keys, got, step.want)
		}
	}
	b.press(t, "/", "j", "?")
	// The slash itself comes along here, as the test sends its character apart.
	if got := evaluate[string](t, b, `document.activeElement.value`); !strings.HasSuffix(got, "j?") {
		t.Errorf("the search field has %q", got)
	}
	b.press(t, "\x1b", "?")
	if !evaluate[bool](t, b, `document.getElementById("keys").open`) {
		t.Error("no help")
	}
	b.press(t, "\x1b", "j")
	want := evaluate[string](t, b, `document.querySelector("[data-row]").href`)
	b.follow(t, chromedp.KeyEvent("\r"))
	if got := evaluate[string](t, b, `location.href`); got != want {
		t.Errorf("Enter leads to %s, want %s", got, want)
	}
}

// TestBrowserOccurrences turns the pages of occurrences from the keyboard.
func TestBrowserOccurrences(t *testing.T) {
	w := shopWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.navigate(t, server.URL+"/trace/"+merge.ExceptionID("shop", shopKey))
	b.follow(t, chromedp.KeyEvent("n"))
	if got := evaluate[string](t, b, `location.search`); got != "?occurrence="+previousUUID {
		t.Errorf("n leads to %s", got)
	}
	b.follow(t, chromedp.KeyEvent("p"))
	if got := evaluate[string](t, b, `location.search`); got != "?occurrence="+newestUUID {
		t.Errorf("p leads to %s", got)
	}
}

// TestBrowserCopy looks at what the buttons put on the clipboard, on an address where
// browsers have none for scripts.
func TestBrowserCopy(t *testing.T) {
	w := pictureWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.navigate(t, server.URL+"/trace/"+merge.ExceptionID("payments", pictureKey))
	// The event tells what goes to the clipboard without leave to read it.
	evaluate[int](t, b, `window.copied = [], navigator.clipboard.writeText = async s => { copied.push(s); }, 0`)
	evaluate[int](t, b, `document.querySelectorAll("button[data-copy]").forEach(x => x.click()), 0`)
	got := evaluate[[]string](t, b, `copied`)
	if len(got) != 3 {
		t.Fatalf("copied %q", got)
	}
	if want := server.URL + "/trace/"; !strings.HasPrefix(got[0], want) || !strings.Contains(got[0], "?occurrence=") {
		t.Errorf("permalink: %q", got[0])
	}
	for _, want := range []string{"code 05)\n", "ChargeService.scala:118)\ncom.example.payments.ChargeService.$anonfun"} {
		if !strings.Contains(got[1], want) {
			t.Errorf("stack trace: no %q in %q", want, got[1])
		}
	}
	if !strings.HasPrefix(got[2], "curl --globoff") || !strings.HasSuffix(got[2], `"card": "<redacted>"}'`) {
		t.Errorf("command: %q", got[2])
	}
}

// TestBrowserResolve marks an exception as resolved, and takes that back, with scripts
// and without.
func TestBrowserResolve(t *testing.T) {
	w := shopWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.look(t, phone)
	id := merge.ExceptionID("shop", shopKey)
	b.open(t, server.URL+"/trace/"+id)
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.ID("reason"), "fixed in <1.2>")); err != nil {
		t.Fatal(err)
	}
	b.follow(t, chromedp.Click(chromedp.CSS(".drop button")))
	if got := evaluate[string](t, b, `document.querySelector(".notice q").textContent`); got != "fixed in <1.2>" {
		t.Errorf("reason: got %q", got)
	}
	if got := w.state.Snapshot().Find(id).Resolved; got == nil || got.Reason != "fixed in <1.2>" {
		t.Errorf("state: got %v", got)
	}
	b.follow(t, chromedp.Click(chromedp.CSS(".notice button")))
	got, err := url.Parse(evaluate[string](t, b, `location.href`))
	if err != nil || got.Path != "/trace/"+id {
		t.Errorf("address: got %s, %v", got, err)
	}
	if w.state.Snapshot().Find(id).Resolved != nil {
		t.Error("it is resolved still")
	}
}

// TestBrowserOwnFrames leaves out the frames of libraries, which takes no script.
func TestBrowserOwnFrames(t *testing.T) {
	w := pictureWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.navigate(t, server.URL+"/trace/"+merge.ExceptionID("payments", pictureKey))
	const shown = `[...document.querySelectorAll("#error .stack li")].filter(e => e.checkVisibility()).length`
	before := evaluate[int](t, b, shown)
	evaluate[int](t, b, `document.getElementById("only-own").click(), 0`)
	if after := evaluate[int](t, b, shown); before != 8 || after != 3 {
		t.Errorf("got %d frames, and %d of them own, want 8 and 3", before, after)
	}
}

// TestBrowserOldLinks follows the links of a Periskop server's page.
func TestBrowserOldLinks(t *testing.T) {
	w := shopWorld(t)
	server := httptest.NewServer(http.StripPrefix("/prefix", w.handler(t)))
	defer server.Close()
	b := startBrowser(t)
	for hash, want := range map[string]string{
		"#/shop/errors/" + url.PathEscape(shopKey): "/prefix/trace/" + merge.ExceptionID("shop", shopKey),
		"#/shop/errors/" + otherKey + "/":          "/prefix/trace/" + merge.ExceptionID("shop", otherKey),
		"#/shop":                                   "/prefix/exceptions?service_name=shop",
		"#/shop/errors/":                           "/prefix/exceptions?service_name=shop",
		"#services":                                "/prefix/#services",
	} {
		b.navigate(t, "about:blank")
		b.navigate(t, server.URL+"/prefix/"+hash)
		const address = `location.pathname + location.search + location.hash`
		for range 200 { // the script leads on when the page is there
			if evaluate[string](t, b, address) == want {
				break
			}
			evaluate[int](t, b, `new Promise(done => setTimeout(() => done(0), 25))`)
		}
		if got := evaluate[string](t, b, address); got != want {
			t.Errorf("%s leads to %s, want %s", hash, got, want)
		}
	}
}
