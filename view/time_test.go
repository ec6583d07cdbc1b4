//go:build e2e

package view_test

import (
	"context"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// pass sets the clock of the page that is open to so long after it was loaded.
func (b *browser) pass(t *testing.T, d time.Duration) {
	t.Helper()
	evaluate[int](t, b, fmt.Sprintf(`(() => { Date.now = () => loaded + %d; goOn(); return 0; })()`, d.Milliseconds()))
}

func TestBrowserTimes(t *testing.T) {
	server := httptest.NewServer(shopWorld(t).handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.call(t, func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kolkata"})
		return err
	})
	b.navigate(t, server.URL+"/status")
	times := func() []string {
		return evaluate[[]string](t, b, `[...document.querySelectorAll(".targets td.state time, .targets td.time time")].map(e => e.textContent.trim())`)
	}
	title := evaluate[string](t, b, `document.querySelector(".targets tbody time").title`)
	// 07:23 in UTC is 12:53 there; the words are those of the reader's language.
	if !strings.Contains(title, "12:53") {
		t.Errorf("title: got %q, want the local time", title)
	}
	b.pass(t, 0)
	before := []string{"17 minutes", "2 seconds ago", "in 18 seconds", "just now", "in 21 seconds"}
	if diff := cmp.Diff(times(), before); diff != "" {
		t.Errorf("at once (-got +want):\n%s", diff)
	}
	for _, tt := range []struct {
		after time.Duration
		want  []string
	}{
		{11 * time.Second, []string{"17 minutes", "13 seconds ago", "in 7 seconds", "10 seconds ago", "in 10 seconds"}},
		{time.Minute, []string{"18 minutes", "1 minute ago", "42 seconds ago", "59 seconds ago", "39 seconds ago"}},
		{2*time.Hour + 30*time.Second, []string{"2 hours", "2 hours ago", "2 hours ago", "2 hours ago", "2 hours ago"}},
	} {
		b.pass(t, tt.after)
		if diff := cmp.Diff(times(), tt.want); diff != "" {
			t.Errorf("%s later (-got +want):\n%s", tt.after, diff)
		}
	}
	if got := evaluate[string](t, b, `document.querySelector("#made time").textContent`); got != "2026-11-22 07:40:00 UTC" {
		t.Errorf("what is no age has become %q", got)
	}
}

// TestBrowserDistance holds the words of the script against those of the server, which
// TestRelative has.
func TestBrowserDistance(t *testing.T) {
	server := httptest.NewServer(shopWorld(t).handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.navigate(t, server.URL+"/")
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0: "", 999 * time.Millisecond: "", time.Second: "1 second", 59 * time.Second: "59 seconds", time.Minute: "1 minute", time.Hour - 1: "59 minutes",
		time.Hour: "1 hour", 47 * time.Hour: "47 hours", 2 * day: "2 days", 59 * day: "59 days", 60 * day: "2 months", 729 * day: "24 months", 730 * day: "2 years",
	} {
		if got := evaluate[string](t, b, fmt.Sprintf("distance(%d)", d.Milliseconds())); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}

// A changingWorld is one in which the clock goes on.
func changingWorld(t *testing.T) (w *world, at *time.Time) {
	t.Helper()
	w = shopWorld(t)
	clock := now
	w.change = func(o *view.Options) { o.Now = func() time.Time { return clock } }
	return w, &clock
}

// report lets the shop raise something.
func report(w *world, key, uuid, message string, count uint64, at time.Time) {
	w.state.Fold(&periskop.Scrape{
		Target: newTarget("shop", "shop-9:8080", nil), Start: at, Date: at.Truncate(time.Second), Result: periskop.Success,
		Report: &periskop.Report{TargetUUID: "u9", Aggregates: []periskop.Aggregate{{
			Key: key, TotalCount: count, Severity: "error", CreatedAt: now.Add(-time.Second),
			Latest: periskop.EncodeOccurrences([]periskop.Occurrence{{UUID: uuid, Timestamp: at, Severity: "error", Error: periskop.Exception{Class: "New", Message: message}}}),
		}}},
	})
}

// refresh asks for the page again, as the timer does.
func (b *browser) refresh(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`update(false).then(() => true)`, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
}

// TestBrowserRefresh reads a list while it changes.
func TestBrowserRefresh(t *testing.T) {
	w, clock := changingWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.look(t, screen{1440, "light"})
	b.navigate(t, server.URL+"/exceptions")
	names := func() []string {
		return evaluate[[]string](t, b, `[...document.querySelectorAll("a[data-row]")].map(e => e.textContent.trim().slice(0, 20))`)
	}
	const top = `document.querySelector("a[data-row]:focus").getBoundingClientRect().top`
	b.press(t, "j", "j")
	before, read := names(), evaluate[float64](t, b, top)
	*clock = now.Add(5 * time.Minute)
	for i := range 12 {
		report(w, fmt.Sprintf("new-%d", i), fmt.Sprintf("00000000-0000-4000-8000-0000000000%02d", i), "news", 1, now.Add(time.Duration(i)*time.Second))
	}
	b.refresh(t)
	if after := names(); len(after) != len(before)+12 || after[0] == before[0] {
		t.Errorf("the list has %q, and had %q", after, before)
	}
	if got := evaluate[float64](t, b, top); math.Abs(got-read) > 1 {
		t.Errorf("what is read has moved from %v to %v", read, got)
	}
	if got := evaluate[string](t, b, `document.querySelector("#made time").textContent`); got != "2026-11-22 07:45:00 UTC" {
		t.Errorf("the page is as of %s", got)
	}

	t.Run("not while text is selected", func(t *testing.T) {
		before := names()
		evaluate[int](t, b, `getSelection().selectAllChildren(document.querySelector(".exceptions .message")), 0`)
		report(w, "newest", "00000000-0000-4000-8000-000000000099", "news", 1, now.Add(time.Minute))
		b.refresh(t)
		if diff := cmp.Diff(names(), before); diff != "" {
			t.Errorf("the list has changed (-got +want):\n%s", diff)
		}
		if !evaluate[bool](t, b, `document.getElementById("show-news").checkVisibility()`) {
			t.Error("nothing says that there is something new")
		}
		evaluate[int](t, b, `document.getElementById("show-news").click(), 0`)
		b.await(t, fmt.Sprintf(`document.querySelectorAll("a[data-row]").length === %d && document.getElementById("show-news").hidden`, len(before)+1))
	})
}

// TestBrowserRefreshTrace reads a stack trace while the exception happens again.
func TestBrowserRefreshTrace(t *testing.T) {
	w, clock := changingWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	report(w, "again", newestUUID, "the first", 1, now)
	b := startBrowser(t)
	b.navigate(t, server.URL+"/trace/"+merge.ExceptionID("shop", "again"))
	*clock = now.Add(time.Minute)
	report(w, "again", previousUUID, "the second", 7, now.Add(30*time.Second))
	b.refresh(t)
	if got := evaluate[string](t, b, `document.querySelector(".says").textContent.trim()`); got != "the first" {
		t.Errorf("the message that is read has become %q", got)
	}
	if got := evaluate[string](t, b, `document.querySelector("#facts dd").textContent`); !strings.HasPrefix(got, "7 ") {
		t.Errorf("count: got %q, want 7", got)
	}
	if got := evaluate[int](t, b, `document.querySelectorAll(".choose li").length`); got != 2 {
		t.Errorf("%d occurrences to choose from, want 2", got)
	}
}

// TestBrowserRefreshChoice looks whether the choice holds for other pages, and whether
// nothing is asked for before it.
func TestBrowserRefreshChoice(t *testing.T) {
	server := httptest.NewServer(shopWorld(t).handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.navigate(t, server.URL+"/")
	const chosen = `document.getElementById("refresh").value`
	if got := evaluate[string](t, b, chosen); got != "0" {
		t.Errorf("at first: got %s, want by hand", got)
	}
	evaluate[int](t, b, `(() => { refresh.value = "60"; refresh.dispatchEvent(new Event("change")); return 0; })()`)
	b.navigate(t, server.URL+"/status")
	if got := evaluate[string](t, b, chosen); got != "60" {
		t.Errorf("on another page: got %s, want 60", got)
	}
	// A timer that is due asks once.
	evaluate[int](t, b, `(() => { window.asked = 0; update = async () => { asked++; }; const set = setInterval; window.setInterval = (f, ms) => { if (ms === 60000) f(); return set(f, ms); }; schedule(); return 0; })()`)
	if got := evaluate[int](t, b, `asked`); got != 1 {
		t.Errorf("asked %d times, want once", got)
	}
}
