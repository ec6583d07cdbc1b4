package merge

import (
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Kept are the newest occurrences of an exception. Most of them are held by the store, and
// read when somebody wants them: they are nearly all of what is known of an exception, and
// looked at rarely. It is immutable; nil has none.
type Kept struct {
	// marks tell which they are, the newest first.
	marks []Mark
	// fresh are those that the store does not hold yet, the newest first.
	fresh []periskop.Occurrence
	// stored are the others; nil for none. It can hold some that gave way.
	stored Stored
}

// A Mark tells an occurrence from others of the same exception.
type Mark struct {
	Hash uint64 // of its UUID
	At   int64  // its time in nanoseconds since 1970; 0 for none
}

// Stored are occurrences that a [Store] holds. It is safe for concurrent use.
type Stored interface {
	// Occurrences reads them. What cannot be read is left out, and told by the store.
	Occurrences() []periskop.Occurrence
}

// NewKept returns what keeps these occurrences.
func NewKept(list ...periskop.Occurrence) *Kept {
	return (*Kept)(nil).add(list, len(list))
}

// NewStored returns what keeps the occurrences that a store holds, as it was written.
func NewStored(marks []Mark, stored Stored) *Kept { return &Kept{marks: marks, stored: stored} }

// Len is how many there are.
func (k *Kept) Len() int {
	if k == nil {
		return 0
	}
	return len(k.marks)
}

// List returns them, the newest first. It reads what the store holds.
func (k *Kept) List() []periskop.Occurrence {
	switch {
	case k == nil:
		return nil
	case k.stored == nil:
		return k.fresh
	}
	return mergeOccurrences(k.stored.Occurrences(), k.fresh, len(k.marks))
}

// Stored returns what holds all of them, or nil when nothing does.
func (k *Kept) Stored() Stored {
	if k == nil || len(k.fresh) > 0 {
		return nil
	}
	return k.stored
}

// Marks returns the marks of occurrences.
func Marks(list []periskop.Occurrence) []Mark {
	marks := make([]Mark, len(list))
	for i := range list {
		marks[i] = markOf(&list[i])
	}
	return marks
}

func markOf(o *periskop.Occurrence) Mark {
	return Mark{Hash: xxhash.Sum64String(o.UUID), At: unixNano(o.Timestamp)}
}

func (k *Kept) has(hash uint64) bool {
	return k != nil && slices.ContainsFunc(k.marks, func(m Mark) bool { return m.Hash == hash })
}

// compareMarks puts the newest first. Those of one moment, as clients have several that cut times to
// seconds, have an order as well, so that the same ones give way whoever looks.
func compareMarks(a, b Mark) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.Hash, b.Hash)) }

// oldest is the time of the oldest, in nanoseconds since 1970.
func (k *Kept) oldest() int64 { return k.marks[len(k.marks)-1].At }

// add returns what keeps the newest of what is kept and of more.
func (k *Kept) add(more []periskop.Occurrence, limit int) *Kept {
	more = slices.DeleteFunc(slices.Clone(more), func(o periskop.Occurrence) bool { return k.has(markOf(&o).Hash) })
	if len(more) == 0 {
		return k
	}
	next := &Kept{}
	if k != nil {
		next.stored, next.fresh = k.stored, k.fresh
		next.marks = slices.Clone(k.marks)
	}
	next.fresh = mergeOccurrences(next.fresh, more, limit)
	for _, m := range Marks(next.fresh) {
		if !k.has(m.Hash) {
			next.marks = append(next.marks, m)
		}
	}
	slices.SortFunc(next.marks, compareMarks)
	next.marks = slices.Clip(next.marks[:min(len(next.marks), limit)])
	next.drop()
	return next
}

// drop drops what has no mark.
func (k *Kept) drop() {
	k.fresh = slices.DeleteFunc(slices.Clone(k.fresh), func(o periskop.Occurrence) bool { return !k.has(markOf(&o).Hash) })
	if len(k.fresh) == len(k.marks) {
		k.stored = nil
	}
}

// written returns what keeps the same, now that the store holds all that was kept before.
func (k *Kept) written(before *Kept, marks []Mark, stored Stored) *Kept {
	if k == before {
		return NewStored(marks, stored)
	}
	next := &Kept{marks: k.marks, stored: stored}
	for _, o := range k.fresh {
		if !slices.ContainsFunc(marks, func(m Mark) bool { return m.Hash == markOf(&o).Hash }) {
			next.fresh = append(next.fresh, o)
		}
	}
	return next
}

// mergeOccurrences returns the newest of both lists, newest first and each UUID once.
// Those without a time come last.
func mergeOccurrences(kept, more []periskop.Occurrence, limit int) []periskop.Occurrence {
	if len(more) == 0 && len(kept) <= limit {
		return kept
	}
	all := slices.Concat(kept, more)
	slices.SortStableFunc(all, func(a, b periskop.Occurrence) int { return compareMarks(markOf(&a), markOf(&b)) })
	seen := make(map[string]bool, len(all))
	all = slices.DeleteFunc(all, func(o periskop.Occurrence) bool {
		duplicate := seen[o.UUID]
		seen[o.UUID] = true
		return duplicate
	})
	return slices.Clip(all[:min(len(all), limit)])
}
