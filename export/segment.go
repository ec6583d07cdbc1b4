package export

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A segment is one file of the queue, or what takes its place in memory while no file can be
// written. Only the writer of the queue changes it, and what others read of it while it holds the
// queue's mutex.
type segment struct {
	number  uint64
	store   storage
	path    string // "" in memory
	size    int64
	records int
	since   time.Time // when the first was put
	seq     uint64    // of its last frame
	synced  bool
}

// storage is where the bytes of a segment are.
type storage interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Sync() error
}

const segmentSuffix = ".queue"

func segmentPath(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%016x", number)+segmentSuffix)
}

// segmentNumber returns the number of the segment with that file name.
func segmentNumber(name string) (uint64, bool) {
	text, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(text) != 16 {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 16, 64)
	return n, err == nil
}

// openSegment opens a file and reads what is in it. An end that was not written whole, as
// when the machine ended, is cut off; damaged is set when more than that is lost.
func openSegment(dir string, number uint64) (s *segment, damaged bool, err error) {
	path := segmentPath(dir, number)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, false, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	s = &segment{number: number, store: f, path: path, synced: true}
	for s.size < info.Size() {
		read, err := readFrame(f, s.size, info.Size())
		if err != nil {
			break
		}
		s.take(&read)
	}
	if left := info.Size() - s.size; left > 0 {
		damaged = left > frameHead && s.size+left == info.Size() && !endsThere(f, s.size, info.Size())
		if err := f.Truncate(s.size); err != nil {
			return nil, damaged, err
		}
	}
	return s, damaged, nil
}

// endsThere reports whether the frame at an offset is one that was not written to its end.
func endsThere(f io.ReaderAt, at, size int64) bool {
	var head [frameHead]byte
	if _, err := f.ReadAt(head[:], at); err != nil {
		return true
	}
	length := int64(head[0]) | int64(head[1])<<8 | int64(head[2])<<16 | int64(head[3])<<24
	return at+frameHead+length > size
}

// take notes a frame that is at the end of the segment.
func (s *segment) take(f *frame) {
	if s.records == 0 {
		s.since = f.at
	}
	s.size += f.size
	s.records += f.count
	s.seq = f.seq
}

// newSegment makes a segment in the directory, or in memory for "".
func newSegment(dir string, number, seq uint64, at time.Time) (*segment, error) {
	s := &segment{number: number, store: &memory{}, seq: seq}
	if dir != "" {
		s.path = segmentPath(dir, number)
		f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
		if err != nil {
			return nil, err
		}
		s.store = f
	}
	b := appendFrame(nil, seq, 0, at, nil)
	if err := s.write(b); err != nil {
		return nil, err
	}
	s.size = int64(len(b))
	return s, nil
}

// write writes bytes behind what there is, all of them or none.
func (s *segment) write(b []byte) error {
	if _, err := s.store.WriteAt(b, s.size); err != nil {
		_ = s.store.Truncate(s.size) // what is left of it has no checksum that is right
		return err
	}
	s.synced = false
	return nil
}

// remove removes the file. It stays readable for who reads it now: it is closed once nothing
// refers to it.
func (s *segment) remove() {
	if s.path != "" {
		_ = os.Remove(s.path) // it is taken for empty at the next start then, or dropped with the oldest
	}
}

// memory is a segment that no file could be made for.
type memory struct {
	mu sync.Mutex // guards b
	b  []byte
}

func (m *memory) ReadAt(b []byte, at int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at > int64(len(m.b)) {
		return 0, io.EOF
	}
	n := copy(b, m.b[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.b = append(m.b[:at], b...)
	return len(b), nil
}

func (m *memory) Truncate(size int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.b = m.b[:size]
	return nil
}

func (*memory) Sync() error { return nil }

// all returns what is in it.
func (m *memory) all() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.b
}
