package store

import (
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// load reads all records.
func (s *Store) load(tx *bbolt.Tx, r *merge.Records) error {
	l := loader{tx: tx}
	each(&l, bucketServices, decodeService, &r.Services)
	each(&l, bucketProcesses, decodeProcess, &r.Processes)
	each(&l, bucketForgotten, decodeForgotten, &r.Forgotten)
	each(&l, bucketExceptions, decodeException, &r.Exceptions)
	each(&l, bucketOccurrences, s.occurrences.decode, &r.Occurrences)
	each(&l, bucketSeries, decodeSeries, &r.Series)
	each(&l, bucketScrapers, decodeScraper, &r.Scrapers)
	return l.err
}

// A loader reads until the first error.
type loader struct {
	tx  *bbolt.Tx
	err error
}

func each[T any](l *loader, bucket []byte, decode func(key, value []byte) (T, error), list *[]T) {
	b := l.tx.Bucket(bucket)
	if l.err != nil || b == nil { // a file that could only be read may lack it
		return
	}
	l.err = b.ForEach(func(key, value []byte) error {
		record, err := decode(key, value)
		if err != nil {
			return fmt.Errorf("%s: %w", bucket, err)
		}
		*list = append(*list, record)
		return nil
	})
}
