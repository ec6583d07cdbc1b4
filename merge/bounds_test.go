package merge_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// reported decodes an aggregate of key k with these occurrences, as a target sends it.
func reported(t *testing.T, total int, occurrences string) []periskop.Aggregate {
	t.Helper()
	r, err := periskop.Decode(fmt.Appendf(nil, `{"aggregated_errors":[{"aggregation_key":"k","total_count":%d,"created_at":%q,"latest_errors":[%s]}]}`,
		total, at(1).Format(time.RFC3339), occurrences))
	if err != nil {
		t.Fatal(err)
	}
	return r.Aggregates
}

// TestManyOccurrences: of 100,000 occurrences of one key, in any order, those ten are
// decoded and redacted that are kept.
func TestManyOccurrences(t *testing.T) {
	const n = 100_000
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,{"uuid":"u%d","timestamp":%q,"error":{"message":"m","stacktrace":["f"]}}`, i, at(2).Add(time.Duration(i*7919%n)*time.Microsecond).Format(time.RFC3339Nano))
	}
	var redacted atomic.Int32
	s := newState(settings(func(s *merge.Settings) { s.Redact = func(*periskop.Occurrence) { redacted.Add(1) } }))
	fold(s, answer{uuid: "A", at: at(0)}, answer{uuid: "A", at: at(3), reports: reported(t, n, b.String()[1:])})
	e := s.Snapshot().Find(merge.ExceptionID("shop", "k"))
	if e == nil || e.Counted() != n || e.Kept.Len() != 10 {
		t.Fatalf("got %+v, want %d counted and 10 occurrences", e, n)
	}
	if want := at(2).Add((n - 1) * time.Microsecond); !e.Occurrences()[0].Timestamp.Equal(want) || !e.LastSeen.Equal(want) {
		t.Errorf("got %s for the newest, last seen %s, want %s", e.Occurrences()[0].Timestamp, e.LastSeen, want)
	}
	if got := redacted.Load(); got != 11 { // and their stack trace once
		t.Errorf("%d texts were redacted, want 11", got)
	}
}

// TestLargeOccurrences keeps of ten occurrences of 5 MB what limits.occurrence_size allows,
// and of the last ten of another ten no more.
func TestLargeOccurrences(t *testing.T) {
	large := func(first int) string {
		var list []string
		for i := first; i < first+10; i++ {
			list = append(list, fmt.Sprintf(`{"uuid":"u%d","timestamp":%q,"error":{"message":"%s%d","stacktrace":["%s%d"]}}`,
				i, at(2).Add(time.Duration(i)*time.Second).Format(time.RFC3339), strings.Repeat("m", 3<<20), i, strings.Repeat("f", 2<<20), i))
		}
		return strings.Join(list, ",")
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	s := newState(settings())
	fold(s, answer{uuid: "A", at: at(0)})
	before := heap()
	for i := range 3 {
		fold(s, answer{uuid: "A", at: at(3 + i), reports: reported(t, 10*(i+1), large(10*i))})
	}
	list := s.Snapshot().Find(merge.ExceptionID("shop", "k")).Occurrences()
	for i := range list {
		if n := list[i].Size(); n > 256<<10 || n < 200<<10 {
			t.Errorf("got an occurrence of %d bytes, want up to 256 kB", n)
		}
	}
	if len(list) != 10 || !strings.HasSuffix(list[0].Error.Message, "[cut by periskop_exporter]") {
		t.Errorf("got %d occurrences, the newest %.20q…", len(list), list[0].Error.Message)
	}
	// Ten are kept, and the stack traces of thirty are remembered.
	if now := heap(); now > before+(10<<20) {
		t.Errorf("%d bytes are held", now-before)
	}
	runtime.KeepAlive(s)
}

// TestRedactionThatLengthens: what is kept is bounded after secrets are replaced, too.
func TestRedactionThatLengthens(t *testing.T) {
	s := newState(settings(func(s *merge.Settings) {
		s.OccurrenceSize = 10_000
		s.Redact = func(o *periskop.Occurrence) {
			o.Error.Message = strings.ReplaceAll(o.Error.Message, "p", "<redacted>")
		}
	}))
	fold(s, answer{uuid: "A", at: at(0)},
		answer{uuid: "A", at: at(3), reports: reported(t, 1, `{"uuid":"u","error":{"message":"`+strings.Repeat("p ", 4000)+`"}}`)})
	o := s.Snapshot().Find(merge.ExceptionID("shop", "k")).Occurrences()[0]
	if n := o.Size(); n > 10_000 || strings.Contains(o.Error.Message, "p ") {
		t.Errorf("got %d bytes: %.40q", n, o.Error.Message)
	}
}

// TestFirstSeenOfAllListed: without created_at an exception is as old as the oldest
// occurrence that is listed, whether that is kept or not.
func TestFirstSeenOfAllListed(t *testing.T) {
	var list []periskop.Occurrence
	for i := range 30 {
		list = append(list, periskop.Occurrence{UUID: fmt.Sprint("u", i), Timestamp: at(10 + i)})
	}
	s := newState(settings())
	fold(s, answer{uuid: "A", at: at(50), reports: []periskop.Aggregate{aggregate("k", 30, time.Time{}, list...)}})
	e := s.Snapshot().Find(merge.ExceptionID("shop", "k"))
	if !e.FirstSeen.Equal(at(10)) || e.Kept.Len() != 10 {
		t.Errorf("got first seen %s and %d occurrences, want %s and 10", e.FirstSeen, e.Kept.Len(), at(10))
	}
}
