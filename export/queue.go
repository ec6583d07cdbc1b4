package export

import (
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

const (
	// maxSegment is how large a file of the queue gets, and so how much is dropped at once when
	// the queue is full: an eighth of it, but no more than this.
	maxSegment = 8 << 20
	// maxMemory bounds what waits in memory while no file can be written, and without a
	// directory.
	maxMemory = 16 << 20
	// retryInterval is how often a directory that cannot be written is tried again.
	retryInterval = time.Second
)

// A queue holds occurrences until they were sent, in the order in which they were put. It has
// one writer, who calls resume, put and sync, and one reader, who calls next and ack. The other methods
// are safe for concurrent use.
type queue struct {
	dir    string // "" for memory only
	now    func() time.Time
	logger *slog.Logger
	packer *packer
	// dropped is called with how many were given up.
	dropped func(records int)
	// ready has an element when something was put.
	ready chan struct{}

	// The writer's own.
	seq    uint64 // of the last event of which everything was put
	resume uint64 // what is put of events up to this is in the queue already
	failed time.Time

	mu       sync.Mutex // guards the rest
	segments []*segment // the oldest first; the last one is written to
	cursor   position
	head     time.Time // since when the first that was not taken waits, or longer
	size     int64     // how many bytes it may have
	err      error     // why nothing can be written
}

// A position is where reading goes on.
type position struct {
	segment uint64
	at      int64 // of a frame
	skip    int   // how many of its occurrences were taken
	done    int   // how many of the segment were, in all
}

// openQueue opens the queue in a directory, which is made if it is not there.
func openQueue(dir string, size int64, now func() time.Time, logger *slog.Logger, dropped func(int)) (*queue, error) {
	p, err := newPacker()
	if err != nil {
		return nil, err
	}
	q := &queue{dir: dir, size: size, now: now, logger: logger, packer: p, dropped: dropped, ready: make(chan struct{}, 1)}
	q.load()
	if len(q.segments) > 0 {
		q.seq = q.segments[len(q.segments)-1].seq
		q.signal()
	}
	if len(q.segments) == 0 {
		q.write(q.add)
	}
	q.seek(q.readCursor())
	return q, nil
}

// load opens what is in the directory. What cannot be read is left out, and told.
func (q *queue) load() {
	if q.dir == "" {
		return
	}
	entries, err := os.ReadDir(q.dir) // sorted by name
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		q.logger.Error("the queue of what is to be exported cannot be read", "dir", q.dir, "err", err)
	}
	for _, entry := range entries {
		number, ok := segmentNumber(entry.Name())
		if !ok {
			continue
		}
		s, damaged, err := openSegment(q.dir, number)
		switch {
		case err != nil:
			q.logger.Error("a part of the queue of what is to be exported cannot be read, and is left out", "file", entry.Name(), "err", err)
			continue
		case damaged:
			q.logger.Error("a part of the queue of what is to be exported is damaged: what follows in it is not exported", "file", entry.Name())
		}
		q.segments = append(q.segments, s)
	}
}

// put puts items into the queue: see [merge.ExportQueue].
func (q *queue) put(items []merge.ExportItem, lost int) {
	items = slices.DeleteFunc(slices.Clone(items), func(it merge.ExportItem) bool { return it.Seq != 0 && it.Seq <= q.resume })
	if lost > 0 {
		q.dropped(lost)
	}
	if len(items) == 0 {
		return
	}
	q.recover()
	var raw []byte
	from := 0
	for i := range items {
		raw = encode(raw, &items[i])
		if last := i == len(items)-1; last || len(raw) >= frameSize {
			if last {
				q.seq = items[i].Seq // not before: what is put of an event is put whole
			}
			q.append(raw, i+1-from)
			raw, from = raw[:0], i+1
		}
	}
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// append appends a frame, to a segment in memory if no file can be written.
func (q *queue) append(raw []byte, count int) {
	b := appendFrame(nil, q.seq, count, q.now(), q.packer.compress.EncodeAll(raw, nil))
	q.rotate(int64(len(b)))
	active := q.active()
	if err := active.write(b); err != nil {
		q.write(func() error { return errors.Join(err, q.addMemory()) })
		if active = q.active(); active.write(b) != nil {
			q.dropped(count) // which memory does not do
			return
		}
	}
	q.mu.Lock()
	now := q.now()
	if active.records == 0 {
		active.since = now
	}
	if q.unread() == 0 {
		q.head = now
	}
	active.size += int64(len(b))
	active.records += count
	active.seq = q.seq
	q.mu.Unlock()
	q.shrink()
}

func (q *queue) active() *segment {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.segments[len(q.segments)-1]
}

// rotate begins another segment when the one that is written to is full, or was all taken.
func (q *queue) rotate(more int64) {
	q.mu.Lock()
	active := q.segments[len(q.segments)-1]
	most := min(q.size/8, maxSegment)
	full := active.records > 0 && active.size+more > most
	used := active.size > frameSize && q.unread() == 0
	q.mu.Unlock()
	if full || used {
		q.write(q.add)
	}
}

// add begins another segment, in memory if it cannot be in a file.
func (q *queue) add() error {
	if q.dir == "" {
		return q.addMemory()
	}
	err := os.MkdirAll(q.dir, 0o750)
	if err == nil {
		err = q.addIn(q.dir)
	}
	if err != nil {
		return errors.Join(err, q.addMemory())
	}
	return nil
}

func (q *queue) addMemory() error { return q.addIn("") }

func (q *queue) addIn(dir string) error {
	number := uint64(1)
	q.mu.Lock()
	if n := len(q.segments); n > 0 {
		number = q.segments[n-1].number + 1
	}
	q.mu.Unlock()
	s, err := newSegment(dir, number, q.seq, q.now())
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.segments = append(q.segments, s)
	return nil
}

// write does what writes to the directory, and tells when that no longer succeeds, and when it
// does again.
func (q *queue) write(f func() error) {
	err := f()
	q.mu.Lock()
	before := q.err
	q.err = err
	q.mu.Unlock()
	switch {
	case err != nil:
		q.failed = q.now()
		if before == nil {
			q.logger.Error("the queue of what is to be exported cannot be written; it goes on in memory", "err", err)
		}
	case before != nil:
		q.logger.Info("the queue of what is to be exported is written again")
	}
}

// recover writes what is in memory to files, once that may succeed again.
func (q *queue) recover() {
	q.mu.Lock()
	failing, segments := q.err != nil, slices.Clone(q.segments)
	q.mu.Unlock()
	if !failing || q.now().Sub(q.failed) < retryInterval {
		return
	}
	q.write(func() error {
		if err := os.MkdirAll(q.dir, 0o750); err != nil {
			return err
		}
		for _, s := range segments {
			if err := q.persist(s); err != nil {
				return err
			}
		}
		return nil
	})
}

// persist writes a segment that is in memory to a file.
func (q *queue) persist(s *segment) error {
	m, ok := s.store.(*memory)
	if !ok {
		return nil
	}
	path := segmentPath(q.dir, s.number)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	if _, err := f.Write(m.all()); err != nil {
		return errors.Join(err, f.Close(), os.Remove(path))
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	s.store, s.path, s.synced = f, path, false
	return nil
}

// shrink drops the oldest while there is more than there may be.
func (q *queue) shrink() {
	q.mu.Lock()
	var gone []*segment
	lost := 0
	drop := func(i int) {
		gone = append(gone, q.segments[i])
		lost += q.drop(i)
	}
	for len(q.segments) > 1 && q.bytes(false) > q.size {
		drop(0)
	}
	for q.bytes(true) > maxMemory {
		i := slices.IndexFunc(q.segments, func(s *segment) bool { return s.path == "" })
		if i < 0 || i == len(q.segments)-1 {
			break
		}
		drop(i)
	}
	q.mu.Unlock()
	for _, s := range gone {
		s.remove()
	}
	if lost > 0 {
		q.dropped(lost)
	}
}

// drop takes a segment out, and returns how many that were not taken yet were in it. The
// caller holds mu.
func (q *queue) drop(i int) (lost int) {
	s := q.segments[i]
	lost = s.records
	q.segments = slices.Delete(q.segments, i, i+1)
	if q.cursor.segment == s.number {
		lost -= q.cursor.done
		q.cursor, q.head = position{segment: q.segments[i].number}, q.segments[i].since
	}
	return lost
}

// bytes is how many bytes there are, in memory alone if that is asked. The caller holds mu.
func (q *queue) bytes(inMemory bool) int64 {
	n := int64(0)
	for _, s := range q.segments {
		if !inMemory || s.path == "" {
			n += s.size
		}
	}
	return n
}

// unread is how many occurrences were not taken yet. The caller holds mu.
func (q *queue) unread() int {
	n := -q.cursor.done
	for _, s := range q.segments {
		n += s.records
	}
	return n
}

// sync makes what was put survive a crash of the machine.
func (q *queue) sync() {
	q.mu.Lock()
	segments := slices.Clone(q.segments)
	q.mu.Unlock()
	wrote := false
	for _, s := range segments {
		if s.synced || s.path == "" {
			continue
		}
		if err := s.store.Sync(); err != nil {
			q.write(func() error { return err })
			return
		}
		s.synced, wrote = true, true
	}
	if wrote {
		_ = syncDir(q.dir) // not all systems can
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// resumeAfter is told up to which event everything may be done again: see [merge.ExportQueue].
func (q *queue) resumeAfter(last uint64) {
	q.seq = min(q.seq, last)
	q.resume = q.seq
}

// setSize sets how many bytes there may be, from the next that are put on.
func (q *queue) setSize(size int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.size = size
}

// status returns how many occurrences wait, how many bytes the queue has, since when the first
// of them waits, and why it cannot be written.
func (q *queue) status() (records int, bytes int64, oldest time.Time, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.unread(), q.bytes(false), q.head, q.err
}
