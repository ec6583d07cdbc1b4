package merge_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A testQueue keeps what it is given, as one on disk does: what is done again is there once.
type testQueue struct {
	uuids       []string
	last        uint64
	resume      uint64
	puts, syncs int
}

func (b *testQueue) Resume(last uint64) {
	b.last = min(b.last, last)
	b.resume = b.last
}

func (b *testQueue) Put(items []merge.ExportItem, _ int) {
	for _, it := range items {
		if it.Seq != 0 && it.Seq <= b.resume {
			continue
		}
		b.uuids = append(b.uuids, it.UUID)
		b.last = it.Seq
	}
	b.puts++
}

func (b *testQueue) Sync() { b.syncs++ }

func exporting(o *merge.Settings) { o.Export = true }

func numbered(from, to int) []periskop.Occurrence {
	var list []periskop.Occurrence
	for i := from; i <= to; i++ {
		list = append(list, periskop.Occurrence{UUID: fmt.Sprintf("u%02d", i), Timestamp: at(i), Error: periskop.Exception{Class: "E"}})
	}
	return list
}

// listing is an aggregate of that total whose occurrences are the newest ten.
func listing(total int) []periskop.Aggregate {
	return []periskop.Aggregate{aggregate("k", uint64(total), at(-600), numbered(max(1, total-9), total)...)}
}

func uuids(from, to int) []string {
	var list []string
	for i := from; i <= to; i++ {
		list = append(list, fmt.Sprintf("u%02d", i))
	}
	return list
}

// TestExportQueueHasWhatIsCounted is about which occurrences are sent: what was counted, each once, and no history.
func TestExportQueueHasWhatIsCounted(t *testing.T) {
	b := &testQueue{}
	s := openState(merge.Options{Settings: settings(exporting), ExportQueue: b})
	look := func(name string, want []string) {
		t.Helper()
		if diff := cmp.Diff(b.uuids, want); diff != "" {
			t.Errorf("%s: got -, want +\n%s", name, diff)
		}
	}
	s.now = at(20)
	fold(s, answer{uuid: "A", at: at(20), reports: listing(12)})
	look("history", nil)
	fold(s, answer{uuid: "A", at: at(21), reports: listing(14)})
	look("what rose", uuids(13, 14))
	fold(s, answer{uuid: "A", at: at(22), reports: listing(14)})
	look("the same again", uuids(13, 14))
	s.now = at(60)
	fold(s, answer{uuid: "A", at: at(60), reports: listing(40)})
	look("more than are listed", append(uuids(13, 14), uuids(31, 40)...))
	// The exception is known to have ten; another process tells of one that is new, and of nine that are not.
	fold(s, answer{target: "b:80", uuid: "B", at: at(61), reports: []periskop.Aggregate{aggregate("k", 1, at(60), numbered(41, 41)...)}})
	look("another process", append(uuids(13, 14), uuids(31, 41)...))
}

func TestExportQueueIsLeftAlone(t *testing.T) {
	b := &testQueue{}
	s := openState(merge.Options{Settings: settings(), ExportQueue: b, Store: newMemory()})
	s.now = at(20)
	fold(s, answer{uuid: "A", at: at(20), reports: listing(12)}, answer{uuid: "A", at: at(21), reports: listing(14)})
	s.Flush()
	if b.puts != 0 {
		t.Errorf("put %d times into the queue, though nothing is to be exported", b.puts)
	}
}

// TestExportQueueOverEnds ends the program after each step of what is written, and goes on from there.
func TestExportQueueOverEnds(t *testing.T) {
	t.Run("between the journal and the queue", func(t *testing.T) {
		store := newMemory()
		first := &forgetful{testQueue{}}
		s := openState(merge.Options{Settings: settings(exporting), ExportQueue: first, Store: store})
		s.now = at(20)
		fold(s, answer{uuid: "A", at: at(20), reports: listing(12)}, answer{uuid: "A", at: at(21), reports: listing(14)})
		second := &testQueue{}
		s = openStateAt(at(22), merge.Options{Settings: settings(exporting), ExportQueue: second, Store: store, Saved: &merge.Saved{Records: *store.records(), Events: store.events}})
		s.Flush()
		if diff := cmp.Diff(second.uuids, uuids(13, 14)); diff != "" {
			t.Errorf("what the queue had not got: got -, want +\n%s", diff)
		}
	})
	for _, commit := range []bool{false, true} {
		t.Run(fmt.Sprintf("after the queue, committed: %t", commit), func(t *testing.T) {
			store, b := newMemory(), &testQueue{}
			total := 12
			for range 4 {
				s := openStateAt(at(total+8), merge.Options{Settings: settings(exporting), ExportQueue: b, Store: store, Saved: &merge.Saved{Records: *store.records(), Events: store.events}})
				fold(s, answer{uuid: "A", at: at(total + 8), reports: listing(total)})
				total += 2
				s.now = at(total + 8)
				fold(s, answer{uuid: "A", at: at(total + 8), reports: listing(total)})
				if commit {
					s.Flush()
				}
			}
			openStateAt(at(total+9), merge.Options{Settings: settings(exporting), ExportQueue: b, Store: store, Saved: &merge.Saved{Records: *store.records(), Events: store.events}}).Flush()
			if diff := cmp.Diff(b.uuids, uuids(13, total)); diff != "" {
				t.Errorf("got -, want +\n%s", diff)
			}
			if b.syncs == 0 {
				t.Error("the queue was never synced")
			}
		})
	}
}

// A forgetful queue loses what it is given, as one whose program ends before it writes.
type forgetful struct{ testQueue }

func (*forgetful) Put([]merge.ExportItem, int) {}

// TestExportQueueOfAFailingStore counts on while the disk is full, and puts each occurrence once.
func TestExportQueueOfAFailingStore(t *testing.T) {
	store, b := newMemory(), &testQueue{}
	s := openStateAt(at(20), merge.Options{Settings: settings(exporting), ExportQueue: b, Store: store})
	fold(s, answer{uuid: "A", at: at(20), reports: listing(12)})
	store.err = errors.New("the disk is full")
	for total := 13; total <= 20; total++ {
		s.now = at(total + 8)
		fold(s, answer{uuid: "A", at: at(total + 8), reports: listing(total)})
	}
	store.err = nil
	s.now = at(30)
	s.Flush()
	if diff := cmp.Diff(b.uuids, uuids(13, 20)); diff != "" {
		t.Errorf("got -, want +\n%s", diff)
	}
}

// TestExportQueueOfRelayedProcesses has an exporter tell of two processes, whose occurrences come with one of them.
func TestExportQueueOfRelayedProcesses(t *testing.T) {
	b := &testQueue{}
	s := openStateAt(at(1), merge.Options{Settings: settings(exporting), ExportQueue: b})
	relay := func(minute, one, two int) {
		s.now = at(minute)
		sc := answer{at: at(minute), uuid: "exporter", reports: listing(one + two)}.scrape()
		id := uint64(7)
		sc.Report.Aggregates[0].ID = id
		process := func(uuid string, total int) periskop.Process {
			return periskop.Process{UUID: uuid, Instance: uuid, Totals: []periskop.ProcessTotal{{ID: id, CreatedAt: at(-600), Severity: "error", Total: uint64(total), History: 2}}}
		}
		sc.Report.Processes = []periskop.Process{process("p", one), process("q", two)}
		s.Fold(sc)
	}
	relay(10, 2, 2)
	relay(11, 3, 4)
	if diff := cmp.Diff(b.uuids, uuids(5, 7)); diff != "" {
		t.Errorf("got -, want +\n%s", diff)
	}
}
