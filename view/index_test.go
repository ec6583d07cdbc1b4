package view

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// plainly does what a filter is for, one exception after the other.
func plainly(f filter, s *merge.Snapshot, cl classifier) []string {
	var list []*merge.Exception
	words := strings.Fields(strings.ToLower(f.Query))
	for _, svc := range s.Services {
		for _, e := range svc.Exceptions {
			text := []string{e.Key, e.ID, e.Class, e.Service}
			for _, k := range e.Keys {
				text = append(text, k.Label, k.ID)
			}
			for _, o := range e.Occurrences() {
				text = append(text, o.Error.Message)
			}
			all := (f.Service == "" || f.Service == svc.Name) && cl.is(f.State, svc, e)
			for _, w := range words {
				all = all && slices.ContainsFunc(text, func(t string) bool { return strings.Contains(strings.ToLower(t), w) })
			}
			if all {
				list = append(list, e)
			}
		}
	}
	slices.SortFunc(list, func(a, b *merge.Exception) int {
		return cmp.Or(cmp.Compare(cl.rank(a, f.Sort), cl.rank(b, f.Sort)), strings.Compare(a.Key, b.Key), strings.Compare(a.Service, b.Service))
	})
	var names []string
	for _, e := range list {
		names = append(names, e.Service+"/"+e.Key)
	}
	return names
}

// TestIndexes filters random exceptions, some of which change from one look to the next, and finds
// what looking at each of them finds.
func TestIndexes(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	pieces := []string{"card", "Cart", "über", "ÜBER", "a\nb", "id", "\x00", "e@1", "shop", "-"}
	text := func() string {
		return pieces[random.IntN(len(pieces))] + pieces[random.IntN(len(pieces))] + fmt.Sprint(random.IntN(30))
	}
	exception := func(service string) *merge.Exception {
		at := start.Add(time.Duration(random.IntN(5)) * time.Hour)
		e := &merge.Exception{Service: service, Key: text(), ID: fmt.Sprintf("%016x", random.Uint64()), Class: text(), FirstSeen: at, LastSeen: at.Add(time.Hour)}
		e.Counts = []merge.Count{{Counted: uint64(random.IntN(3))}}
		if random.IntN(3) == 0 {
			e.Resolved = &merge.Resolution{}
		}
		if random.IntN(3) == 0 {
			e.Keys = []merge.Key{{Label: text(), ID: "00ff"}}
		}
		e.Kept = merge.NewKept(periskop.Occurrence{UUID: "u", Error: periskop.Exception{Message: text()}})
		return e
	}
	snapshot := &merge.Snapshot{}
	var l lists
	for step := range 300 {
		next := &merge.Snapshot{}
		for i := range 4 {
			name := []string{"shop", "cart", "Über", "empty"}[i]
			if len(snapshot.Services) > i && random.IntN(2) == 0 { // as it was
				next.Services = append(next.Services, &merge.Service{Name: name, WatchedSince: start, Exceptions: snapshot.Services[i].Exceptions})
				continue
			}
			svc := &merge.Service{Name: name, WatchedSince: start}
			for range random.IntN(30) * min(3-i, 1) {
				if e := exception(name); !slices.ContainsFunc(svc.Exceptions, func(o *merge.Exception) bool { return o.Key == e.Key }) {
					svc.Exceptions = append(svc.Exceptions, e)
				}
			}
			slices.SortFunc(svc.Exceptions, func(a, b *merge.Exception) int { return strings.Compare(a.Key, b.Key) })
			next.Services = append(next.Services, svc)
		}
		snapshot = next
		f := filter{
			State: conditions[random.IntN(len(conditions))].Condition, Sort: orders[random.IntN(len(orders))].Order,
			Query: []string{"", "", "car", "ÜBER", "über shop", "b", "d1 a", "00ff", "nothing"}[random.IntN(9)], Deep: true,
		}
		if random.IntN(3) == 0 {
			f.Service = "shop"
		}
		cl := classifier{now: start.Add(time.Duration(step) * 10 * time.Minute)}
		for range 2 { // the second time it is remembered
			list, left := l.exceptions(snapshot, f, cl, &searchBudget{})
			var got []string
			for _, e := range list {
				got = append(got, e.Service+"/"+e.Key)
			}
			if want := plainly(f, snapshot, cl); !slices.Equal(got, want) || left != 0 {
				t.Fatalf("%+v: got %q and %d left, want %q", f, got, left, want)
			}
		}
	}
}
