//go:build e2e

package view_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// fold is how much of a page is seen on a small phone without scrolling.
const fold = 760

// hold takes a small phone into the hand.
func (b *browser) hold(t *testing.T) {
	t.Helper()
	b.look(t, phone)
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(phone.width, fold)); err != nil {
		t.Fatal(err)
	}
}

// bottoms returns where elements end, in pixels from the top of the page, by what is
// written in them.
func (b *browser) bottoms(t *testing.T, selector string) []float64 {
	t.Helper()
	return evaluate[[]float64](t, b, fmt.Sprintf(`[...document.querySelectorAll(%q)].filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().bottom)`, selector))
}

// TestPhoneTrace looks for the message and the first frame of the application above the
// fold, for what the client libraries send and for what is long in every way.
func TestPhoneTrace(t *testing.T) {
	w := realWorld(t)
	w.state.Configure(merge.Settings{Services: []merge.ServiceSettings{
		{Name: "checkout"}, {Name: "payments"}, {Name: "catalogue"}, {Name: "search"}, {Name: "legacy"}, {Name: "long"},
	}})
	deep := []string{"com.example.shop.Cart$Companion$total$1$invokeSuspend$$inlined$map$1$2$1.invokeSuspend(Cart.kt:1)"}
	for i := range 400 {
		deep = append([]string{fmt.Sprintf("org.springframework.aop.Proxy.invoke(Proxy.java:%d)", i)}, deep...)
	}
	w.serve("long", "long:1", nil, reportOf("long", periskop.Exception{
		Class: strings.Repeat("com.example.very.deep.package.", 10) + "Exception", Message: strings.Repeat("a message without end, ", 200), Stacktrace: deep,
	}))
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.hold(t)
	for _, svc := range w.state.Snapshot().Services {
		for i, e := range svc.Exceptions {
			if i%10 != 0 || e.Kept.Len() == 0 || len(e.Occurrences()[0].Error.Stacktrace) == 0 {
				continue
			}
			b.navigate(t, server.URL+"/trace/"+e.ID)
			for _, selector := range []string{".lead .says, .lead .soft", ".lead .where"} {
				if got := b.bottoms(t, selector); len(got) != 1 || got[0] > fold {
					t.Errorf("%s of %s: %s ends at %v, below %d", e.Key, svc.Name, selector, got, fold)
				}
			}
		}
	}
}

// TestPhoneList has one exception per 90 pixels, and the filters folded.
func TestPhoneList(t *testing.T) {
	b := startBrowser(t)
	b.hold(t)
	for name, w := range map[string]*world{"real": pictureWorld(t), "hostile": hostileWorld(t)} {
		server := httptest.NewServer(w.handler(t))
		defer server.Close()
		b.navigate(t, server.URL+"/exceptions")
		heights := evaluate[[]float64](t, b, `[...document.querySelectorAll(".exceptions tbody tr")].map(e => e.getBoundingClientRect().height)`)
		if len(heights) == 0 {
			t.Fatalf("%s: no rows", name)
		}
		for i, h := range heights {
			if h > 90 {
				t.Errorf("%s: row %d is %v pixels high", name, i, h)
			}
		}
		const fields = `[...document.querySelectorAll(".filter input, .filter select")].filter(e => e.checkVisibility()).map(e => e.id)`
		if diff := cmp.Diff(evaluate[[]string](t, b, fields), []string{"q", "fold"}); diff != "" {
			t.Errorf("%s: fields (-got +want):\n%s", name, diff)
		}
		evaluate[int](t, b, `document.getElementById("fold").focus(), 0`)
		b.press(t, " ")
		if got := evaluate[[]string](t, b, fields); len(got) < 9 {
			t.Errorf("%s: unfolded there are %q", name, got)
		}
	}
}

func TestPhoneOverview(t *testing.T) {
	w := pictureWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	b.hold(t)
	b.navigate(t, server.URL+"/")
	if got := b.bottoms(t, ".services tbody tr"); len(got) < 2 || got[1] > fold {
		t.Errorf("services end at %v, the second below %d", got, fold)
	}
}

// TestTrendPicture looks whether the picture of Prometheus' trend is loaded, and fits.
func TestTrendPicture(t *testing.T) {
	w := pictureWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	b := startBrowser(t)
	for _, address := range []string{"/service?service_name=payments", "/trace/" + merge.ExceptionID("payments", pictureKey)} {
		for _, s := range []screen{phone, {768, "dark"}, desktop} {
			b.look(t, s)
			b.navigate(t, server.URL+address)
			evaluate[int](t, b, `document.querySelector("img.trend").scrollIntoView(), 0`)
			b.await(t, `document.querySelector("img.trend").complete`)
			if got := evaluate[int](t, b, `document.querySelector("img.trend").naturalWidth`); got == 0 {
				t.Errorf("%s: %s: the picture is not loaded", s, address)
			}
			if got := evaluate[float64](t, b, `document.documentElement.scrollWidth - window.innerWidth`); got > 0 {
				t.Errorf("%s: %s: the page is %v px wider than the window", s, address, got)
			}
			if got := evaluate[float64](t, b, `document.querySelector(".panel:has(.trend)").getBoundingClientRect().width`); got < 250 {
				t.Errorf("%s: %s: the panel has %v px", s, address, got)
			}
		}
	}
}
