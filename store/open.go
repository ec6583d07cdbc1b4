package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"syscall"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// open opens the file for writing, or else for reading, and reads it whole.
func (s *Store) open() (*merge.Records, error) {
	records := &merge.Records{}
	err := s.openFile(false, records)
	switch {
	case errors.Is(err, errDamaged):
		if err = s.setAside(err); err == nil {
			err = s.openFile(false, records)
		}
	case cannotWrite(err):
		s.options.Logger.Error("state cannot be written; counting goes on in memory, and writing is tried again", "file", s.path, "err", err)
		return s.openReadOnly(err)
	}
	if err != nil {
		return nil, err
	}
	s.adopt()
	return records, nil
}

// adopt takes the names from the file, which holds all that was ever committed.
func (s *Store) adopt() {
	s.file = s.meta(keyFile)
	if uuid := s.meta(keyUUID); uuid != "" {
		s.options.UUID = uuid
	}
}

func (s *Store) openReadOnly(cause error) (*merge.Records, error) {
	records := &merge.Records{}
	if _, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) {
		return records, nil
	}
	if err := s.openFile(true, records); err != nil {
		return nil, fmt.Errorf("%w, and to read it: %w", cause, err)
	}
	s.adopt()
	err := s.db.Close()
	s.db = nil
	return records, err
}

// reopen opens the file for writing if it is not open.
func (s *Store) reopen() error {
	if s.db != nil {
		return nil
	}
	err := s.openFile(false, nil)
	if errors.Is(err, errDamaged) {
		if err = s.setAside(err); err == nil {
			err = s.openFile(false, nil)
		}
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", s.path, err)
	}
	if s.meta(keyFile) != s.file {
		s.file = "" // another file, or a new one
	}
	s.options.Logger.Info("state can be written again", "file", s.path)
	return nil
}

// setAside gives the damaged file another name.
func (s *Store) setAside(cause error) error {
	aside := fmt.Sprintf("%s.damaged-%s", s.path, s.options.Now().UTC().Format("20060102T150405Z"))
	if err := os.Rename(s.path, aside); err != nil {
		return fmt.Errorf("%w, and cannot be set aside: %w", cause, err)
	}
	s.damaged = aside
	s.options.Logger.Error("state file is damaged and was set aside", "file", s.path, "aside", aside, "err", cause)
	return nil
}

func cannotWrite(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) ||
		errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EIO)
}

// openFile opens the file, checks it, and reads it into records unless that is nil. It
// sets db when it succeeds.
func (s *Store) openFile(readOnly bool, records *merge.Records) (err error) {
	if !readOnly {
		if err := os.MkdirAll(s.options.Dir, 0o750); err != nil {
			return err
		}
	}
	if err := s.checkSize(); err != nil {
		return err
	}
	// A file that was cut off faults when it is read beyond its end.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var db *bbolt.DB
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errDamaged, v)
		}
		if err != nil && db != nil {
			_ = db.Close() // the first error tells more
		}
	}()
	db, err = bbolt.Open(s.path, 0o640, &bbolt.Options{
		Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType, ReadOnly: readOnly, OpenFile: s.options.OpenFile,
	})
	if err != nil {
		return explain(err)
	}
	if err := db.View(check); err != nil {
		return err
	}
	if !readOnly {
		if err := db.Update(s.prepare); err != nil {
			return err
		}
	}
	if records != nil {
		if err := db.View(func(tx *bbolt.Tx) error { return s.load(tx, records) }); err != nil {
			return fmt.Errorf("%w: %w", errDamaged, err)
		}
	}
	s.db = db
	return nil
}

// explain puts bbolt's errors in our terms.
func explain(err error) error {
	switch {
	case errors.Is(err, bbolterrors.ErrTimeout):
		return ErrInUse
	case errors.Is(err, bbolterrors.ErrInvalid), errors.Is(err, bbolterrors.ErrChecksum), errors.Is(err, bbolterrors.ErrVersionMismatch):
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return err
}

// checkSize finds a file that ends before its first two pages do, which bbolt would
// take for a new one if it is empty, and wait for if it is not.
func (s *Store) checkSize() error {
	info, err := os.Stat(s.path)
	if err != nil || info.Size() == 0 {
		return nil //nolint:nilerr // what is wrong with the file, opening it tells
	}
	if info.IsDir() {
		return errors.New("it is a directory")
	}
	if info.Size() < int64(2*os.Getpagesize()) {
		return fmt.Errorf("%w: it has only %d bytes", errDamaged, info.Size())
	}
	return nil
}

var (
	bucketMeta        = []byte("meta")
	bucketServices    = []byte("services")
	bucketProcesses   = []byte("processes")
	bucketForgotten   = []byte("forgotten")
	bucketExceptions  = []byte("exceptions")
	bucketOccurrences = []byte("occurrences")
	bucketSeries      = []byte("series")
	bucketScrapers    = []byte("scrapers")

	keyVersion = []byte("version")
	keyUUID    = []byte("uuid")
	keyFile    = []byte("file")
)

func recordBuckets() [][]byte {
	return [][]byte{
		bucketServices, bucketProcesses, bucketForgotten,
		bucketExceptions, bucketOccurrences, bucketSeries, bucketScrapers,
	}
}

// prepare makes what a new file lacks.
func (s *Store) prepare(tx *bbolt.Tx) error {
	for _, name := range append(recordBuckets(), bucketMeta) {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(bucketMeta)
	if meta.Get(keyFile) == nil {
		if err := meta.Put(keyFile, []byte(periskop.NewUUID())); err != nil {
			return err
		}
		if err := meta.Put(keyUUID, []byte(s.options.UUID)); err != nil {
			return err
		}
	}
	return meta.Put(keyVersion, binary.BigEndian.AppendUint32(nil, version))
}

// check reads all pages, compares them with the list of free ones, and looks at the
// version.
func check(tx *bbolt.Tx) error {
	if meta := tx.Bucket(bucketMeta); meta != nil {
		if err := checkVersion(meta.Get(keyVersion)); err != nil {
			return err
		}
	}
	var first error
	for err := range tx.Check() { // must be read to its end
		if first == nil {
			first = fmt.Errorf("%w: %w", errDamaged, err)
		}
	}
	return first
}

func checkVersion(v []byte) error {
	switch {
	case v == nil:
		return nil // a new file
	case len(v) != 4:
		return fmt.Errorf("%w: its version has %d bytes", errDamaged, len(v))
	}
	if n := binary.BigEndian.Uint32(v); n > version {
		return fmt.Errorf("%w: the layout has version %d, this program knows %d", ErrNewer, n, version)
	}
	return nil
}

// meta returns a value of the open file, "" when it has none.
func (s *Store) meta(key []byte) string {
	var value string
	_ = s.db.View(func(tx *bbolt.Tx) error { // fails only on a closed file
		if meta := tx.Bucket(bucketMeta); meta != nil {
			value = string(meta.Get(key))
		}
		return nil
	})
	return value
}
