package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/prometheus/prometheus/tsdb/fileutil"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// open reads the state, and makes it ready to be written.
func (s *Store) open() (*merge.Saved, error) {
	err := os.MkdirAll(s.options.Dir, 0o750)
	if err == nil {
		s.mark, err = openMark(s.options.Dir)
	}
	switch {
	case errors.Is(err, ErrInUse):
		return nil, err
	case err != nil && s.mark == nil:
		s.mark = &mark{}
	}
	saved, readErr := s.read()
	switch {
	case errors.Is(readErr, fs.ErrPermission):
		return nil, fmt.Errorf("%w; %s", readErr, remedy(s.options.Dir, readErr))
	case readErr != nil:
		return nil, readErr
	}
	if err == nil {
		err = s.begin()
	}
	if err != nil {
		if !cannotWrite(err) {
			return nil, err
		}
		s.options.Logger.Error("state cannot be written; counting goes on in memory, and writing is tried again", "file", s.path, "err", err, "remedy", remedy(s.options.Dir, err))
	}
	return saved, nil
}

// begin makes the file that was read ready to be written, or writes a new one.
func (s *Store) begin() error {
	if s.lost && s.size > 0 {
		s.keepDamaged()
		return nil // all of it is written anew by the next commit
	}
	if s.size == 0 {
		return s.rewrite(&merge.Records{All: true})
	}
	f, err := s.options.OpenFile(s.path, os.O_RDWR|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	if err := f.Truncate(s.size); err != nil { // what is behind belongs to a commit that was not finished
		return errors.Join(err, f.Close())
	}
	s.file = f
	if err := s.mark.renew(); err != nil {
		return err
	}
	if err := s.extend(func(w *frameWriter) { w.frame(head{kind: kindMeta}, s.meta()) }); err != nil {
		return err
	}
	s.mark.before = ""
	return s.sync() // what was read of the journal stays there until the next commit
}

// keepDamaged keeps the damaged file under another name.
func (s *Store) keepDamaged() {
	aside := fmt.Sprintf("%s.damaged-%s", s.path, s.options.Now().UTC().Format("20060102T150405Z"))
	err := os.Link(s.path, aside)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		s.options.Logger.Warn("the damaged state cannot be kept under another name", "file", s.path, "err", err)
		return
	}
	s.damaged = aside
}

// read reads the file, if there is one.
func (s *Store) read() (*merge.Saved, error) {
	saved := &merge.Saved{Alive: s.mark.alive}
	f, err := fileutil.OpenMmapFile(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return saved, nil
	case err != nil:
		b, readErr := os.ReadFile(s.path)
		if readErr != nil {
			return nil, readErr
		}
		if len(b) > 0 {
			return nil, err
		}
		return saved, s.checkDamage(&loader{}, saved) // an empty file cannot be mapped
	}
	l := loader{store: s, saved: saved, reader: eventReader{traces: map[string][]string{}}, unpacking: unpacking{decoder: s.occurrences.decompress}}
	l.scanner.b = f.Bytes()
	if l.file, err = os.Open(s.path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	l.load()
	err = s.checkDamage(&l, saved)
	return saved, errors.Join(err, f.Close())
}

// checkDamage finds out what is missing, and logs it.
func (s *Store) checkDamage(l *loader, saved *merge.Saved) error {
	if l.version != 0 && l.version != version {
		return fmt.Errorf("%w: its layout has version %d, this program knows %d", ErrNewer, l.version, version)
	}
	s.size, s.number = l.end, l.endNumber
	if l.uuid != "" {
		s.options.UUID = l.uuid
	}
	if s.mark.is(l.mark) {
		l.ignoreUnfinished(s.mark.synced)
	}
	lost := l.lostServices()
	switch {
	case len(l.scanner.b) > 0 && l.version == 0, l.scanner.unknown > 0, l.all, s.mark.synced > l.end && s.mark.is(l.mark):
		saved.LostAll = true
	case !s.mark.is(l.mark):
		saved.LostAll = true
		s.lost = true
		s.options.Logger.Error("the state is not the one that was written last, but was put back from elsewhere: counters begin at zero, and what targets report is history", "file", s.path)
		return nil
	}
	saved.Lost = lost
	if s.lost = saved.LostAll || len(lost) > 0; s.lost {
		s.options.Logger.Error("state file is damaged: services that lost something begin anew, with counters at zero", "file", s.path,
			"frames", len(l.scanner.lost)+l.scanner.unknown, "all_services", saved.LostAll, "services", lost)
	}
	return nil
}

// A loader takes in the frames of a file.
type loader struct {
	store   *Store
	saved   *merge.Saved
	scanner scanner
	reader  eventReader
	unpacking
	file *os.File // what is read later is read from it

	version    uint64
	uuid, mark string
	// tables hold the records that were committed, by table and key: where they are.
	tables map[table]map[string]recordLocation
	// changes are those since the last commit, in pieces: the first commit has all that there is.
	changes chunks
	seq     uint64 // of the last event that the records comprise
	// end is where the last frame ends that counts, and endNumber is the number of the
	// next.
	end       int64
	endNumber uint32
	// lastPut is the number of the last put or delete of each key, by its hash.
	lastPut map[recordHash]uint32
	names   map[uint32]string // of services, by their hash
	all     bool              // anything can be missing
}

type recordHash struct {
	table table
	key   uint32
}

// A recordLocation is where in the file the frame of a record begins, and where its value
// begins and ends.
type recordLocation struct{ frame, from, to int }

type change struct {
	table    table
	key      string
	location recordLocation
	delete   bool
}

func (l *loader) load() {
	l.tables = map[table]map[string]recordLocation{}
	l.lastPut = map[recordHash]uint32{}
	l.names = map[uint32]string{}
	l.scanner.scan(l.frame)
	l.records()
	l.saved.Events = slices.DeleteFunc(l.saved.Events, func(e merge.Event) bool { return e.Seq <= l.seq })
}

func (l *loader) frame(h head, payload []byte, at int) {
	switch h.kind {
	case kindPut, kindDelete:
		l.change(h, payload, at)
		return
	case kindMeta:
		d := decoder{b: payload}
		l.version = d.uint()
		l.uuid, l.mark = d.string(), d.string()
	case kindCommit:
		l.commit(payload)
	case kindEvent:
		l.event(h, payload, at)
	case kindDictionary:
		if err := l.begin(h.number, payload); err != nil {
			l.all = true // its checksum is right: no damage, but nothing that can be used
		}
	}
	l.end, l.endNumber = int64(at+frameSize+len(payload)), h.number+1
}

// chunks is a list that grows without being copied.
type chunks struct {
	list [][]change
	len  int
}

const chunkSize = 4096

func (c *chunks) add(one change) {
	if at := c.len / chunkSize; at == len(c.list) {
		c.list = append(c.list, make([]change, 0, chunkSize))
	}
	last := &c.list[c.len/chunkSize]
	*last = append(*last, one)
	c.len++
}

// clear empties it, and keeps the memory that a small commit takes.
func (c *chunks) clear() {
	if c.len > 0 {
		c.list = append(c.list[:0:1], c.list[0][:0])
	}
	c.len = 0
}

// of counts the changes of each table.
func (c *chunks) of() map[table]int {
	n := map[table]int{}
	for _, chunk := range c.list {
		for i := range chunk {
			n[chunk[i].table]++
		}
	}
	return n
}

func (l *loader) change(h head, payload []byte, at int) {
	d := decoder{b: payload}
	key := d.string()
	to := at + headSize + len(payload)
	l.changes.add(change{h.table, key, recordLocation{at, to - len(d.b), to}, h.kind == kindDelete})
	l.lastPut[recordHash{h.table, h.key}] = h.number
}

func (l *loader) commit(payload []byte) {
	d := decoder{b: payload}
	seq, count := d.uint(), d.uint()
	if uint64(l.changes.len) > count {
		l.all = true // it is not the end of these changes
	}
	l.seq = max(l.seq, seq)
	for t, n := range l.changes.of() {
		if l.tables[t] == nil {
			l.tables[t] = make(map[string]recordLocation, n)
		}
	}
	for _, chunk := range l.changes.list {
		for i := range chunk {
			c := &chunk[i]
			if records := l.tables[c.table]; c.delete {
				delete(records, c.key)
			} else {
				records[c.key] = c.location
			}
		}
	}
	l.changes.clear()
	l.saved.Events = slices.DeleteFunc(l.saved.Events, func(e merge.Event) bool { return e.Seq <= l.seq })
	clear(l.reader.traces)
}

func (l *loader) event(h head, payload []byte, at int) {
	var e merge.Event
	raw, err := l.unpack(payload)
	if err == nil {
		e, err = l.reader.decode(raw)
	}
	if err != nil {
		l.scanner.lost = append(l.scanner.lost, lostFrame{h, at})
		return
	}
	l.saved.Events = append(l.saved.Events, e)
	if e.Answer != nil {
		l.names[nameHash(e.Answer.Service)] = e.Answer.Service
	}
}

// records decodes the records that were committed.
func (l *loader) records() {
	r := &l.saved.Records
	each(l, tableServices, decodeService, &r.Services)
	each(l, tableRounds, decodeRound, &r.Rounds)
	each(l, tableEndpoints, decodeEndpoint, &r.Endpoints)
	each(l, tableProcesses, decodeProcess, &r.Processes)
	each(l, tableForgotten, decodeForgotten, &r.Forgotten)
	known := make(names, 3*len(l.tables[tableExceptions])) // key, ID and newest occurrence of each
	each(l, tableExceptions, known.decodeException, &r.Exceptions)
	l.occurrences()
	each(l, tableMembers, decodeMember, &r.Members)
	each(l, tableSeries, known.decodeSeries, &r.Series)
	each(l, tableScrapers, decodeScraper, &r.Scrapers)
	r.Seq = l.seq
	for i := range r.Services {
		l.names[nameHash(r.Services[i].Name)] = r.Services[i].Name
	}
	for i := range r.Processes {
		l.names[nameHash(r.Processes[i].Service)] = r.Processes[i].Service
	}
	for i := range r.Exceptions {
		l.names[nameHash(r.Exceptions[i].Service)] = r.Exceptions[i].Service
	}
}

func each[T any](l *loader, t table, decode func(key, value []byte) (T, error), list *[]T) {
	*list = make([]T, 0, len(l.tables[t]))
	for key, at := range l.tables[t] {
		record, err := decode([]byte(key), l.scanner.b[at.from:at.to])
		if err != nil { // its checksum is right: no damage, but nothing that can be used
			l.all = true
			continue
		}
		*list = append(*list, record)
	}
}

// occurrences notes where the occurrences are, and reads none.
func (l *loader) occurrences() {
	records := l.tables[tableOccurrences]
	l.saved.Occurrences = make([]merge.OccurrencesRecord, 0, len(records))
	for key, at := range records {
		name, err := parseExceptionKey([]byte(key))
		d := decoder{b: l.scanner.b[at.from:at.to]}
		marks := d.marks()
		if err != nil || d.err != nil {
			l.all = true
			continue
		}
		from := &stored{codec: l.store.occurrences, file: l.file, at: int64(at.frame), size: uint32(at.to + tailSize - at.frame)}
		l.saved.Occurrences = append(l.saved.Occurrences, merge.OccurrencesRecord{ExceptionName: name, Kept: merge.NewStored(marks, from)})
	}
}

// ignoreUnfinished takes a frame that was being written when the machine ended for what it
// is: it is the last one, and was not synced.
func (l *loader) ignoreUnfinished(synced int64) {
	l.scanner.lost = slices.DeleteFunc(l.scanner.lost, func(f lostFrame) bool {
		return f.until > l.scanner.end && int64(f.until) > synced
	})
}

// lostServices returns the services of which a frame was damaged and no later one makes up
// for it.
func (l *loader) lostServices() []string {
	var lost []string
	for _, h := range l.scanner.lost {
		if h.kind == kindPut || h.kind == kindDelete {
			if last, ok := l.lastPut[recordHash{h.table, h.key}]; ok && last > h.number {
				continue
			}
		}
		name, known := l.names[h.service]
		switch {
		case h.kind == kindDictionary: // the events that want it are lost, and tell of whom
		case h.table == tableScrapers, h.table == tableMembers: // nothing is counted wrongly without it
		case h.service == 0 && h.kind != kindMeta:
			l.all = true
		case known && !slices.Contains(lost, name):
			lost = append(lost, name)
		}
	}
	slices.Sort(lost)
	return lost
}
