package merge

import (
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"time"
)

// StoreStatus is how the store is.
type StoreStatus struct {
	// Commits is how many commits succeeded, and Failures how many did not.
	Commits, Failures uint64
	// Last is when the last commit succeeded, and Duration how long it took.
	Last     time.Time
	Duration time.Duration
	// Err is why the last commit failed, or that the one under way takes too long; nil
	// when all is well.
	Err error
	// began is when the commit under way began; zero when none is.
	began time.Time
}

// StoreStatus returns how the store is.
func (s *State) StoreStatus() StoreStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	status := s.status
	if waited := now.Sub(status.began); !status.began.IsZero() && waited >= s.storeTimeout {
		status.Err = fmt.Errorf("the disk has not answered for %s", waited.Round(time.Second))
	}
	return status
}

// Expose returns what metrics show to the scraper, once it is durable: it
// waits for the store. When the store cannot be written, or does not answer for long, it
// returns it all the same, and [State.StoreStatus] says so.
//
// The caller calls answered once the scraper has been sent all of it.
func (s *State) Expose(who Scraper) (x *Exposition, answered func()) {
	var r *reply
	s.readDurable(false, func() { x, r = s.exposition(&who, s.own.wall) })
	return x, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.exposure.arrived(r)
	}
}

// DurableSnapshot returns a snapshot once it is durable, as [State.Expose] does: what is
// shown to those who count on it must never be taken back.
func (s *State) DurableSnapshot() *Snapshot {
	var snapshot *Snapshot
	s.readDurable(false, func() { snapshot = s.snapshot() })
	return snapshot
}

// Commit makes what was counted durable. It waits for the store, and is to be called
// every second: that is what a power failure costs.
func (s *State) Commit() {
	s.readDurable(s.isDue(), func() {})
	s.releaseMemory()
}

// Flush makes everything durable that has changed, and leaves nothing to be done again at
// the next start. It waits for the store, and is to be called at the end.
func (s *State) Flush() { s.readDurable(true, func() {}) }

const (
	// commitInterval is after how long what has changed is written in place of the events
	// that tell of it, and maxJournal after how many bytes of events: what is done again
	// at a start, a thousand events in some ten milliseconds, stays short, and what
	// changes often is not written often.
	commitInterval = 10 * time.Minute
	maxJournal     = 8 << 20
)

// isDue reports whether what has changed is to be written in place of the events.
func (s *State) isDue() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	return s.journaled > maxJournal || now.Sub(s.committed) >= commitInterval
}

// readDurable calls read with mu held, and then makes durable all that read may have seen: the
// events in the journal, or, if a commit is wanted or needed, everything that has changed.
// It waits for that as long as a disk may take that works. A write that takes longer goes
// on by itself, and there is never more than one.
func (s *State) readDurable(commit bool, read func()) {
	if s.store == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tick()
		read()
		s.pending.take() // nobody wants it
		return
	}
	timeout := time.NewTimer(s.storeTimeout)
	defer timeout.Stop()
	select {
	case s.writing <- struct{}{}:
	case <-timeout.C:
		s.mu.Lock()
		defer s.mu.Unlock()
		read()
		return
	}
	work := s.prepare(commit, read)
	if work == nil {
		<-s.writing
		return
	}
	s.waitFor(work, timeout)
}

// waitFor does the work, for which it has the slot, and waits for it until the timeout.
func (s *State) waitFor(work func(), timeout *time.Timer) {
	done := make(chan struct{})
	go func() {
		work()
		<-s.writing
		close(done)
	}()
	select {
	case <-done:
	case <-timeout.C:
	}
}

// prepare calls read, and returns what is to be done to make that durable; nil for
// nothing.
func (s *State) prepare(commit bool, read func()) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	read()
	commit = commit && !s.pending.empty() || s.pending.urgent || s.journal.overrun
	if !commit {
		events := s.journal.take()
		if len(events) == 0 && !s.unsynced {
			return nil
		}
		s.status.began = now
		items := s.exportBuffer.take()
		return func() { s.sync(events, items) }
	}
	return s.prepareCommit(now)
}

// prepareCommit returns what is to be done to commit all that has changed. The caller
// holds mu.
func (s *State) prepareCommit(now time.Time) func() {
	s.status.began = now
	s.journal.take() // the records comprise what they tell
	s.journal.overrun = false
	changes := s.pending.take()
	records := changes.records()
	records.Seq = s.journal.seq
	items := s.exportBuffer.take()
	return func() {
		s.putExport(items)
		s.syncExport() // the events that told of it are not kept any more after this
		s.commit(changes, records)
	}
}

// writeEvents writes the events that are waiting, so that they survive the end of the program,
// and waits for that until the timeout.
func (s *State) writeEvents() {
	timeout := time.NewTimer(s.storeTimeout)
	defer timeout.Stop()
	select {
	case s.writing <- struct{}{}:
	case <-timeout.C:
		return
	}
	work := s.prepareEvents()
	if work == nil { // somebody else wrote them
		<-s.writing
		return
	}
	s.waitFor(work, timeout)
}

// retryInterval is how often a store that failed is tried again for each report.
const retryInterval = time.Second

// prepareEvents returns what is to be done to write the events that are waiting; nil for
// nothing.
func (s *State) prepareEvents() func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	if s.journal.overrun {
		if now.Sub(s.failed) < retryInterval {
			return nil
		}
		return s.prepareCommit(now)
	}
	events, items := s.journal.take(), s.exportBuffer.take()
	if len(events) == 0 && items.empty() {
		return nil
	}
	s.status.began = now
	return func() {
		err := s.append(events)
		s.putExport(items) // not before: what is put and told by no event would be put again
		s.noteResult(err, false)
	}
}

// append writes events to the journal. The caller has the slot for writing.
func (s *State) append(events []*Event) error {
	if len(events) == 0 {
		return nil
	}
	size, err := s.store.Append(events)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journaled, s.unsynced = size, true
	if err != nil {
		s.journal.overrun = true
	}
	return err
}

// sync writes events and makes the journal survive the end of the machine, and what was put
// into the queue as well.
func (s *State) sync(events []*Event, items exportBuffer) {
	err := s.append(events)
	s.putExport(items)
	if err == nil {
		err = s.store.Sync()
	}
	s.syncExport()
	if err == nil {
		s.mu.Lock()
		s.unsynced = false
		s.mu.Unlock()
	}
	s.noteResult(err, true)
}

// commit writes the records, and takes the changes back when that fails.
func (s *State) commit(changes *pending, records *Records) {
	err := s.store.Commit(records)
	if errors.Is(err, ErrIncomplete) {
		*records = *s.allRecords()
		err = s.store.Commit(records)
	}
	s.mu.Lock()
	if err != nil {
		s.pending.add(changes)
		s.journal.overrun = true
	} else {
		s.journaled, s.unsynced, s.committed = 0, false, s.own.wall
		s.releaseStored(records)
		if len(records.Occurrences) >= manyOccurrences {
			s.large, s.releasesLeft = s.own.elapsed(), len(releaseAfter)
		}
	}
	s.mu.Unlock()
	if many := len(records.Occurrences) >= manyOccurrences; many && err == nil {
		*changes, *records = pending{}, Records{} // the caller refers to them until this returns
		debug.FreeOSMemory()
	}
	s.noteResult(err, true)
}

// releaseAfter is when, after a large commit, its memory is given back: once those that waited for it
// have gone on, and once more when all that came with it is done.
var releaseAfter = []time.Duration{3 * time.Second, 30 * time.Second}

// releaseMemory gives the memory of large commits back: the runtime would keep it until the heap has doubled.
func (s *State) releaseMemory() {
	s.mu.Lock()
	due := s.releasesLeft > 0 && s.own.elapsed()-s.large >= releaseAfter[len(releaseAfter)-s.releasesLeft]
	if due {
		s.releasesLeft--
	}
	s.mu.Unlock()
	if due {
		debug.FreeOSMemory()
	}
}

// manyOccurrences is from how many exceptions on a commit is large: its memory is worth a garbage
// collection of its own.
const manyOccurrences = 1000

// releaseStored lets go of the occurrences that the store holds now. The caller holds mu.
func (s *State) releaseStored(records *Records) {
	for i := range records.Occurrences {
		r := &records.Occurrences[i]
		svc := s.services[r.Service]
		if svc == nil || r.Written == nil {
			continue
		}
		if e := svc.byID[keyID(r.ID)]; e != nil && e.kept != nil {
			e.kept, e.view = e.kept.written(r.Kept, r.Marks, r.Written), nil
		}
	}
}

// noteResult notes how a write ended, and whether it made something durable.
func (s *State) noteResult(err error, durable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	began := s.status.began
	s.status.began = time.Time{}
	switch {
	case err != nil:
		s.status.Err = err
		s.status.Failures++
		s.failed = now
	case durable:
		s.status.Err = nil
		s.status.Commits++
		s.status.Last, s.status.Duration = began, now.Sub(began)
	}
}

// allRecords returns everything that is known, and not only what has changed.
func (s *State) allRecords() *Records {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := newPending()
	maps.Copy(all.rounds, s.rounds)
	for _, svc := range s.services {
		svc.addAll(all)
	}
	for _, set := range []*counterSet{&s.counters.counts, &s.counters.regressions} {
		for _, series := range set.series {
			all.series[series] = struct{}{}
		}
	}
	for sc := range s.exposure.scrapers.all {
		all.scrapers[sc] = struct{}{}
	}
	records := all.records()
	records.All, records.Seq = true, s.journal.seq
	return records
}
