//go:build e2e

package view_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

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
	}{{"k", 39}, {"jj", 39}, {"kkk", 36}} {
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
	// What goes to the clipboard is seen without leave to read it.
	evaluate[int](t, b, `(() => {
		window.copied = {last: ""};
		navigator.clipboard.write = async ([item]) => { copied.last = await (await item.getType("text/plain")).text(); };
		return 0;
	})()`)
	const page = "/trace/"
	for button, want := range map[string][]string{
		`[data-copy=permalink]`:         {server.URL + page, "?occurrence="},
		`[data-copy=curl]`:              {"curl --globoff", `"card": "<redacted>"}'`},
		`[data-copy-from*="/markdown"]`: copiedMarkdown,
		`[data-copy-from*="/text"]`:     {"com.example.payments.CardDeclinedException in payments\n", "  > com.example.payments.ChargeService.submit", "Caused by: ", "https://periskop.example.com/errors/trace/"},
	} {
		evaluate[int](t, b, fmt.Sprintf(`(() => { copied.last = ""; document.querySelector(%q).click(); return 0; })()`, button))
		b.await(t, `copied.last !== ""`)
		got := evaluate[string](t, b, `copied.last`)
		for _, s := range want {
			if !strings.Contains(got, s) {
				t.Errorf("%s: no %q in %q", button, s, got)
			}
		}
	}
}

// copiedMarkdown are what a ticket wants: title, class, message, causes, own frames,
// counts and a link.
var copiedMarkdown = []string{
	"## `com.example.payments.CardDeclinedException` in `payments`\n", "```text\ncharge of 42.50 EUR was declined", "- Count: 1,284\n",
	"Own frames, of 8 lines:\n\n```text\ncom.example.payments.ChargeService.submit(ChargeService.scala:118)\n",
	"Caused by `com.example.issuer.IssuerResponseException`", "https://periskop.example.com/errors/trace/",
}

// await waits until an expression is true, also over to another page.
func (b *browser) await(t *testing.T, expression string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	look := fmt.Sprintf(`new Promise(done => {
		const end = Date.now() + 5000;
		(function look() {
			const ok = %s;
			ok || Date.now() > end ? done(Boolean(ok)) : setTimeout(look, 25);
		})();
	})`, expression)
	for range 10 {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](look, chromedp.EvalAwaitPromise))
		if ok && err == nil {
			return
		}
	}
	t.Fatalf("never true: %s", expression)
}

// withoutScripts has pages run no script.
func (b *browser) withoutScripts(t *testing.T) {
	t.Helper()
	b.call(t, func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
}

// TestBrowserWithoutScript looks for what only a script makes work.
func TestBrowserWithoutScript(t *testing.T) {
	w := pictureWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.withoutScripts(t)
	for _, address := range []string{"/", "/exceptions", "/status", "/service?service_name=payments", "/trace/" + merge.ExceptionID("payments", pictureKey)} {
		b.open(t, server.URL+address)
		dead := evaluate[[]string](t, b, `[...document.querySelectorAll("button[type=button], select:not([name])")].filter(e => e.checkVisibility()).map(e => e.outerHTML)`)
		if len(dead) > 0 {
			t.Errorf("%s: what does nothing can be seen: %q", address, dead)
		}
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
	evaluate[bool](t, b, `document.querySelector("form[action$=resolve]").parentNode.open = true`) // of those in one place, one is
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.ID("reason"), "fixed in <1.2>")); err != nil {
		t.Fatal(err)
	}
	b.follow(t, chromedp.Click(chromedp.CSS(".drop form[action$=resolve] button")))
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

// TestBrowserMute mutes an exception on a phone and from the keyboard, without scripts, and reads why.
func TestBrowserMute(t *testing.T) {
	w := shopWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.withoutScripts(t)
	b.look(t, phone)
	id := merge.ExceptionID("shop", shopKey)
	b.open(t, server.URL+"/trace/"+id)
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	for _, keys := range [][2]string{{"until", "until it grew"}, {"growth-by", kb.End + "\b\b\b25"}, {"mute-reason", "known <b>since</b> May"}} {
		if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.ID(keys[0]), keys[1])); err != nil {
			t.Fatal(err)
		}
	}
	b.follow(t, chromedp.SendKeys(chromedp.ID("mute-reason"), "\r"))
	if got := evaluate[string](t, b, `document.querySelector(".notice").textContent`); !strings.Contains(got, "Muted until it grew by 25") || !strings.Contains(got, "known <b>since</b> May") {
		t.Errorf("the notice says %q", got)
	}
	if got := w.state.Snapshot().Find(id).Muted; got == nil || got.Until.Growth != 25 {
		t.Errorf("state: got %+v", got)
	}
	b.check(t, server.URL, "/trace/"+id)
	b.check(t, server.URL, "/exceptions?state=muted")
	b.open(t, server.URL+"/trace/"+id)
	b.follow(t, chromedp.Click(chromedp.CSS(".notice button")))
	if w.state.Snapshot().Find(id).Muted != nil {
		t.Error("it is muted still")
	}
}

// TestBrowserMany ticks two exceptions with the keyboard, without scripts, and resolves them in one
// step; then it takes all that a filter shows.
func TestBrowserMany(t *testing.T) {
	w := realWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.withoutScripts(t)
	b.look(t, phone)
	b.open(t, server.URL+"/exceptions?service_name=payments")
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	for _, n := range []string{"1", "2"} {
		if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.CSS(".exceptions tbody tr:nth-child("+n+") input"), " ")); err != nil {
			t.Fatal(err)
		}
	}
	if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.ID("many-reason"), "fixed in <1.2>")); err != nil {
		t.Fatal(err)
	}
	b.follow(t, chromedp.SendKeys(chromedp.ID("many-reason"), "\r"))
	if got := evaluate[string](t, b, `document.querySelector("[role=status].notice").textContent`); got != "2 exceptions are resolved." {
		t.Errorf("it says %q", got)
	}
	b.check(t, server.URL, "/exceptions?service_name=payments&done=resolved-2")
	b.open(t, server.URL+"/exceptions?service_name=payments")
	for _, keys := range [][2]string{{"action", "Mute"}, {"scope", "all"}} {
		if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.ID(keys[0]), keys[1])); err != nil {
			t.Fatal(err)
		}
	}
	b.follow(t, chromedp.Click(chromedp.CSS(".many button")))
	resolved, muted, open := 0, 0, 0
	for _, e := range w.state.Snapshot().Service("payments").Exceptions {
		switch {
		case e.Resolved != nil && e.Resolved.Reason == "fixed in <1.2>":
			resolved++
		case e.Muted != nil:
			muted++
		default:
			open++
		}
	}
	if resolved != 2 || muted == 0 || open != 0 {
		t.Errorf("%d are resolved, %d muted, %d open", resolved, muted, open)
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
		b.await(t, fmt.Sprintf("%s === %q", address, want)) // the script leads on when the page is there
	}
}
