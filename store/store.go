package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// fileName is the file in the directory of [Options].
const fileName = "state.db"

// version is that of the layout in doc.go.
const version = 8

// Errors of [Open] that the operator must mend.
var (
	ErrInUse = errors.New("another process uses it; each exporter needs a --storage.path of its own")
	ErrNewer = errors.New("another version of this program wrote it")
)

// Options of a [Store].
type Options struct {
	// Dir is the directory of the file. It is made if it is not there.
	Dir string
	// UUID names the exporter in a file that is made anew. Defaults to a random one.
	UUID string
	// Logger defaults to none.
	Logger *slog.Logger
	// Now names files that are set aside. Defaults to time.Now.
	Now func() time.Time
	// OpenFile opens a file, in place of os.OpenFile: for tests that inject errors.
	OpenFile func(string, int, os.FileMode) (*os.File, error)
}

// A Store is a merge.Store in a file. Append, Sync and Commit are for one goroutine at a
// time; the other methods are safe for concurrent use.
type Store struct {
	options     Options
	path        string
	occurrences *occurrences
	events      eventWriter
	packing     packing

	// mu guards the rest. Methods that are not exported expect it to be held, or are called
	// by Open alone.
	mu   sync.Mutex
	mark *mark // without a lock while the directory cannot be written
	// file is nil while the state cannot be written.
	file *os.File
	// size is where the next frame goes, and number is its number.
	size   int64
	number uint32
	// journal is how many bytes of events there are since the last commit.
	journal int64
	// live is how many bytes the records had when all of them were written last.
	live int64
	// largest is how large the payload of a frame may be, and leftOut is set when it was
	// told that one was larger.
	largest int
	leftOut bool
	damaged string
	lost    bool
}

// Open opens the state and returns what it holds. What is damaged in it is left out, and
// told by what is returned; a copy of the damaged file is kept. A state that cannot be
// written is only read. Both are logged, and no error: the program can do its work. The
// error is ErrInUse, ErrNewer, or that the file cannot be read.
func Open(o Options) (*Store, *merge.Saved, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.UUID == "" {
		o.UUID = periskop.NewUUID()
	}
	if o.OpenFile == nil {
		o.OpenFile = os.OpenFile
	}
	codec, err := newOccurrences(o.Logger)
	if err != nil {
		return nil, nil, err
	}
	s := &Store{options: o, path: filepath.Join(o.Dir, fileName), occurrences: codec, packing: packing{plain: codec.compress}, largest: maxPayload}
	s.events.pack = s.packing.pack
	s.forget()
	saved, err := s.open()
	if err != nil {
		if s.mark != nil {
			_ = s.mark.close() // the first error tells more
		}
		return nil, nil, fmt.Errorf("open %s: %w", s.path, err)
	}
	return s, saved, nil
}

// UUID names the exporter: what the file says that was there at the start, or else what
// [Options] say. It does not change.
func (s *Store) UUID() string { return s.options.UUID }

// Close closes the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.file != nil {
		err = s.file.Close()
		s.file = nil
	}
	if err = errors.Join(err, s.mark.close()); err != nil {
		return fmt.Errorf("close %s: %w", s.path, err)
	}
	return nil
}

// Touch notes that the program runs: the next start then knows until when. It is to be
// called every few seconds, and writes no data.
func (s *Store) Touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mark.lock != nil {
		s.mark.touch(s.options.Now())
	}
}

// Size returns the size of the file in bytes, 0 when there is none.
func (s *Store) Size() int64 {
	info, err := os.Stat(s.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Damaged returns the name of the copy of a file that was damaged when it was opened at the
// start, "" when it was not.
func (s *Store) Damaged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.damaged
}

// Lost reports whether something was missing of the state at the start, or whether it was
// not the one that was written last.
func (s *Store) Lost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

func cannotWrite(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) ||
		errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EIO)
}
