package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// Commit implements merge.Store. After an error the file is closed, and opened again by
// the next commit: what the kernel has lost of a failed write it does not tell twice.
// A file that had to be made anew asks for everything, with merge.ErrIncomplete.
func (s *Store) Commit(changes *merge.Records) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) && s.db != nil {
		_ = s.db.Close() // somebody removed the file: what is written to it is lost
		s.db = nil
	}
	if err := s.reopen(); err != nil {
		return err
	}
	if s.file == "" && !changes.All {
		return merge.ErrIncomplete
	}
	if err := s.update(changes); err != nil {
		_ = s.db.Close() // the first error tells more
		s.db = nil
		return fmt.Errorf("write %s: %w", s.path, err)
	}
	if s.file == "" {
		s.file = s.meta(keyFile)
	}
	return nil
}

func (s *Store) update(changes *merge.Records) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil { // bbolt asserts with panics
			err = fmt.Errorf("%w: %v", errDamaged, v)
		}
	}()
	return s.db.Update(func(tx *bbolt.Tx) error {
		w := writer{tx: tx}
		if changes.All {
			w.empty()
		}
		w.remove(&changes.Removed)
		w.put(changes, s.occurrences)
		return w.err
	})
}

// A writer writes until the first error.
type writer struct {
	tx  *bbolt.Tx
	err error
}

func (w *writer) set(bucket, key, value []byte) {
	if w.err == nil {
		w.err = w.tx.Bucket(bucket).Put(key, value)
	}
}

func (w *writer) unset(bucket, key []byte) {
	if w.err == nil {
		w.err = w.tx.Bucket(bucket).Delete(key)
	}
}

// empty removes all records.
func (w *writer) empty() {
	for _, name := range recordBuckets() {
		if w.err == nil {
			w.err = w.tx.DeleteBucket(name)
		}
		if w.err == nil {
			_, w.err = w.tx.CreateBucket(name)
		}
	}
}

func (w *writer) remove(r *merge.Removed) {
	for _, n := range r.Processes {
		w.unset(bucketProcesses, processKey(n))
	}
	for _, n := range r.Forgotten {
		w.unset(bucketForgotten, processKey(n))
	}
	for _, n := range r.Exceptions {
		w.unset(bucketExceptions, exceptionKey(n))
		w.unset(bucketOccurrences, exceptionKey(n))
	}
	for _, n := range r.Series {
		w.unset(bucketSeries, seriesKey(n))
	}
	for _, id := range r.Scrapers {
		w.unset(bucketScrapers, []byte(id))
	}
}

func (w *writer) put(r *merge.Records, codec *occurrences) {
	for i := range r.Services {
		w.set(bucketServices, []byte(r.Services[i].Name), encodeService(&r.Services[i]))
	}
	for i := range r.Processes {
		w.set(bucketProcesses, processKey(r.Processes[i].ProcessName), encodeProcess(&r.Processes[i]))
	}
	for i := range r.Forgotten {
		w.set(bucketForgotten, processKey(r.Forgotten[i].ProcessName), encodeForgotten(&r.Forgotten[i]))
	}
	for i := range r.Exceptions {
		w.set(bucketExceptions, exceptionKey(r.Exceptions[i].ExceptionName), encodeException(&r.Exceptions[i]))
	}
	for i := range r.Occurrences {
		value, err := codec.encode(r.Occurrences[i].Occurrences)
		if w.err == nil && err != nil {
			w.err = err
		}
		w.set(bucketOccurrences, exceptionKey(r.Occurrences[i].ExceptionName), value)
	}
	for i := range r.Series {
		w.set(bucketSeries, seriesKey(r.Series[i].SeriesName), encodeSeries(&r.Series[i]))
	}
	for i := range r.Scrapers {
		w.set(bucketScrapers, []byte(r.Scrapers[i].ID), encodeScraper(&r.Scrapers[i]))
	}
}
