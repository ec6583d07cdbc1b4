package merge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// An ExportQueue takes the occurrences that are exported to another place, which keeps more
// of them. One goroutine at a time calls its methods, and none waits for the receiver.
type ExportQueue interface {
	// Resume is called once, before anything else. Events up to last may be done again, and
	// what they put is in the queue already if it was put before.
	Resume(last uint64)
	// Put adds items, in the order in which they are to leave. When it returns, they survive
	// the end of the program, but not yet that of the machine. The queue counts what it has
	// no room for; lost is how many were given up before they came here.
	Put(items []ExportItem, lost int)
	// Sync makes what was put survive a crash of the machine.
	Sync()
}

// An ExportItem is an occurrence that was counted, as it is kept: in our time and without
// secrets. It is not changed any more.
type ExportItem struct {
	// Seq is that of the event which told of it. Those of one event are put together.
	Seq     uint64
	Service string
	ID      uint64 // an ExceptionID
	Key     string // the aggregation key
	periskop.Occurrence
}

// exportCandidates are the occurrences of a report that were not known, by exception.
type exportCandidates map[*exception]*exportCandidate

// An exportCandidate has the occurrences of one exception.
type exportCandidate struct {
	occurrences []periskop.Occurrence
	// counted is how many were counted.
	counted uint64
}

// collectExport notes which occurrences the exception keeps that it did not keep before.
func (f *folding) collectExport(x *exception, before *Kept, counted uint64) {
	if !f.settings.Export {
		return
	}
	fresh := x.kept.since(before)
	if len(fresh) == 0 && counted == 0 {
		return
	}
	r := f.report
	if r.candidates == nil {
		r.candidates = exportCandidates{}
	}
	o := r.candidates[x]
	if o == nil {
		o = &exportCandidate{}
		r.candidates[x] = o
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

// items returns the candidates that are exported: of each exception at most as many as were
// counted, the newest. The rest is history.
func (candidates exportCandidates) items(seq uint64) []ExportItem {
	var out []ExportItem
	for x, o := range candidates {
		newest := mergeOccurrences(nil, o.occurrences, int(min(o.counted, uint64(len(o.occurrences)))))
		for i := range newest {
			out = append(out, ExportItem{Seq: seq, Service: x.service.name, ID: uint64(x.id), Key: x.key, Occurrence: newest[i]})
		}
	}
	slices.SortFunc(out, func(a, b ExportItem) int {
		return cmp.Or(a.Timestamp.Compare(b.Timestamp), cmp.Compare(a.ID, b.ID), strings.Compare(a.UUID, b.UUID))
	})
	return out
}

// An exportBuffer has the occurrences that wait to be put into the queue.
type exportBuffer struct {
	items []ExportItem
	size  int
	lost  int
}

// maxExportBuffer is how many bytes of occurrences wait for a disk that does not answer, beside
// those of the last report.
const maxExportBuffer = 64 << 20

func (b *exportBuffer) add(items []ExportItem) {
	drop := 0
	for drop < len(b.items) && b.size > maxExportBuffer {
		b.size -= b.items[drop].Size()
		drop++
	}
	if drop > 0 {
		b.items = slices.Clone(b.items[drop:])
		b.lost += drop
	}
	for i := range items {
		b.size += items[i].Size()
	}
	b.items = append(b.items, items...)
}

// bufferExport puts the candidates into the buffer, for the queue. The caller holds mu.
func (s *State) bufferExport(candidates exportCandidates, seq uint64) {
	if s.exportQueue != nil && len(candidates) > 0 {
		s.exportBuffer.add(candidates.items(seq))
	}
}

// resumeExport tells the queue which events may be done again. Only New calls it.
func (s *State) resumeExport(saved *Saved) {
	if s.exportQueue == nil {
		return
	}
	last := saved.Seq
	for i := range saved.Events {
		last = max(last, saved.Events[i].Seq)
	}
	s.exportQueue.Resume(last)
}

// take returns what the buffer has, and empties it.
func (b *exportBuffer) take() exportBuffer {
	taken := *b
	*b = exportBuffer{}
	return taken
}

func (b *exportBuffer) empty() bool { return len(b.items) == 0 && b.lost == 0 }

// putExport puts into the queue what was taken from the buffer. The caller has the slot for
// writing, and does not hold mu.
func (s *State) putExport(b exportBuffer) {
	if !b.empty() {
		s.exportQueue.Put(b.items, b.lost)
	}
}

func (s *State) syncExport() {
	if s.exportQueue != nil {
		s.exportQueue.Sync()
	}
}
