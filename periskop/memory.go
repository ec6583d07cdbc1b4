package periskop

import (
	"bytes"
	"math/rand/v2"

	"github.com/zeebo/xxh3"
)

// A Memory is what is remembered of the last report of one target: enough to know again what
// has not changed, 16 bytes for each aggregate. The zero value remembers nothing. It is for
// one goroutine at a time.
//
// What is passed over is known by its length and by a hash of 64 bits with a seed that nobody
// else knows: a target cannot make up bytes that look like others.
type Memory struct {
	seed uint64
	// marks are those of the last report, in its order, and next those of the one that is
	// being read.
	marks, next []mark
	// at is the mark that is expected next.
	at int
	// byKey finds marks by their keys, for clients that list aggregates in another order
	// each time. It is made when it is needed, for one report.
	byKey map[uint32]int32
	keyed bool
	// missed counts what was not passed over, and idle is how many reports are to be read
	// without looking: where most has changed, to look for what has not costs more than it
	// saves.
	missed, idle int
	read         int // how many aggregates the report has
	// relayed is set for an exporter, of which every report is read whole.
	relayed bool
	// uuid and whole are of the last report: of whom it was, and whether each of its
	// aggregates is remembered.
	uuid  string
	whole bool
}

// Same returns the report of an answer that is known to be the same as the last one, nil if
// that is not remembered whole.
func (m *Memory) Same() *Report {
	if !m.whole || m.relayed {
		return nil
	}
	return &Report{TargetUUID: m.uuid, Unchanged: len(m.marks)}
}

// A mark is what is remembered of an aggregate: a hash of all of it, a hash of its key, and
// its length.
type mark struct {
	hash   uint64
	key    uint32
	length uint32
}

const (
	// idleReports is how many reports are read without looking after one of which most had
	// changed.
	idleReports = 7
	// maxMarked bounds what an aggregate may have to be remembered: to be compared it must
	// be in memory whole.
	maxMarked = 4 << 20
)

// Forget forgets the last report: all of the next one is read.
func (m *Memory) Forget() { m.forget() }

func (m *Memory) forget() {
	if m != nil {
		m.marks, m.next, m.at, m.idle, m.whole = m.marks[:0], m.next[:0], 0, 0, false
	}
}

func (m *Memory) begin() {
	if m == nil {
		return
	}
	if m.seed == 0 {
		m.seed = rand.Uint64() | 1
	}
	m.next, m.at, m.missed, m.read, m.keyed = m.next[:0], 0, 0, 0, false
}

// end makes the report that was read the last one.
func (m *Memory) end(r *Report) {
	if m == nil {
		return
	}
	m.relayed = r.Processes != nil
	m.uuid, m.whole = r.TargetUUID, r.Skipped == 0 && len(m.next) == m.read
	m.marks, m.next = m.next, m.marks
	switch {
	case m.idle > 0:
		m.idle--
	case len(m.marks) > 0 && 2*m.missed > len(m.marks) && len(m.next) > 0:
		m.idle = idleReports
	}
	if cap(m.next) > 2*len(m.marks)+64 {
		m.next = nil
	}
}

// looks reports whether there is anything to be passed over.
func (m *Memory) looks() bool { return m != nil && !m.relayed && len(m.marks) > 0 && m.idle == 0 }

// note remembers an aggregate that was read, unless nothing could be read of it.
func (m *Memory) note(raw []byte, r *Report, before int) {
	if m == nil {
		return
	}
	m.missed++
	m.read++
	if len(r.Aggregates) == before || len(raw) > maxMarked || m.relayed || r.Aggregates[before].ID != 0 {
		return
	}
	if m.idle > 1 { // nobody looks at the next one
		m.next = append(m.next, mark{})
		return
	}
	now := mark{hash: xxh3.HashSeed(raw, m.seed), key: m.hashOf([]byte(r.Aggregates[before].Key)), length: uint32(len(raw))}
	m.next = append(m.next, now)
	if m.looks() { // what came behind it comes behind it now
		if at := m.find(now.key); at >= 0 {
			m.at = at + 1
		}
	}
}

// passOver goes behind the aggregate that comes next if it was part of the last report.
func (s *Stream) passOver(m *Memory) bool {
	if !m.looks() {
		return false
	}
	key := uint32(0)
	if s.fill(keyPrefix); len(s.r.body) > s.r.at {
		key = m.keyOf(s.r.body[s.r.at:])
	}
	at := m.at
	if key != 0 {
		at = m.find(key)
	}
	if at < 0 || at >= len(m.marks) || m.marks[at].length == 0 {
		return false
	}
	known := m.marks[at]
	s.fill(int(known.length) + 1) // and the comma or bracket behind it
	rest := s.r.body[s.r.at:]
	if uint32(len(rest)) < known.length || rest[known.length-1] != '}' || xxh3.HashSeed(rest[:known.length], m.seed) != known.hash {
		return false
	}
	m.at = at + 1
	m.next = append(m.next, known)
	m.read++
	s.r.at += int(known.length)
	return true
}

// find returns the mark with which an aggregate of that key is to be compared: the one that
// comes next, or, if that has another key, the one that has this; -1 for none.
func (m *Memory) find(key uint32) int {
	if m.at < len(m.marks) && m.marks[m.at].key == key && m.marks[m.at].length > 0 {
		return m.at
	}
	if !m.keyed {
		m.keyed = true
		if m.byKey == nil {
			m.byKey = make(map[uint32]int32, len(m.marks))
		}
		clear(m.byKey)
		for i, known := range m.marks {
			m.byKey[known.key] = int32(i)
		}
	}
	if i, ok := m.byKey[key]; ok && m.marks[i].length > 0 {
		return int(i)
	}
	return -1
}

// keyPrefix is in how many bytes the key of an aggregate is looked for.
const keyPrefix = 512

// keyOf returns the hash of the key of an aggregate that begins with it, as all but Scala's
// do; 0 for another one, and for a key that has escapes or is long.
func (m *Memory) keyOf(raw []byte) uint32 {
	raw = raw[:min(len(raw), keyPrefix)]
	rest, ok := bytes.CutPrefix(raw, []byte(`{"aggregation_key":`))
	if !ok {
		return 0
	}
	rest = bytes.TrimLeft(rest, " ")
	if len(rest) == 0 || rest[0] != '"' {
		return 0
	}
	end := bytes.IndexByte(rest[1:], '"')
	if end < 0 || bytes.IndexByte(rest[1:end+1], '\\') >= 0 {
		return 0
	}
	return m.hashOf(rest[1 : end+1])
}

func (m *Memory) hashOf(key []byte) uint32 { return uint32(xxh3.HashSeed(key, m.seed)) | 1 }
