package merge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// An Outbox takes the occurrences that are to be sent to where more of them are kept than
// here. Its methods are called by one goroutine at a time, and none waits for whoever is sent
// them.
type Outbox interface {
	// Resume is called once, before anything else. Events up to last may be done again, and
	// what they put is in the outbox already if it was put before.
	Resume(last uint64)
	// Put adds items, in the order in which they are to leave. When it returns, they survive
	// the end of the program, but not yet that of the machine. What it has no room for it
	// counts; lost is how many were given up before they came here.
	Put(items []Outgoing, lost int)
	// Sync makes what was put survive a crash of the machine.
	Sync()
}

// An Outgoing is an occurrence that was counted, as it is kept: in our time and without
// secrets. It is not changed any more.
type Outgoing struct {
	// Seq is that of the event which told of it. Those of one event are put together.
	Seq     uint64
	Service string
	ID      uint64 // an ExceptionID
	Key     string // the aggregation key
	periskop.Occurrence
}

// offers are what a report told that was not known, by exception.
type offers map[*exception]*offer

type offer struct {
	occurrences []periskop.Occurrence
	// counted is how many were counted.
	counted uint64
}

// offer notes which occurrences the exception keeps that it did not keep before.
func (f *folding) offer(x *exception, before *Kept, counted uint64) {
	if !f.settings.Export {
		return
	}
	fresh := x.kept.since(before)
	if len(fresh) == 0 && counted == 0 {
		return
	}
	r := f.report
	if r.offers == nil {
		r.offers = offers{}
	}
	o := r.offers[x]
	if o == nil {
		o = &offer{}
		r.offers[x] = o
	}
	o.occurrences = append(o.occurrences, fresh...)
	o.counted = saturatingAdd(o.counted, counted)
}

// since returns the occurrences that were not kept before.
func (k *Kept) since(before *Kept) []periskop.Occurrence {
	if k == nil || k == before {
		return nil
	}
	var fresh []periskop.Occurrence
	for i := range k.fresh {
		if !before.has(markOf(&k.fresh[i]).Hash) {
			fresh = append(fresh, k.fresh[i])
		}
	}
	return fresh
}

// outgoing returns what of the offers is to be sent: of each exception at most as many as
// were counted, the newest. The rest is history.
func (all offers) outgoing(seq uint64) []Outgoing {
	var out []Outgoing
	for x, o := range all {
		newest := mergeOccurrences(nil, o.occurrences, int(min(o.counted, uint64(len(o.occurrences)))))
		for i := range newest {
			out = append(out, Outgoing{Seq: seq, Service: x.service.name, ID: uint64(x.id), Key: x.key, Occurrence: newest[i]})
		}
	}
	slices.SortFunc(out, func(a, b Outgoing) int {
		return cmp.Or(a.Timestamp.Compare(b.Timestamp), cmp.Compare(a.ID, b.ID), strings.Compare(a.UUID, b.UUID))
	})
	return out
}

// waitingOutgoing are the occurrences that wait to be put into the outbox.
type waitingOutgoing struct {
	items []Outgoing
	size  int
	lost  int
}

// maxOutgoing is how many bytes of occurrences wait for a disk that does not answer, beside
// those of the last report.
const maxOutgoing = 64 << 20

func (w *waitingOutgoing) add(items []Outgoing) {
	drop := 0
	for drop < len(w.items) && w.size > maxOutgoing {
		w.size -= w.items[drop].Size()
		drop++
	}
	if drop > 0 {
		w.items = slices.Clone(w.items[drop:])
		w.lost += drop
	}
	for i := range items {
		w.size += items[i].Size()
	}
	w.items = append(w.items, items...)
}

// send lets what was offered wait for the outbox. The caller holds mu.
func (s *State) send(all offers, seq uint64) {
	if s.outbox != nil && len(all) > 0 {
		s.outgoing.add(all.outgoing(seq))
	}
}

// resumeOutbox tells the outbox which events may be done again.
func (s *State) resumeOutbox(saved *Saved) {
	if s.outbox == nil {
		return
	}
	last := saved.Seq
	for i := range saved.Events {
		last = max(last, saved.Events[i].Seq)
	}
	s.outbox.Resume(last)
}

// take returns what waits, which waits no more.
func (w *waitingOutgoing) take() waitingOutgoing {
	taken := *w
	*w = waitingOutgoing{}
	return taken
}

func (w *waitingOutgoing) empty() bool { return len(w.items) == 0 && w.lost == 0 }

// put puts what waited into the outbox. The caller has the slot for writing, and not mu.
func (s *State) put(w waitingOutgoing) {
	if !w.empty() {
		s.outbox.Put(w.items, w.lost)
	}
}

func (s *State) syncOutbox() {
	if s.outbox != nil {
		s.outbox.Sync()
	}
}
