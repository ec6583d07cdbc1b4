package store

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// fileName is the file in the directory of [Options].
const fileName = "state.db"

// version is that of the layout in doc.go.
const version = 1

// lockTimeout is how long to wait for another process to let go of the file. A restart
// does not overlap by more.
const lockTimeout = 100 * time.Millisecond

// Errors of [Open] that the operator must mend.
var (
	ErrInUse = errors.New("another process uses it; each exporter needs a --storage.path of its own")
	ErrNewer = errors.New("a newer version of this program wrote it")
)

// errDamaged is what a file is that cannot be read for what it holds.
var errDamaged = errors.New("the file is damaged")

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
	// OpenFile opens the file, in place of os.OpenFile: for tests that inject errors.
	OpenFile func(string, int, os.FileMode) (*os.File, error)
}

// A Store is a merge.Store in a file. Commit is for one goroutine at a time; the other
// methods are safe for concurrent use.
type Store struct {
	options     Options
	path        string
	occurrences *occurrences

	mu sync.Mutex // guards the rest
	// db is nil while the file cannot be written.
	db *bbolt.DB
	// file names the file which holds all that was ever committed; "" when none does.
	file    string
	damaged string
}

// Open opens the file and returns what it holds. One that is damaged is set aside, and
// one that cannot be written is only read; both are logged, and no error: the program
// can do its work. The error is ErrInUse, ErrNewer, or that the file cannot be read.
func Open(o Options) (*Store, *merge.Records, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.UUID == "" {
		o.UUID = periskop.NewUUID()
	}
	codec, err := newOccurrences()
	if err != nil {
		return nil, nil, err
	}
	s := &Store{options: o, path: filepath.Join(o.Dir, fileName), occurrences: codec}
	records, err := s.open()
	if err != nil {
		codec.close()
		return nil, nil, fmt.Errorf("open %s: %w", s.path, err)
	}
	return s, records, nil
}

// UUID names the exporter: what the file says that was there at the start, or else what
// [Options] say. It does not change.
func (s *Store) UUID() string { return s.options.UUID }

// Close closes the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.occurrences.close()
	if s.db == nil {
		return nil
	}
	err := s.db.Close()
	s.db = nil
	if err != nil {
		return fmt.Errorf("close %s: %w", s.path, err)
	}
	return nil
}

// Size returns the size of the file in bytes, 0 when there is none.
func (s *Store) Size() int64 {
	info, err := os.Stat(s.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Damaged returns the name under which a damaged file was set aside since the start, or
// "".
func (s *Store) Damaged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.damaged
}
