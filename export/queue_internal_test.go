package export

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A desk has a queue in a directory, which can be opened again as after the end of the program.
type desk struct {
	*queue
	t       *testing.T
	dir     string
	size    int64
	now     time.Time
	dropped int
	seq     uint64
}

func newDesk(t *testing.T, size int64) *desk {
	d := &desk{t: t, dir: filepath.Join(t.TempDir(), "export"), size: size, now: noon}
	d.open()
	return d
}

func (d *desk) open() {
	d.t.Helper()
	q, err := openQueue(d.dir, d.size, func() time.Time { return d.now }, slog.New(slog.DiscardHandler), func(n int) { d.dropped += n })
	if err != nil {
		d.t.Fatal(err)
	}
	d.queue = q
}

// item is one whose stack trace no compression makes small.
func item(seq uint64, uuid string) merge.ExportItem {
	o := periskop.Occurrence{UUID: uuid, Timestamp: noon, Severity: "error", Instance: "a:80", Error: periskop.Exception{Class: "E", Message: uuid}}
	o.Error.Stacktrace = []string{strings.Repeat(fmt.Sprintf("%x", uuid), 3)}
	return merge.ExportItem{Seq: seq, Service: "shop", ID: 7, Key: "E@1", Occurrence: o}
}

// put puts so many items, each of an event of its own.
func (d *desk) add(names ...string) {
	for _, name := range names {
		d.seq++
		d.put([]merge.ExportItem{item(d.seq, name)}, 0)
	}
}

// take takes the next ones, and returns their UUIDs.
func (d *desk) take(most int) []string {
	batch := d.next(most, maxBatchSize)
	if len(batch) == 0 {
		return nil
	}
	d.ack(&batch[len(batch)-1])
	return uuidsOf(batch)
}

func uuidsOf(batch []entry) []string {
	var list []string
	for i := range batch {
		list = append(list, batch[i].UUID)
	}
	return list
}

func (d *desk) want(name string, got []string, want ...string) {
	d.t.Helper()
	if diff := cmp.Diff(got, want); diff != "" {
		d.t.Errorf("%s: got -, want +\n%s", name, diff)
	}
}

func TestQueueKeepsOrderOverEnds(t *testing.T) {
	d := newDesk(t, 1<<20)
	d.put([]merge.ExportItem{item(1, "a"), item(1, "b"), item(1, "c")}, 0)
	d.put([]merge.ExportItem{item(2, "d")}, 0)
	d.want("the first two", d.take(2), "a", "b")
	d.open()
	if records, _, _, _ := d.status(); records != 2 {
		t.Errorf("%d wait, want 2", records)
	}
	batch := d.next(10, maxBatchSize)
	d.want("the rest", uuidsOf(batch), "c", "d")
	d.open()
	d.want("what was not taken comes again", d.take(10), "c", "d")
	d.want("nothing is left", d.take(10))
	d.open()
	d.want("nothing is left after an end", d.take(10))
	d.put([]merge.ExportItem{item(3, "e")}, 0)
	got := d.next(10, maxBatchSize)
	want := item(3, "e").Occurrence
	if len(got) != 1 || !cmp.Equal(got[0].Occurrence, want) || got[0].Service != "shop" || got[0].ID != 7 || got[0].Key != "E@1" || !got[0].at.Equal(noon) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestQueueKnowsWhatIsDoneAgain is about the events that are done again after a start.
func TestQueueKnowsWhatIsDoneAgain(t *testing.T) {
	d := newDesk(t, 1<<20)
	d.resumeAfter(0)
	d.put([]merge.ExportItem{item(1, "a"), item(2, "b")}, 0)
	d.want("a and b", d.take(10), "a", "b")
	d.open()
	d.resumeAfter(4)
	d.put([]merge.ExportItem{item(1, "a"), item(2, "b"), item(3, "c"), item(4, "d")}, 0)
	d.want("what was not there", d.take(10), "c", "d")

	t.Run("the journal is behind", func(*testing.T) { // it was not synced when the machine ended
		d.open()
		d.resumeAfter(2)
		d.put([]merge.ExportItem{item(3, "e")}, 0)
		d.want("a new event of an old number", d.take(10), "e")
		d.open()
		d.resumeAfter(3)
		d.put([]merge.ExportItem{item(3, "e")}, 0)
		d.want("done again", d.take(10))
	})
}

// TestQueueKnowsWhatIsDoneAgainInAFreshSegment has the segment gone of which the number was.
func TestQueueKnowsWhatIsDoneAgainInAFreshSegment(t *testing.T) {
	d := newDesk(t, 1<<20)
	var names []string
	for i := range 600 {
		names = append(names, fmt.Sprintf("%032x-%d", i*7919, i))
	}
	var many []merge.ExportItem
	for _, name := range names {
		it := item(9, name)
		it.Error.Stacktrace = []string{noise(t, 2000)}
		many = append(many, it)
	}
	d.put(many, 0)
	for d.take(500) != nil {
		continue
	}
	d.put([]merge.ExportItem{item(10, "x")}, 0) // in a segment of its own, as all before was taken
	if n := len(d.segments); n > 2 {
		t.Fatalf("%d segments", n)
	}
	d.want("x", d.take(10), "x")
	d.open()
	if len(d.segments) != 1 {
		t.Fatalf("%d segments, want 1", len(d.segments))
	}
	d.resumeAfter(10)
	d.put([]merge.ExportItem{item(9, "again"), item(10, "x"), item(11, "y")}, 0)
	d.want("what was not there", d.take(10), "y")
}

// noise is text of that length that does not compress.
func noise(t *testing.T, size int) string {
	t.Helper()
	b := make([]byte, size/2)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", b)
}

// TestQueueDropsTheOldest fills it beyond its size.
func TestQueueDropsTheOldest(t *testing.T) {
	d := newDesk(t, 1<<20)
	const all = 2000
	for i := range all {
		it := item(uint64(i+1), fmt.Sprint(i))
		it.Error.Stacktrace = []string{noise(t, 2000)}
		d.put([]merge.ExportItem{it}, 0)
	}
	records, bytes, _, _ := d.status()
	switch {
	case records+d.dropped != all:
		t.Errorf("%d wait and %d were dropped, of %d", records, d.dropped, all)
	case bytes > 1<<20 || bytes < 1<<19:
		t.Errorf("the queue has %d bytes", bytes)
	case d.dropped < all/4:
		t.Errorf("only %d were dropped", d.dropped)
	}
	if files, err := filepath.Glob(filepath.Join(d.dir, "*"+segmentSuffix)); err != nil || len(files) != len(d.segments) {
		t.Errorf("%d files for %d segments: %v", len(files), len(d.segments), err)
	}
	var got []string
	for {
		taken := d.take(100)
		if taken == nil {
			break
		}
		got = append(got, taken...)
	}
	for i, uuid := range got {
		if want := fmt.Sprint(all - len(got) + i); uuid != want {
			t.Fatalf("the %dth is %s, want %s", i, uuid, want)
		}
	}
	if len(got) != records {
		t.Errorf("%d came out, want %d", len(got), records)
	}
}

// TestQueueCountsOnce drops what is under way, which is then taken: it is counted as dropped.
func TestQueueCountsOnce(t *testing.T) {
	d := newDesk(t, 1<<20)
	d.add("a", "b")
	batch := d.next(2, maxBatchSize)
	for d.dropped == 0 {
		it := item(99, "filler")
		it.Error.Stacktrace = []string{noise(t, 50_000)}
		d.put([]merge.ExportItem{it}, 0)
	}
	records, _, _, _ := d.status()
	if n := d.ack(&batch[1]); n != 0 {
		t.Errorf("%d were taken, which were dropped before", n)
	}
	if after, _, _, _ := d.status(); after != records {
		t.Errorf("%d wait, %d before", after, records)
	}
}

// TestQueueCutOff cuts the file off at many places, as an end of the machine may.
func TestQueueCutOff(t *testing.T) {
	d := newDesk(t, 1<<20)
	d.add("a", "b", "c")
	path := d.segments[0].path
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a", "b", "c"}
	for n := len(whole); n >= 0; n -= 3 {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		d.open()
		batch := d.next(10, maxBatchSize)
		got := uuidsOf(batch)
		if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
			t.Fatalf("cut off at %d: %v", n, got)
		}
		want = want[:len(got)]
		d.put([]merge.ExportItem{item(4, "d")}, 0)
		d.want(fmt.Sprintf("after it was cut off at %d", n), uuidsOf(d.next(10, maxBatchSize)), append(slices.Clone(got), "d")...)
	}
}

// TestQueueDamaged flips bytes of the file while it is in use, and before it is opened.
func TestQueueDamaged(t *testing.T) {
	d := newDesk(t, 1<<20)
	d.add("a", "b")
	path := d.segments[0].path
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, open := range []bool{true, false} {
		for i := 0; i < len(whole); i += 5 {
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(filepath.Join(d.dir, cursorName))
			d.dropped = 0
			d.open()
			flipped := slices.Clone(whole)
			flipped[i] ^= 4
			if err := os.WriteFile(path, flipped, 0o600); err != nil {
				t.Fatal(err)
			}
			if open {
				d.open()
			}
			d.add("c")
			var got []string
			for range 5 {
				got = append(got, d.take(10)...)
			}
			good := []string{"a", "b"}
			for len(good) > 0 && !slices.Equal(got, append(slices.Clone(good), "c")) && !slices.Equal(got, good) {
				good = good[:len(good)-1]
			}
			if len(good) == 0 && len(got) > 0 && !slices.Equal(got, []string{"c"}) {
				t.Fatalf("byte %d, opened %t: got %v", i, open, got)
			}
			if records, _, _, _ := d.status(); records != 0 || !open && len(got)+d.dropped != 3 {
				t.Fatalf("byte %d, opened %t: %d came out, %d were dropped, %d wait", i, open, len(got), d.dropped, records)
			}
		}
	}
}

// TestQueueInMemory has a place where no file can be made, which mends itself.
func TestQueueInMemory(t *testing.T) {
	d := newDesk(t, 1<<20)
	d.dir = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(d.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d.open()
	d.add("a", "b")
	if _, _, _, err := d.status(); err == nil {
		t.Error("it does not say that it cannot be written")
	}
	d.want("from memory", d.take(1), "a")
	if err := os.Remove(d.dir); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(time.Minute)
	d.add("c")
	if _, _, _, err := d.status(); err != nil {
		t.Error(err)
	}
	d.sync()
	d.open()
	d.want("from the disk", d.take(10), "a", "b", "c") // that a was taken could not be noted

	t.Run("is bounded", func(t *testing.T) {
		d := newDesk(t, 1<<40)
		d.dir = ""
		d.open()
		for i := range 350 {
			it := item(uint64(i+1), fmt.Sprint(i))
			it.Error.Stacktrace = []string{noise(t, 100_000)}
			d.put([]merge.ExportItem{it}, 0)
		}
		if _, bytes, _, _ := d.status(); bytes > maxMemory+maxSegment || d.dropped == 0 {
			t.Errorf("%d bytes in memory, %d dropped", bytes, d.dropped)
		}
	})
}
