package view

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNumbers(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", math.MaxUint64: "18,446,744,073,709,551,615",
	} {
		if got := number(n); got != want {
			t.Errorf("number(%d): got %q, want %q", n, got, want)
		}
	}
	for n, want := range map[uint64]string{
		0: "0", 9_999_999: "9,999,999", 10_000_000: "10.0M", 123_456_789: "123M", 5_000_000_000: "5.0B", 1 << 53: "9,007T",
	} {
		if got := short(n); got != want {
			t.Errorf("short(%d): got %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{1: "1 key", 0: "0 keys", 2000: "2,000 keys"} {
		if got := plural(n, "key"); got != want {
			t.Errorf("plural(%d): got %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 18_230: "18 kB", 999_499: "999 kB", 1 << 20: "1.0 MB", 10_737_418_240: "11 GB"} {
		if got := byteSize(n); got != want {
			t.Errorf("byteSize(%d): got %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "<1 ms", 23 * time.Millisecond: "23 ms", 1500 * time.Millisecond: "1.5 s", 10 * time.Second: "10 s", 3 * time.Minute: "3m0s",
	} {
		if got := took(d); got != want {
			t.Errorf("took(%s): got %q, want %q", d, got, want)
		}
	}
}

func TestRelative(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0:                               "just now",
		-999 * time.Millisecond:         "just now",
		-time.Second:                    "1 second ago",
		-59 * time.Second:               "59 seconds ago",
		-5*time.Minute - 30*time.Second: "5 minutes ago",
		-time.Hour:                      "1 hour ago",
		-47 * time.Hour:                 "47 hours ago",
		-2 * day:                        "2 days ago",
		-59 * day:                       "59 days ago",
		-60 * day:                       "2 months ago",
		-729 * day:                      "24 months ago",
		-730 * day:                      "2 years ago",
		18 * time.Second:                "in 18 seconds",
		time.Duration(math.MinInt64):    "292 years ago",
	} {
		if got := relative(d); got != want {
			t.Errorf("relative(%s): got %q, want %q", d, got, want)
		}
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	berlin := time.FixedZone("CET", 3600)
	got := newMoment(now, time.Date(2026, 11, 22, 12, 55, 3, 456e6, berlin))
	want := moment{
		Machine: "2026-11-22T11:55:03.456Z", Absolute: "2026-11-22 11:55:03 UTC",
		Precise: "2026-11-22 11:55:03.456 UTC", Relative: "4 minutes ago",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	if got := newMoment(now, time.Time{}); got != (moment{}) {
		t.Errorf("unknown time: got %+v", got)
	}
}

func TestPager(t *testing.T) {
	link := func(n int) string { return number(n) }
	tests := []struct {
		name         string
		total, asked int
		want         pager
		from, to     int
	}{
		{"nothing", 0, 1, pager{From: "0", To: "0", Of: "0", Page: "1", Pages: "1"}, 0, 0},
		{"one page", 50, 1, pager{From: "1", To: "50", Of: "50", Page: "1", Pages: "1"}, 0, 50},
		{"first of two", 51, 1, pager{From: "1", To: "50", Of: "51", Page: "1", Pages: "2", Next: "2", Last: "2", Several: true}, 0, 50},
		{"last of two", 51, 2, pager{From: "51", To: "51", Of: "51", Page: "2", Pages: "2", First: "1", Previous: "1", Several: true}, 50, 51},
		{"between", 500, 4, pager{From: "151", To: "200", Of: "500", Page: "4", Pages: "10", First: "1", Previous: "3", Next: "5", Last: "10", Several: true}, 150, 200},
		{"past the end", 60, 999, pager{From: "51", To: "60", Of: "60", Page: "2", Pages: "2", First: "1", Previous: "1", Several: true}, 50, 60},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, from, to := newPager(tt.total, 50, tt.asked, link)
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
			if from != tt.from || to != tt.to {
				t.Errorf("bounds: got %d:%d, want %d:%d", from, to, tt.from, tt.to)
			}
		})
	}
}
