package merge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Occurrences prove which epoch a total belongs to: each has a UUID that no other has,
// in whatever process, at whatever address and with whatever created_at it is listed.

const (
	// keptHashes is how many of the newest listed occurrences of an epoch are
	// remembered. One would do for clients that list the newest ten. Python's keeps the
	// first nine and the last one: then the second is still there in the next answer.
	keptHashes = 3
	// maxListed bounds the occurrences of an aggregate that are looked at as evidence.
	// Client libraries list ten.
	maxListed = 64
)

// A listing is what the occurrences of one aggregate prove. The zero value proves
// nothing.
type listing struct {
	// hashes are those of the UUIDs, the newest first.
	hashes []uint64
	// newest and oldest are times of the target's clock, in nanoseconds since 1970; 0
	// when no occurrence has a time.
	newest, oldest int64
	// count is how many occurrences are listed, those without a UUID included.
	count uint64

	times []int64 // of the occurrences, in the order of hashes
}

// A listedOccurrence is what a listing keeps of one occurrence.
type listedOccurrence struct {
	hash  uint64
	at    int64
	index uint64 // in the list
}

// A listingMaker takes in the occurrences of an aggregate, one by one.
type listingMaker struct {
	listing
	list        []listedOccurrence
	first, last int64 // times in the order of the list
}

func (m *listingMaker) add(uuid string, at time.Time) {
	o := listedOccurrence{hash: occurrenceHash(uuid, at), at: unixNano(at), index: m.count}
	m.count++
	if o.at != 0 {
		m.newest = max(m.newest, o.at)
		if m.oldest == 0 || o.at < m.oldest {
			m.oldest = o.at
		}
	}
	if o.index == 0 {
		m.first = o.at
	}
	m.last = o.at
	if m.list = append(m.list, o); len(m.list) >= 2*maxListed {
		m.keepNewest()
	}
}

// keepNewest leaves as many as are looked at, in order. Of those of one time, the last is the
// newest: client libraries append to their lists. Some lists begin with the newest.
func (m *listingMaker) keepNewest() {
	slices.SortFunc(m.list, func(a, b listedOccurrence) int {
		byIndex := cmp.Compare(b.index, a.index)
		if m.first > m.last {
			byIndex = -byIndex
		}
		return cmp.Or(cmp.Compare(b.at, a.at), byIndex)
	})
	m.list = m.list[:min(len(m.list), maxListed)]
}

func (m *listingMaker) made() listing {
	m.keepNewest()
	m.times, m.hashes = nil, nil
	for _, o := range m.list {
		if o.at != 0 {
			m.times = append(m.times, o.at)
		}
		if o.hash != 0 {
			m.hashes = append(m.hashes, o.hash)
		}
	}
	return m.listing
}

// proves reports whether the listing tells epochs apart at all.
func (l *listing) proves() bool { return len(l.hashes) > 0 }

// complete reports whether every occurrence behind a total is listed, with its time.
func (l *listing) complete(total uint64) bool {
	return l.count == total && uint64(len(l.times)) == total && total > 0
}

// kept returns the hashes to remember.
func (l *listing) kept() (kept [keptHashes]uint64) {
	copy(kept[:], l.hashes)
	return kept
}

// lists reports whether one of the hashes is listed.
func (l *listing) lists(hashes *[keptHashes]uint64) bool {
	for _, h := range hashes {
		if h != 0 && slices.Contains(l.hashes, h) {
			return true
		}
	}
	return false
}

// meets reports whether an occurrence is listed that is known of the epoch, or of a sibling.
func (l *listing) meets(e *epoch) bool {
	for s := e; s != nil; s = s.nextSibling() {
		if l.lists(&s.known) {
			return true
		}
	}
	return false
}

// occurrenceHash returns the hash of a UUID, or 0 for what is none: an ID that was derived
// from the content can be the same in two processes, unless an exact time is part of that.
func occurrenceHash(uuid string, at time.Time) uint64 {
	if len(uuid) == derivedLength && !strings.Contains(uuid, "-") && at.Nanosecond() == 0 {
		return 0
	}
	return max(xxhash.Sum64String(uuid), 1)
}

// derivedLength is that of the IDs that package periskop derives.
const derivedLength = 32

// An occurrenceIndex finds a process by an occurrence of one of its epochs.
type occurrenceIndex map[uint64]*process

// index enters an epoch under an occurrence that it lists now, in place of the occurrence
// before. The caller holds mu.
func (s *State) index(p *process, e *epoch, before uint64) {
	now := e.indexed()
	if before == now {
		return
	}
	if q := s.occurrences[before]; before != 0 && (q == p || slices.Contains(s.sharersOf(e), q)) {
		delete(s.occurrences, before)
	}
	if now != 0 && s.occurrences[now] == nil {
		s.occurrences[now] = p
	}
}

// unindex removes an epoch from the index, or leaves it to another process that knows it.
// The caller holds mu.
func (s *State) unindex(p *process, e *epoch) {
	hash := e.indexed()
	if hash == 0 || s.occurrences[hash] != p {
		return
	}
	delete(s.occurrences, hash)
	for _, q := range s.sharersOf(e) {
		if q != p {
			s.occurrences[hash] = q
			return
		}
	}
}

// unixNano returns the time in nanoseconds since 1970, 0 for the zero time.
func unixNano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
