package view

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// TestLists asks for lists of one snapshot at once, and then of another one: what is remembered
// is of the one that is shown, and of the filter that is asked for.
func TestLists(t *testing.T) {
	snapshot := func(keys int) *merge.Snapshot {
		s := &merge.Service{Name: "shop"}
		for k := range keys {
			s.Exceptions = append(s.Exceptions, &merge.Exception{Service: "shop", Key: fmt.Sprint("k", k), Class: fmt.Sprint("C", k)})
		}
		return &merge.Snapshot{Services: []*merge.Service{s}}
	}
	var l lists
	moment := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	check := func(s *merge.Snapshot, f filter, at time.Time, want int) {
		t.Helper()
		list, left := l.exceptions(s, f, classifier{now: at}, &searchBudget{})
		if len(list) != want || left != 0 {
			t.Errorf("%+v: got %d exceptions, %d left, want %d", f, len(list), left, want)
		}
	}
	ten, three := snapshot(10), snapshot(3)
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			check(ten, filter{State: conditionAny}, moment, 10)
			check(ten, filter{State: conditionAny, Class: "C7"}, moment, 1)
			check(ten, filter{State: conditionAny, Page: 4}, moment, 10)
		})
	}
	readers.Wait()
	if n := len(l.listed); n != 2 {
		t.Errorf("%d lists are remembered, want 2: pages are of one list", n)
	}
	check(three, filter{State: conditionAny}, moment, 3)
	if n := len(l.choicesIn(three, "", classifier{now: moment}).classes); n != 3 {
		t.Errorf("there are %d classes to choose from, want 3", n)
	}
	check(ten, filter{State: conditionAny, Seen: period{}}, moment.Add(time.Hour), 10)
	for i := range maxLists + 10 {
		check(three, filter{State: conditionAny, Class: fmt.Sprint("none", i)}, moment, 0)
	}
	if n := len(l.listed); n > maxLists {
		t.Errorf("%d lists are remembered, want %d at most", n, maxLists)
	}
}
