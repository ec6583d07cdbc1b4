//go:build e2e

package view_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// A screen is a way to look at a page.
type screen struct {
	width  int64
	scheme string
}

func (s screen) String() string { return fmt.Sprintf("%d %s", s.width, s.scheme) }

var (
	phone   = screen{360, "light"}
	desktop = screen{1440, "light"}
	screens = []screen{phone, {360, "dark"}, {320, "light"}, {768, "light"}, {1920, "light"}, {1440, "dark"}}
)

// A browser is one tab, and what went on in it since the page was opened.
type browser struct {
	ctx context.Context

	mu       sync.Mutex // guards the fields below
	requests []string
	problems []string
}

func startBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(findChromium(t)),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	b := &browser{}
	ctx, cancel := chromedp.NewContext(allocator)
	b.ctx = ctx
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("close the browser: %v", err)
		}
		cancel()
		stop()
	})
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	b.call(t, func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	})
	return b
}

func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("chromium is not in PATH; make test installs it")
	return ""
}

// note keeps what a page should not do, and what it asks for.
func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	problem := func(format string, args ...any) { b.problems = append(b.problems, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *log.EventEntryAdded:
		if !strings.Contains(e.Entry.Text, "status of 404") { // pages that say what is missing
			problem("log: %s", e.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		problem("console: %s", e.Type)
	case *runtime.EventExceptionThrown:
		problem("exception: %s", e.ExceptionDetails.Text)
	case *page.EventJavascriptDialogOpening:
		problem("dialog: %s", e.Message)
	}
}

func (b *browser) call(t *testing.T, f func(context.Context, *chromedp.Target) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Func(f)); err != nil {
		t.Fatal(err)
	}
}

// navigate loads a page.
func (b *browser) navigate(t *testing.T, address string) {
	t.Helper()
	b.mu.Lock()
	b.requests, b.problems = nil, nil
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
}

// open loads a page, and opens all that is folded on it.
func (b *browser) open(t *testing.T, address string) {
	t.Helper()
	b.navigate(t, address)
	evaluate[int](t, b, `document.querySelectorAll("details").forEach(d => d.open = true), 0`)
}

// look changes the screen.
func (b *browser) look(t *testing.T, s screen) {
	t.Helper()
	b.call(t, func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.scheme}},
		})
		return err
	})
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(s.width, 900)); err != nil {
		t.Fatal(err)
	}
}

func evaluate[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// survey is what is looked at on every page.
const survey = `(() => {
	const all = [...document.querySelectorAll("*")];
	const name = e => e.tagName.toLowerCase() + (e.className ? "." + (e.className.baseVal ?? e.className) : "") + " " + e.textContent.trim().slice(0, 40);
	return {
		ran: window.pwned !== undefined || [...document.scripts].map(s => s.src.replace(/\.[^/]*$/, "")).join() !== ["script", "time", "refresh"].map(s => location.origin + "/static/" + s).join(),
		attributes: all.filter(e => [...e.attributes].some(a => a.name.startsWith("on") || a.name === "style")).map(name),
		strange: all.filter(e => ["IFRAME", "OBJECT", "EMBED", "BASE", "STYLE"].includes(e.tagName.toUpperCase()) || e.matches("svg:not(.chart)")).map(name),
		links: [...document.querySelectorAll("a")].filter(a => !String(a.href).startsWith(location.origin + "/") && new URL(a.href).host !== "x.test").map(name),
		width: document.documentElement.scrollWidth - window.innerWidth,
		wide: all.filter(e => !e.closest(".unseen, thead, .skip") && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(name),
		clipped: all.filter(e => !e.closest(".unseen, thead, .skip, select, input") && getComputedStyle(e).overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1).map(name),
		fields: [...document.querySelectorAll("input, select")].filter(f => f.type !== "hidden" && !f.ariaLabel && f.labels.length === 0).map(name),
		ids: all.filter(e => e.id && document.querySelectorAll("#" + CSS.escape(e.id)).length > 1).map(e => e.id),
		headings: [...document.querySelectorAll("h1, h2, h3, h4")].map(h => Number(h.tagName[1])),
		ground: getComputedStyle(document.body).backgroundColor,
	};
})()`

type surveyed struct {
	Ran        bool     `json:"ran"`
	Attributes []string `json:"attributes"`
	Strange    []string `json:"strange"`
	Links      []string `json:"links"`
	Width      float64  `json:"width"`
	Wide       []string `json:"wide"`
	Clipped    []string `json:"clipped"`
	Fields     []string `json:"fields"`
	IDs        []string `json:"ids"`
	Headings   []int    `json:"headings"`
	Ground     string   `json:"ground"`
}

// check opens a page and looks for what no page may do.
func (b *browser) check(t *testing.T, server, address string) {
	t.Helper()
	b.open(t, server+address)
	for _, s := range screens {
		b.look(t, s)
		checkSurvey(t, s, evaluate[surveyed](t, b, survey))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.problems) > 0 {
		t.Errorf("the browser complains: %q", b.problems)
	}
	for _, r := range b.requests {
		if !strings.HasPrefix(r, server+"/") && !strings.HasPrefix(r, "data:") { // which is the browser's own, for a field
			t.Errorf("request to %s", r)
		}
	}
	if len(b.requests) == 0 {
		t.Error("no request was seen")
	}
}

func checkSurvey(t *testing.T, s screen, got surveyed) {
	t.Helper()
	if got.Ran {
		t.Error("a script ran")
	}
	for what, list := range map[string][]string{
		"attributes that are code":               got.Attributes,
		"elements that no template has":          got.Strange,
		"links that lead away":                   got.Links,
		"elements that are cut off at the right": got.Wide,
		"boxes whose content is cut off":         got.Clipped,
		"fields without a label":                 got.Fields,
		"IDs that occur twice":                   got.IDs,
	} {
		if len(list) > 0 {
			t.Errorf("%s: %s: %q", s, what, list[:min(len(list), 5)])
		}
	}
	if got.Width > 0 {
		t.Errorf("%s: the page is %v px wider than the window", s, got.Width)
	}
	checkHeadings(t, got.Headings)
	if want := map[string]string{"light": "rgb(244, 246, 248)", "dark": "rgb(15, 21, 26)"}[s.scheme]; got.Ground != want {
		t.Errorf("%s: ground: got %s, want %s", s, got.Ground, want)
	}
}

// checkHeadings checks that there is one of the first level, and that none is left out.
func checkHeadings(t *testing.T, levels []int) {
	t.Helper()
	before := 0
	for i, level := range levels {
		if level > before+1 || (level == 1) != (i == 0) {
			t.Errorf("headings are out of order: %v", levels)
			return
		}
		before = level
	}
	if len(levels) == 0 {
		t.Error("no heading")
	}
}

func TestBrowserReal(t *testing.T) {
	w := realWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	pages := []string{
		"/", "/exceptions", "/exceptions?service_name=payments&q=charge&sort=count", "/exceptions?q=nothing-is-like-this",
		"/status", "/status?service_name=mailer&state=down", "/exceptions?service_name=mailer", "/service?service_name=checkout", "/service?service_name=mailer",
		"/trace/0123456789abcdef", "/trace?service_name=search&aggregation_key=none", "/nothing",
	}
	for _, svc := range w.state.Snapshot().Services {
		for i, e := range svc.Exceptions {
			if i%20 == 0 {
				pages = append(pages, "/trace/"+e.ID)
			}
		}
	}
	pages = append(pages, pages[len(pages)-1]+"?occurrence=gone")
	for _, address := range pages {
		t.Run(address, func(t *testing.T) { b.check(t, server.URL, address) })
	}
}

func TestBrowserHostile(t *testing.T) {
	w := hostileWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	for i, address := range hostilePages(w) {
		t.Run(fmt.Sprintf("page %d", i), func(t *testing.T) { b.check(t, server.URL, address) })
	}
	t.Run("markup is text", func(t *testing.T) {
		b.open(t, server.URL+"/trace/"+merge.ExceptionID(w.targets[0].Service, "hostile markup: "+attack))
		got := evaluate[[]string](t, b, `[...document.querySelectorAll("h1, .says, .stack li:first-child, .http td")].map(e => e.textContent.trim())`)
		for _, s := range got {
			if s != attack && s != "" {
				t.Errorf("got %q, want %q", s, attack)
			}
		}
		if len(got) < 5 {
			t.Errorf("only %d places show it", len(got))
		}
	})
	t.Run("direction is kept", func(t *testing.T) {
		b.open(t, server.URL+"/trace/"+merge.ExceptionID(w.targets[0].Service, "hostile bidi: "+hostile["bidi"]))
		if got := evaluate[string](t, b, `document.querySelector(".says").textContent`); !strings.HasPrefix(got, "userU+202Etxt.exeU+202C") {
			t.Errorf("got %q", got)
		}
	})
}

// TestBrowserKeyboard walks through pages with the tab key alone.
func TestBrowserKeyboard(t *testing.T) {
	w := shopWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	for _, address := range []string{"/", "/exceptions", "/trace/" + merge.ExceptionID("shop", shopKey), "/service?service_name=shop", "/status", "/nothing"} {
		for _, s := range []screen{desktop, phone} {
			t.Run(s.String()+" "+address, func(t *testing.T) { b.walk(t, s, server.URL+address) })
		}
	}
}

// walk presses tab until the focus leaves the page, and checks that it was on
// everything that can have it, in the order of the page, and could be seen.
func (b *browser) walk(t *testing.T, s screen, address string) {
	t.Helper()
	b.open(t, address)
	b.look(t, s)
	want := evaluate[[]string](t, b, `
		window.stops = [...document.querySelectorAll("a[href], button, input, select, summary")].filter(e => e.checkVisibility());
		window.nameOf = e => stops.indexOf(e) + " " + (e.textContent.trim() || e.name).slice(0, 30);
		stops.map(nameOf)`)
	var got []string
	for range want {
		ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
		err := chromedp.Do(ctx, chromedp.KeyEvent("\t"))
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		at := evaluate[struct {
			Name    string `json:"name"`
			Visible bool   `json:"visible"`
		}](t, b, `(() => {
			const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
			return {name: nameOf(e), visible: box.width > 1 && box.height > 1 && (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)};
		})()`)
		if !at.Visible {
			t.Errorf("the focus on %q cannot be seen", at.Name)
		}
		got = append(got, at.Name)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("order of focus (-got +want):\n%s", diff)
	}
}

// TestBrowserForms searches, filters and turns pages as a reader does.
func TestBrowserForms(t *testing.T) {
	w := realWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.look(t, desktop)
	b.open(t, server.URL+"/status")
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.ID("find"), "charge failed")); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.SetValue(chromedp.ID("service"), "payments")); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS("form.filter button"))); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS("th.figure a"))); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS("a[rel=next]"))); err != nil {
		t.Fatal(err)
	}
	got, err := url.Parse(evaluate[string](t, b, `location.href`))
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"q": {"charge failed"}, "service_name": {"payments"}, "sort": {"count"}, "page": {"2"}}
	if diff := cmp.Diff(got.Query(), want); diff != "" || got.Path != "/exceptions" {
		t.Errorf("address %s (-got +want):\n%s", got, diff)
	}
	if got := evaluate[string](t, b, `document.querySelector("th[aria-sort]").textContent`); got != "Count" {
		t.Errorf("sorted by: got %q, want Count", got)
	}
	if got := evaluate[string](t, b, `document.querySelector("#q").value`); got != "charge failed" {
		t.Errorf("search field: got %q", got)
	}
}
