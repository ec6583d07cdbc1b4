package export

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// An entry is an occurrence of the queue.
type entry struct {
	merge.ExportItem
	at  time.Time // when it was put
	end position  // behind it
}

// next returns the next occurrences that were not taken, at most so many, and after so many bytes
// of text no more. What cannot be read is dropped.
func (q *queue) next(most, bytes int) []entry {
	out := q.from(most, bytes)
	if len(out) > 0 {
		q.mu.Lock()
		q.head = out[0].at
		q.mu.Unlock()
	}
	return out
}

func (q *queue) from(most, bytes int) []entry {
	q.mu.Lock()
	at, segments := q.cursor, slices.Clone(q.segments)
	sizes := make([]int64, len(segments))
	for i, s := range segments {
		sizes[i] = s.size
	}
	q.mu.Unlock()
	var out []entry
	for i, s := range segments {
		if s.number < at.segment {
			continue
		}
		if s.number != at.segment {
			at = position{segment: s.number}
		}
		for at.at < sizes[i] {
			read, err := q.read(s, at, sizes[i])
			if err != nil {
				if len(out) == 0 {
					q.damaged(s, at, sizes[i], err)
				}
				return out
			}
			for _, e := range read {
				out = append(out, e)
				at = e.end
				if bytes -= e.Size(); bytes <= 0 || len(out) == most {
					return out
				}
			}
			if len(read) == 0 {
				at = position{segment: at.segment, at: at.at + q.frameAt(s, at.at, sizes[i]), done: at.done}
			}
		}
	}
	return out
}

// read returns the occurrences of a frame that were not taken.
func (q *queue) read(s *segment, at position, size int64) ([]entry, error) {
	f, err := readFrame(q.storage(s), at.at, size)
	if err != nil {
		return nil, err
	}
	if f.count == 0 {
		return nil, nil
	}
	items, err := q.packer.unpack(&f)
	if err != nil {
		return nil, err
	}
	var out []entry
	for i := at.skip; i < len(items); i++ {
		end := position{segment: at.segment, at: at.at, skip: i + 1, done: at.done + i + 1 - at.skip}
		if i == len(items)-1 {
			end.at, end.skip = at.at+f.size, 0
		}
		out = append(out, entry{ExportItem: items[i], at: f.at, end: end})
	}
	return out, nil
}

// frameAt is how many bytes the frame has that is there, which can be read.
func (q *queue) frameAt(s *segment, at, size int64) int64 {
	f, err := readFrame(q.storage(s), at, size)
	if err != nil {
		return size - at
	}
	return f.size
}

// storage is where the segment is now: it can move from memory to a file.
func (q *queue) storage(s *segment) storage {
	q.mu.Lock()
	defer q.mu.Unlock()
	return s.store
}

// damaged goes on behind what cannot be read, and drops the rest of its segment.
func (q *queue) damaged(s *segment, at position, size int64, err error) {
	q.mu.Lock()
	if q.cursor.segment > s.number {
		q.mu.Unlock()
		return // it was dropped meanwhile
	}
	before := q.unread()
	gone := q.advance(position{segment: s.number, at: size, done: s.records})
	lost := before - q.unread()
	q.mu.Unlock()
	q.logger.Error("a part of the queue of what is to be exported cannot be read, and is dropped", "records", lost, "offset", at.at, "err", err)
	q.dropped(lost)
	for _, s := range gone {
		s.remove()
	}
	q.signal()
}

// advance makes reading go on at a position, and returns the segments before it, which are out
// of the queue. The caller holds mu.
func (q *queue) advance(to position) (gone []*segment) {
	for len(q.segments) > 1 && q.segments[0].number < to.segment {
		gone = append(gone, q.segments[0])
		q.segments = slices.Delete(q.segments, 0, 1)
	}
	q.cursor = to
	return gone
}

// ack notes that everything up to an entry was taken, and returns how many were that had not been
// dropped meanwhile.
func (q *queue) ack(last *entry) int {
	end := last.end
	q.mu.Lock()
	if end.segment < q.cursor.segment {
		q.mu.Unlock()
		return 0
	}
	before := q.unread()
	gone := q.advance(end)
	q.head = last.at
	taken := before - q.unread()
	q.mu.Unlock()
	q.writeCursor(end)
	for _, s := range gone {
		s.remove()
	}
	return taken
}

// seek begins to read at a position, or where there is anything if that is gone.
func (q *queue) seek(at position) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.segments, func(s *segment) bool { return s.number == at.segment })
	if i < 0 || at.at > q.segments[i].size || at.done > q.segments[i].records {
		q.cursor, q.head = position{segment: q.segments[0].number}, q.segments[0].since
		return
	}
	for _, s := range q.segments[:i] { // that were taken, and not removed
		s.remove()
	}
	q.segments, q.cursor, q.head = q.segments[i:], at, q.segments[i].since
}

const cursorName = "cursor"

// savedCursor is a position in the file of the cursor.
type savedCursor struct {
	Segment uint64 `json:"segment"`
	At      int64  `json:"at"`
	Skip    int    `json:"skip"`
	Done    int    `json:"done"`
}

// readCursor reads what was taken. If it cannot be read, everything is sent once more.
func (q *queue) readCursor() position {
	if q.dir == "" {
		return position{}
	}
	b, err := os.ReadFile(filepath.Join(q.dir, cursorName))
	var c savedCursor
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		q.logger.Error("what was exported cannot be read: what is in the queue is sent once more", "err", err)
	}
	return position{segment: c.Segment, at: c.At, skip: c.Skip, done: c.Done}
}

// writeCursor makes what was taken survive the end of the program. If it cannot be written, that is
// sent once more at the next start.
func (q *queue) writeCursor(at position) {
	if q.dir == "" {
		return
	}
	b, err := json.Marshal(savedCursor{Segment: at.segment, At: at.at, Skip: at.skip, Done: at.done})
	name := filepath.Join(q.dir, cursorName)
	if err == nil {
		err = os.WriteFile(name+".new", b, 0o640)
	}
	if err == nil {
		err = os.Rename(name+".new", name)
	}
	if err != nil {
		q.logger.Debug("what was exported cannot be noted", "err", err)
	}
}
