package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// minRewrite is how large a file gets before it is written anew because most of it is of
// no use any more.
const minRewrite = 8 << 20

// Append implements merge.Store. After an error nothing more is appended before the next
// commit: what the kernel has lost of a failed write it does not tell twice.
func (s *Store) Append(events []*merge.Event) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.check(); err != nil {
		return s.journal, s.explain(err)
	}
	before := s.size
	err := s.extend(func(w *frameWriter) {
		for _, e := range events {
			if w.err = s.packing.begin(w); w.err != nil {
				return
			}
			payload, service := s.events.encode(e)
			if s.events.raw > maxOccurrences {
				w.err = errLarge
				return
			}
			h := head{kind: kindEvent, service: nameHash(service)}
			if e.Scraper != nil {
				h.table = tableScrapers
			}
			if !w.frame(h, payload...) {
				w.err = errLarge // a commit writes what it tells record by record
				return
			}
		}
	})
	s.journal += s.size - before
	return s.journal, s.explain(err)
}

// Sync implements merge.Store.
func (s *Store) Sync() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.check(); err != nil {
		return s.explain(err)
	}
	return s.explain(s.sync())
}

// Commit implements merge.Store. It asks for everything, with merge.ErrIncomplete, when
// there is no file, when somebody removed it or cut it off, after an error, and when most
// of it is of no use any more.
func (s *Store) Commit(changes *merge.Records) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if changes.All {
		return s.explain(s.rewrite(changes))
	}
	if err := s.check(); err != nil || s.size > max(minRewrite, 2*s.live) {
		return merge.ErrIncomplete
	}
	err := s.extend(func(w *frameWriter) { w.change(changes) })
	if err == nil {
		err = s.sync()
	}
	if err == nil {
		s.committed()
	}
	return s.explain(err)
}

func (s *Store) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write %s: %w", s.path, err)
}

var (
	errClosed  = errors.New("it is not open since it could not be written")
	errRemoved = errors.New("somebody removed the file, or put another one in its place")
	errCut     = errors.New("somebody cut the file off")
	errLarge   = errors.New("an answer told more than one record can hold")
)

// check finds out whether the file is the one that was written.
func (s *Store) check() error {
	if s.file == nil {
		return errClosed
	}
	opened, err := s.file.Stat()
	if err != nil {
		return s.abandon(err)
	}
	there, err := os.Stat(s.path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return s.abandon(err)
	case err != nil, !os.SameFile(opened, there):
		return s.abandon(errRemoved)
	}
	return s.checkSize()
}

// abandon gives the file up, so that the next commit writes all anew. What it holds of
// occurrences can still be read: it is closed once nothing refers to it.
func (s *Store) abandon(err error) error {
	s.file = nil
	return err
}

// extend appends to the file, all that f writes or nothing.
func (s *Store) extend(f func(*frameWriter)) error {
	w := frameWriter{store: s, file: s.file, at: s.size, number: s.number}
	f(&w)
	w.flush()
	if w.err != nil {
		s.forget() // what it wrote is not there
		if err := s.file.Truncate(s.size); err != nil {
			return s.abandon(w.err)
		}
		return w.err
	}
	s.size, s.number = w.at, w.number
	return s.checkSize()
}

// checkSize finds out whether the file was cut off. It is always appended to, never written at
// a place: so it is too short then, and has no hole, even when that happened a moment ago.
func (s *Store) checkSize() error {
	opened, err := s.file.Stat()
	switch {
	case err != nil:
		return s.abandon(err)
	case opened.Size() < s.size:
		return s.abandon(errCut)
	}
	return nil
}

func (s *Store) sync() error {
	if err := s.file.Sync(); err != nil {
		return s.abandon(err)
	}
	s.mark.synced = s.size
	return s.mark.write()
}

func (s *Store) committed() {
	s.journal = 0
	s.forget()
}

// forget makes what is appended next refer to nothing before it.
func (s *Store) forget() {
	s.events.forget()
	s.packing.forget()
}

// nameHash is the hash of a service's name, 0 for none.
func nameHash(service string) uint32 {
	if service == "" {
		return 0
	}
	return crc32.Checksum([]byte(service), castagnoli)
}

// rewrite writes everything to a new file, which takes the place of the old one.
func (s *Store) rewrite(all *merge.Records) error {
	if err := s.lock(); err != nil {
		return err
	}
	f, err := s.options.OpenFile(s.path+".new", os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return s.abandon(err)
	}
	if err := s.mark.renew(); err != nil {
		return errors.Join(err, f.Close())
	}
	w := frameWriter{store: s, file: f}
	w.frame(head{kind: kindMeta}, s.meta())
	w.change(all)
	w.flush()
	err = w.err
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(s.path+".new", s.path)
	}
	if err != nil {
		s.mark.id, s.mark.before, s.mark.synced = s.mark.before, "", s.size // the old file is as it was
		return errors.Join(err, s.mark.write(), f.Close())
	}
	_ = s.abandon(nil)
	s.file, s.size, s.number, s.live = f, w.at, w.number, w.at
	s.mark.before, s.mark.synced = "", s.size
	s.committed()
	return errors.Join(syncDir(filepath.Dir(s.path)), s.mark.write())
}

// newMark returns a random mark.
func newMark() string { return strings.ReplaceAll(periskop.NewUUID(), "-", "") }

// meta returns what the first frame of a file says, and the first of each start.
func (s *Store) meta() []byte {
	var e encoder
	e.uint(version)
	e.string(s.options.UUID)
	e.string(s.mark.id)
	return e.b
}

// lock takes the lock if the directory could not be written before.
func (s *Store) lock() error {
	if s.mark.lock != nil {
		return nil
	}
	if err := os.MkdirAll(s.options.Dir, 0o750); err != nil {
		return err
	}
	m, err := openMark(s.options.Dir)
	if err != nil {
		return err
	}
	s.mark = m
	s.options.Logger.Info("state can be written again", "file", s.path)
	return nil
}

// syncDir makes a rename survive a crash of the machine.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// A frameWriter writes frames to a file until the first error.
type frameWriter struct {
	store  *Store
	file   *os.File
	at     int64
	number uint32 // of the next frame
	b      []byte
	count  int
	err    error
}

// writeSize is how much is written at once: a commit of everything is not built in memory.
const writeSize = 1 << 20

func (w *frameWriter) flush() {
	w.write(w.b)
	w.b = w.b[:0]
}

func (w *frameWriter) write(b []byte) {
	if w.err == nil && len(b) > 0 {
		_, w.err = w.file.Write(b)
	}
	w.at += int64(len(b))
}

// frame writes a frame with a payload of so many parts, of which large ones are not copied.
// It reports false, and writes nothing, when that is more than would be read.
func (w *frameWriter) frame(h head, payload ...[]byte) bool {
	size, sum := 0, uint32(0)
	for _, part := range payload {
		size += len(part)
		sum = crc32.Update(sum, castagnoli, part)
	}
	if size > w.store.largest {
		return false
	}
	h.number, h.length = w.number, uint32(size)
	w.number++
	w.b = h.appendHead(w.b)
	for _, part := range payload {
		if len(part) >= writeSize {
			w.flush()
			w.write(part)
		} else if w.b = append(w.b, part...); len(w.b) >= writeSize {
			w.flush()
		}
	}
	if w.b = h.appendTail(w.b, sum); len(w.b) >= writeSize {
		w.flush()
	}
	return true
}

// change writes the frames of a commit.
func (w *frameWriter) change(r *merge.Records) {
	w.remove(&r.Removed)
	w.put(r)
	var e encoder
	e.uint(r.Seq)
	e.uint(uint64(w.count))
	w.frame(head{kind: kindCommit}, e.b)
}

func (w *frameWriter) record(k kind, t table, service string, key, value []byte) {
	var e encoder
	e.bytes(key)
	if w.frame(head{kind: k, table: t, service: nameHash(service), key: crc32.Checksum(key, castagnoli)}, e.b, value) {
		w.count++
	} else if s := w.store; !s.leftOut {
		s.leftOut = true
		s.options.Logger.Error("a record is larger than can be read again, and is not kept; smaller limits make smaller ones", "service", service, "bytes", len(value), "limit", s.largest)
	}
}

func (w *frameWriter) remove(r *merge.Removed) {
	for _, name := range r.Services {
		w.record(kindDelete, tableServices, name, []byte(name), nil)
	}
	for _, n := range r.Endpoints {
		w.record(kindDelete, tableEndpoints, n.Service, endpointKey(n), nil)
	}
	for _, n := range r.Processes {
		w.record(kindDelete, tableProcesses, n.Service, processKey(n), nil)
	}
	for _, n := range r.Forgotten {
		w.record(kindDelete, tableForgotten, n.Service, processKey(n), nil)
	}
	for _, n := range r.Exceptions {
		w.record(kindDelete, tableExceptions, n.Service, exceptionKey(n), nil)
		w.record(kindDelete, tableOccurrences, n.Service, exceptionKey(n), nil)
	}
	for _, n := range r.Members {
		w.record(kindDelete, tableMembers, n.Service, exceptionKey(n), nil)
	}
	for _, n := range r.Series {
		w.record(kindDelete, tableSeries, "", seriesKey(n), nil)
	}
	for _, id := range r.Scrapers {
		w.record(kindDelete, tableScrapers, "", []byte(id), nil)
	}
}

func (w *frameWriter) put(r *merge.Records) {
	for i := range r.Services {
		w.record(kindPut, tableServices, r.Services[i].Name, []byte(r.Services[i].Name), encodeService(&r.Services[i]))
	}
	for i := range r.Rounds {
		w.record(kindPut, tableRounds, "", []byte(r.Rounds[i].Discovery), encodeRound(&r.Rounds[i]))
	}
	for i := range r.Endpoints {
		w.record(kindPut, tableEndpoints, r.Endpoints[i].Service, endpointKey(r.Endpoints[i].EndpointName), encodeEndpoint(&r.Endpoints[i]))
	}
	for i := range r.Processes {
		w.record(kindPut, tableProcesses, r.Processes[i].Service, processKey(r.Processes[i].ProcessName), encodeProcess(&r.Processes[i]))
	}
	for i := range r.Forgotten {
		w.record(kindPut, tableForgotten, r.Forgotten[i].Service, processKey(r.Forgotten[i].ProcessName), encodeForgotten(&r.Forgotten[i]))
	}
	for i := range r.Exceptions {
		w.record(kindPut, tableExceptions, r.Exceptions[i].Service, exceptionKey(r.Exceptions[i].ExceptionName), encodeException(&r.Exceptions[i]))
	}
	for i := range r.Occurrences {
		w.occurrencesRecord(&r.Occurrences[i])
	}
	for i := range r.Members {
		w.record(kindPut, tableMembers, r.Members[i].Service, exceptionKey(r.Members[i].ExceptionName), encodeMember(&r.Members[i]))
	}
	for i := range r.Series {
		w.record(kindPut, tableSeries, r.Series[i].Service, seriesKey(r.Series[i].SeriesName), encodeSeries(&r.Series[i]))
	}
	for i := range r.Scrapers {
		w.record(kindPut, tableScrapers, "", []byte(r.Scrapers[i].ID), encodeScraper(&r.Scrapers[i]))
	}
}
