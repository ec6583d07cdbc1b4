package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"

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
	putAll(w, bucketServices, r.Services, func(r *merge.ServiceRecord) []byte { return []byte(r.Name) }, encodeService)
	putAll(w, bucketProcesses, r.Processes, func(r *merge.ProcessRecord) []byte { return processKey(r.ProcessName) }, encodeProcess)
	putAll(w, bucketForgotten, r.Forgotten, func(r *merge.ForgottenRecord) []byte { return processKey(r.ProcessName) }, encodeForgotten)
	putAll(w, bucketExceptions, r.Exceptions, func(r *merge.ExceptionRecord) []byte { return exceptionKey(r.ExceptionName) }, encodeException)
	putAll(w, bucketOccurrences, r.Occurrences, func(r *merge.OccurrencesRecord) []byte { return exceptionKey(r.ExceptionName) },
		func(r *merge.OccurrencesRecord) []byte { return codec.encode(r.Occurrences) })
	putAll(w, bucketSeries, r.Series, func(r *merge.SeriesRecord) []byte { return seriesKey(r.SeriesName) }, encodeSeries)
	putAll(w, bucketScrapers, r.Scrapers, func(r *merge.ScraperRecord) []byte { return []byte(r.ID) }, encodeScraper)
}

// putAll puts the records in the order of their keys. In any other order, bbolt would move
// half of what is new in a bucket for each record: it is all one node until the end of
// the transaction.
func putAll[R any](w *writer, bucket []byte, records []R, key, value func(*R) []byte) {
	type keyed struct {
		key    []byte
		record *R
	}
	sorted := make([]keyed, len(records))
	for i := range records {
		sorted[i] = keyed{key(&records[i]), &records[i]}
	}
	slices.SortFunc(sorted, func(a, b keyed) int { return bytes.Compare(a.key, b.key) })
	for _, r := range sorted {
		if w.err != nil {
			return
		}
		w.set(bucket, r.key, value(r.record))
	}
}
