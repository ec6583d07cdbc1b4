package view_test

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestContrast holds the colours of both schemes against WCAG 2.2, success criterion
// 1.4.3 for text and 1.4.11 for the edges of fields.
func TestContrast(t *testing.T) {
	const text, edges = 4.5, 3.0
	b, err := os.ReadFile("static/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(b), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark scheme")
	}
	for scheme, css := range map[string]string{"light": light, "dark": dark} {
		colours := colourVariables(t, css)
		check := func(least float64, front string, grounds ...string) {
			for _, ground := range grounds {
				if got := contrast(colours[front], colours[ground]); got < least {
					t.Errorf("%s: %s on %s has a contrast of %.2f, less than %.1f", scheme, front, ground, got, least)
				}
			}
		}
		for _, front := range []string{"text", "soft", "link", "bad", "warn", "good"} {
			check(text, front, "ground", "panel", "sunk")
		}
		for _, tone := range []string{"bad", "warn", "info", "good", "mark"} {
			check(text, tone, tone+"-tint")
			check(text, "text", tone+"-tint")
		}
		check(text, "soft", "bad-tint", "warn-tint", "info-tint")
		check(text, "mark", "panel", "ground", "sunk")
		check(edges, "edge", "panel", "ground")
		check(edges, "link", "panel", "ground")
	}
}

var variablePattern = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`)

// colourVariables returns the colours that the first rule of the style sheet defines.
func colourVariables(t *testing.T, css string) map[string]uint32 {
	t.Helper()
	colours := map[string]uint32{}
	for _, m := range variablePattern.FindAllStringSubmatch(css, -1) {
		n, err := strconv.ParseUint(m[2], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		colours[m[1]] = uint32(n)
	}
	if len(colours) < 15 {
		t.Fatalf("only %d colours found", len(colours))
	}
	return colours
}

// contrast is the contrast ratio of two colours as WCAG defines it.
func contrast(a, b uint32) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(colour uint32) float64 {
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(colour>>(16-8*i)&0xff) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestLuminance(t *testing.T) {
	if got := fmt.Sprintf("%.1f", contrast(0xffffff, 0)); got != "21.0" {
		t.Errorf("white on black: got %s, want 21.0", got)
	}
}
