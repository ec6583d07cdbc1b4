//go:build e2e && screenshots

package view_test

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"image"
	"image/color"
	"image/png"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

var pictures = flag.String("pictures", "../docs/images", "where the screenshots go")

// TestScreenshots takes the pictures of the documentation: every page, light and dark,
// and on a phone.
func TestScreenshots(t *testing.T) {
	w := pictureWorld(t)
	server := httptest.NewServer(w.handler(t))
	defer server.Close()
	if err := os.MkdirAll(*pictures, 0o755); err != nil {
		t.Fatal(err)
	}
	b := startBrowser(t)
	pages := []struct{ name, address string }{
		{"overview", "/"},
		{"exceptions", "/exceptions"},
		{"trace", "/trace/" + merge.ExceptionID("payments", pictureKey)},
		{"service", "/service?service_name=payments"},
		{"status", "/status"},
	}
	for _, p := range pages {
		for _, s := range []struct {
			suffix string
			screen screen
		}{{"light", desktop}, {"dark", screen{1280, "dark"}}, {"phone", phone}} {
			b.look(t, s.screen)
			b.navigate(t, server.URL+p.address)
			b.picture(t, filepath.Join(*pictures, p.name+"-"+s.suffix+".png"))
		}
	}
}

// picture takes a screenshot of what the window shows.
func (b *browser) picture(t *testing.T, file string) {
	t.Helper()
	const largest = 150_000 // bytes that a picture may add to the repository
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	shot = reduced(t, shot)
	if len(shot) > largest {
		t.Errorf("%s: %d bytes, more than %d", file, len(shot), largest)
	}
	if err := os.WriteFile(file, shot, 0o644); err != nil {
		t.Fatal(err)
	}
}

// reduced returns a picture in its 256 most frequent colours: pages have few.
func reduced(t *testing.T, shot []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[color.Color]int{}
	bounds := full.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[full.At(x, y)]++
		}
	}
	palette := color.Palette(slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int { return cmp.Compare(counts[b], counts[a]) }))
	palette = palette[:min(len(palette), 256)]
	nearest := map[color.Color]uint8{}
	for c := range counts {
		nearest[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			out.SetColorIndex(x, y, nearest[full.At(x, y)])
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
