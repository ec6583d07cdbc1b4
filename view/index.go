package view

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// An index is what is remembered of the exceptions of a service for as long as they stay as they
// are: their orders, and a text in which all their names are found at once. It is safe for
// concurrent use.
type index struct {
	service string
	list    []*merge.Exception

	mu     sync.Mutex        // guards the rest, which is made when it is wanted
	orders map[order][]int32 // positions in the list; not changed once made
	names  string            // of all in turn, in lower case; not changed once made
	ends   []int             // where those of each end; as names
}

// indexes are those of the services of the last snapshot that was looked at. They are safe for
// concurrent use; nil remembers nothing.
type indexes struct {
	mu sync.Mutex                   // guards of
	of map[**merge.Exception]*index // by where the list begins: merge hands out the same while nothing changes
}

// in returns the index of each service of the snapshot, in its order, and whether all of them are those of
// the snapshot before.
func (x *indexes) in(s *merge.Snapshot) (list []*index, same bool) {
	if x == nil {
		x = &indexes{}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	next := make(map[**merge.Exception]*index, len(s.Services))
	list, same = make([]*index, len(s.Services)), true
	for i, svc := range s.Services {
		if len(svc.Exceptions) == 0 {
			list[i] = &index{service: svc.Name}
			continue
		}
		at := &svc.Exceptions[0]
		known := x.of[at]
		if known == nil || len(known.list) != len(svc.Exceptions) {
			same, known = false, &index{service: svc.Name, list: svc.Exceptions}
		}
		list[i], next[at] = known, known
	}
	same = same && len(next) == len(x.of)
	x.of = next
	return list, same
}

// in returns the positions of the exceptions in that order, which does not depend on the time.
func (x *index) in(o order, cl classifier) []int32 {
	if o == byGrowth {
		return x.sorted(o, cl)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.orders == nil {
		x.orders = map[order][]int32{}
	}
	if x.orders[o] == nil {
		x.orders[o] = x.sorted(o, cl)
	}
	return x.orders[o]
}

func (x *index) sorted(o order, cl classifier) []int32 {
	type ranked struct {
		rank int64
		at   int32
	}
	list := make([]ranked, len(x.list))
	for i, e := range x.list {
		list[i] = ranked{cl.rank(e, o), int32(i)}
	}
	// The list is sorted by key, which decides between equals.
	slices.SortFunc(list, func(a, b ranked) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.at, b.at)) })
	positions := make([]int32, len(list))
	for i := range list {
		positions[i] = list[i].at
	}
	return positions
}

// matching returns of which exceptions the names have all the words; nil for all of them. What it looks at
// is what [search.matchesName] does.
func (x *index) matching(s search) []bool {
	if len(s.words) == 0 {
		return nil
	}
	x.mu.Lock()
	if x.ends == nil {
		x.join()
	}
	x.mu.Unlock()
	var all []bool
	for i := range s.words {
		found := x.having(&s.words[i])
		for at := range all {
			found[at] = found[at] && all[at]
		}
		all = found
	}
	return all
}

// join makes the text of all names. The caller holds mu.
func (x *index) join() {
	var b strings.Builder
	x.ends = make([]int, len(x.list))
	for i, e := range x.list {
		for _, name := range []string{e.Key, e.ID, e.Class} {
			b.WriteString(strings.ToLower(name))
			b.WriteByte('\n')
		}
		for _, k := range e.Keys {
			b.WriteString(strings.ToLower(k.Label))
			b.WriteString("\n" + k.ID + "\n")
		}
		x.ends[i] = b.Len()
	}
	x.names = b.String()
}

// having returns which exceptions have the word in one of their names.
func (x *index) having(w *word) []bool {
	found := make([]bool, len(x.list))
	if w.in(x.service) {
		for i := range found {
			found[i] = true
		}
		return found
	}
	for from := 0; w.text != ""; {
		at := strings.Index(x.names[from:], w.text)
		if at < 0 {
			break
		}
		at += from
		i := sort.SearchInts(x.ends, at+1)
		if at+len(w.text) < x.ends[i] {
			found[i] = true
			from = x.ends[i]
		} else {
			from = at + 1 // the end of one and the beginning of the next
		}
	}
	return found
}

// A part is what a filter left of a service, in order.
type part struct {
	list      []*merge.Exception
	positions []int32
}

// merged goes through parts in the order, which each of them has.
func merged(parts []part, o order, cl classifier) iter.Seq[*merge.Exception] {
	type head struct {
		rank int64
		e    *merge.Exception
		part int
	}
	headOf := func(i int) head {
		e := parts[i].list[parts[i].positions[0]]
		return head{cl.rank(e, o), e, i}
	}
	before := func(a, b head) bool {
		if a.rank != b.rank {
			return a.rank < b.rank
		}
		return cmp.Or(strings.Compare(a.e.Key, b.e.Key), strings.Compare(a.e.Service, b.e.Service)) < 0
	}
	return func(yield func(*merge.Exception) bool) {
		parts := slices.Clone(parts)
		var heap []head
		down := func(at int) {
			for {
				least := at
				for child := 2*at + 1; child <= 2*at+2 && child < len(heap); child++ {
					if before(heap[child], heap[least]) {
						least = child
					}
				}
				if least == at {
					return
				}
				heap[at], heap[least] = heap[least], heap[at]
				at = least
			}
		}
		for i := range parts {
			if len(parts[i].positions) > 0 {
				heap = append(heap, headOf(i))
			}
		}
		for i := len(heap)/2 - 1; i >= 0; i-- {
			down(i)
		}
		for len(heap) > 0 {
			first := heap[0]
			if !yield(first.e) {
				return
			}
			p := &parts[first.part]
			if p.positions = p.positions[1:]; len(p.positions) > 0 {
				e := p.list[p.positions[0]]
				heap[0] = head{cl.rank(e, o), e, first.part}
			} else {
				heap[0] = heap[len(heap)-1]
				heap = heap[:len(heap)-1]
			}
			down(0)
		}
	}
}
