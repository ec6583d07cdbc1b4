package view

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

func TestPeriod(t *testing.T) {
	e := &merge.Exception{FirstSeen: noon.Add(-3 * time.Hour), LastSeen: noon.Add(-30 * time.Minute)}
	unknown := &merge.Exception{}
	for query, want := range map[string]bool{
		"":                                 true,
		"within=10m":                       false,
		"within=1h":                        true,
		"within=odd":                       true,
		"from=" + at(-time.Hour):           true,
		"from=" + at(-10*time.Minute):      false,
		"to=" + at(-4*time.Hour):           false,
		"to=" + at(-2*time.Hour):           true,
		"from=yesterday&to=never":          true,
		"from=" + at(0) + "&to=" + at(0):   false,
		"within=1h&to=" + at(-4*time.Hour): false,
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		p := parsePeriod(q)
		if got := p.has(e, noon); got != want {
			t.Errorf("%s: got %t, want %t", query, got, want)
		}
		if got := p.has(unknown, noon); got && (p.Within != "" || !p.From.at.IsZero()) {
			t.Errorf("%s: what was never seen is in it", query)
		}
	}
}

func at(d time.Duration) string { return url.QueryEscape(noon.Add(d).Format("2006-01-02 15:04")) }

// TestBound reads times as pages, alerts and Grafana print them.
func TestBound(t *testing.T) {
	want := time.Date(2026, 11, 22, 7, 30, 0, 0, time.UTC)
	for _, s := range []string{
		"2026-11-22 07:30", "2026-11-22T07:30", " 2026-11-22 07:30:00 ", "2026-11-22 07:30:00 UTC", "2026-11-22T07:30:00Z", "2026-11-22T13:00:00+05:30",
	} {
		if b := parseBound(s); !b.at.Equal(want) || b.Wrong() != "" {
			t.Errorf("%q: got %s, %q", s, b.at, b.Wrong())
		}
	}
	if got := parseBound("2026-11-22").at; !got.Equal(want.Truncate(24 * time.Hour)) {
		t.Errorf("a day alone: got %s", got)
	}
	for _, s := range []string{"yesterday", "07:30", "22.11.2026"} {
		if b := parseBound(s); !b.at.IsZero() || b.Wrong() == "" {
			t.Errorf("%q: got %s without a word", s, b.at)
		}
	}
}

// TestPeriodStays turns pages: what a reader wrote is in the addresses of the others.
func TestPeriodStays(t *testing.T) {
	q := url.Values{"within": {"24h"}, "from": {"2026-11-22 07:30:15"}, "to": {"odd"}}
	f := parseFilter(q)
	if diff := cmp.Diff(f.values(), q); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	if !f.narrow() || f.set() != 3 {
		t.Errorf("narrow: %t, set: %d", f.narrow(), f.set())
	}
}
