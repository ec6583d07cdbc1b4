package periskop_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// tiny returns that many occurrences of a few bytes, the newest of which has the UUID
// u<n-1>, in an order that is none.
func tiny(n int) periskop.RawOccurrences {
	start := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	order := rand.New(rand.NewPCG(1, 2)).Perm(n)
	var b strings.Builder
	b.WriteByte('[')
	for i, at := range order {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"uuid":"u%d","timestamp":"%s","error":{"message":"m"}}`, at, start.Add(time.Duration(at)*time.Second).Format(time.RFC3339))
	}
	b.WriteByte(']')
	return periskop.RawOccurrences(b.String())
}

func uuids(list []periskop.Occurrence) []string {
	var out []string
	for _, o := range list {
		out = append(out, o.UUID)
	}
	return out
}

// TestSelectionOfTheNewest decodes no more than what is kept, however many there are and
// in whatever order.
func TestSelectionOfTheNewest(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 11, 19, 20, 21, 1000, 20_000} {
		decoded := 0
		s := periskop.Selection{Most: 10, Stacktrace: func([]byte, int) []string { decoded++; return nil }}
		raw := periskop.RawOccurrences(strings.ReplaceAll(string(tiny(n)), `"m"`, `"m","stacktrace":["f"]`))
		got := uuids(s.Decode(raw).Occurrences)
		var want []string
		for i := max(0, n-10); i < n; i++ {
			want = append(want, fmt.Sprintf("u%d", i))
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("of %d (-got +want):\n%s", n, diff)
		}
		if decoded != len(want) {
			t.Errorf("of %d: %d stack traces were decoded, want %d", n, decoded, len(want))
		}
	}
}

func TestSelection(t *testing.T) {
	const (
		a  = `{"uuid":"a","timestamp":"2026-11-20T00:00:01Z"}`
		b  = `{"uuid":"b","timestamp":"2026-11-20T00:00:02Z"}`
		b2 = `{"uuid":"b","timestamp":"2026-11-20T00:00:04Z"}`
		c  = `{"uuid":"c","timestamp":"2026-11-20T00:00:03Z"}`
		d  = `{"uuid":"d","timestamp":"2026-11-20T00:00:03Z"}`
		n  = `{"uuid":"n"}`
	)
	for name, tc := range map[string]struct {
		lists []string
		skip  string
		want  []string // as they stand
	}{
		"the newest, as they stand":    {[]string{a, c, b}, "", []string{"c", "b"}},
		"over several lists":           {[]string{a + "," + c, b}, "", []string{"c", "b"}},
		"what has no time is oldest":   {[]string{n, a, b}, "", []string{"a", "b"}},
		"unless there are no others":   {[]string{n, a}, "", []string{"n", "a"}},
		"of one time, by UUID":         {[]string{d, b, c}, "", []string{"d", "c"}},
		"the same twice takes no room": {[]string{b, b2, b, a}, "", []string{"b", "a"}},
		"what is skipped takes none":   {[]string{a, c, b}, "c", []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			var lists []periskop.RawOccurrences
			for _, l := range tc.lists {
				lists = append(lists, periskop.RawOccurrences("["+l+"]"))
			}
			s := periskop.Selection{Most: 2, Skip: func(uuid string, _ time.Time) bool { return uuid == tc.skip }}
			if diff := cmp.Diff(uuids(s.Decode(lists...).Occurrences), tc.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// TestSelectionSeesAll: what is too old to be kept is shown to Skip nevertheless, which
// learns from it.
func TestSelectionSeesAll(t *testing.T) {
	seen := 0
	s := periskop.Selection{Most: 3, Skip: func(string, time.Time) bool { seen++; return false }}
	if got := len(s.Decode(tiny(500)).Occurrences); got != 3 || seen != 500 {
		t.Errorf("got %d occurrences and %d seen, want 3 and 500", got, seen)
	}
}

// TestSelectionMemory: what is live while a list is read does not grow with it.
func TestSelectionMemory(t *testing.T) {
	allocated := func(n int) float64 {
		raw := tiny(n)
		s := periskop.Selection{Most: 10, Size: 256 << 10}
		return testing.AllocsPerRun(3, func() { s.Decode(raw) })
	}
	// One allocation for each UUID, and one more for what is kept now and then.
	if few, many := allocated(1000), allocated(20_000); many > 25*few {
		t.Errorf("got %.0f allocations for 20,000 occurrences and %.0f for 1,000", many, few)
	}
}
