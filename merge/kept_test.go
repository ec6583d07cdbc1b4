package merge

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

type storedList []periskop.Occurrence

func (l storedList) Occurrences() []periskop.Occurrence { return l }

// TestKept adds occurrences in any order, and has a store take them over at any time: those
// that are kept are always the newest, each once, also when clients cut their times to seconds.
func TestKept(t *testing.T) {
	const limit = 5
	random := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for range 200 {
		var (
			kept, before *Kept
			all          []periskop.Occurrence
		)
		for range 30 {
			var more []periskop.Occurrence
			for range random.IntN(4) {
				n := random.IntN(40)
				more = append(more, periskop.Occurrence{UUID: fmt.Sprint(n), Timestamp: start.Add(time.Duration(n*7%40/6) * time.Second)}) // several in a second
			}
			all = mergeOccurrences(all, more, 1000)
			kept = kept.add(more, limit)
			switch random.IntN(4) {
			case 0:
				before = kept
			case 1:
				if before != nil {
					list := before.List()
					kept, before = kept.written(before, Marks(list), storedList(list)), nil
				}
			}
			want := all[:min(len(all), limit)]
			if diff := cmp.Diff(kept.List(), want); len(want) > 0 && diff != "" || kept.Len() != len(want) {
				t.Fatalf("%d kept (-got +want):\n%s", kept.Len(), diff)
			}
		}
	}
}

// TestKeptInStore holds that what the store has is not held in memory.
func TestKeptInStore(t *testing.T) {
	first := NewKept(periskop.Occurrence{UUID: "a"}, periskop.Occurrence{UUID: "b"})
	list := storedList(first.List())
	kept := first.written(first, Marks(list), list)
	if kept.Stored() == nil || len(kept.fresh) > 0 {
		t.Errorf("%d occurrences are held in memory", len(kept.fresh))
	}
	if same := kept.add([]periskop.Occurrence{{UUID: "b"}}, 10); same != kept {
		t.Error("an occurrence that is kept is taken for a new one")
	}
	more := kept.add([]periskop.Occurrence{{UUID: "c"}}, 10)
	if more.Stored() != nil || len(more.fresh) != 1 || more.Len() != 3 {
		t.Errorf("got %d in memory of %d, want 1 of 3", len(more.fresh), more.Len())
	}
}
