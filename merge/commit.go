package merge

import (
	"errors"
	"fmt"
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
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	status := s.status
	if waited := now.Sub(status.began); !status.began.IsZero() && waited >= s.patience {
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
	var (
		now           = s.now()
		valued, shown uint64
	)
	s.durably(false, func() { x, valued, shown = s.exposition(who, now) })
	return x, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.meet(who, valued, shown, now)
	}
}

// exposition returns what the scraper is shown, and the generations of the newest series
// in it that have their value and of the newest of all. The caller holds mu.
func (s *State) exposition(who Scraper, now time.Time) (x *Exposition, valued, shown uint64) {
	valued, known := s.knows(who, now)
	x = &Exposition{Exceptions: s.ledgers.counts.snapshot(valued), Regressed: s.ledgers.regressions.snapshot(valued)}
	x.Seen = make([]*Seen, 0, len(s.seen))
	clear(s.seen)
	for _, svc := range s.shown {
		x.Seen = svc.appendSeen(x.Seen, s.seen)
	}
	shown = s.ledgers.nextGeneration()
	if !known {
		// It is shown values at once. That it is known from now on is committed with
		// them: it does no harm if they do not arrive.
		s.meet(who, valued, shown, now)
	}
	return x, valued, shown
}

// DurableSnapshot returns a snapshot once it is durable, as [State.Expose] does: what is
// shown to those who count on it must never be taken back.
func (s *State) DurableSnapshot() *Snapshot {
	var snapshot *Snapshot
	s.durably(false, func() { snapshot = s.snapshot() })
	return snapshot
}

// Commit makes what was counted durable. It waits for the store.
func (s *State) Commit() { s.durably(false, func() {}) }

// Flush makes everything durable, occurrences too. It waits for the store, and is to be
// called every minute or so, and at the end: what a crash costs of the occurrences, the
// targets tell again.
func (s *State) Flush() { s.durably(true, func() {}) }

// durably calls read with mu held, and commits everything that read may have seen. It
// waits for that as long as a disk may take that works. A commit that takes longer goes
// on by itself, and there is never more than one.
func (s *State) durably(withOccurrences bool, read func()) {
	patience := time.NewTimer(s.patience)
	defer patience.Stop()
	select {
	case s.committing <- struct{}{}:
	case <-patience.C:
		s.mu.Lock()
		defer s.mu.Unlock()
		read()
		return
	}
	s.mu.Lock()
	read()
	changes := s.pending.take()
	records := changes.records(withOccurrences)
	if !withOccurrences && s.store != nil {
		s.pending.occurrences, changes.occurrences = changes.occurrences, nil
	}
	idle := s.store == nil || records.Empty()
	if !idle {
		s.status.began = s.now()
	}
	s.mu.Unlock()
	if idle {
		<-s.committing
		return
	}
	committed := make(chan struct{})
	go func() {
		s.commit(changes, records)
		<-s.committing
		close(committed)
	}()
	select {
	case <-committed:
	case <-patience.C:
	}
}

// commit writes the records, and takes the changes back when that fails.
func (s *State) commit(changes *pending, records *Records) {
	err := s.store.Commit(records)
	if errors.Is(err, ErrIncomplete) {
		err = s.store.Commit(s.allRecords())
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	start := s.status.began
	s.status.began, s.status.Err = time.Time{}, err
	if err != nil {
		s.status.Failures++
		s.pending.add(changes)
		return
	}
	s.status.Commits++
	s.status.Last, s.status.Duration = start, now.Sub(start)
}

// allRecords returns everything that is known, and not only what has changed.
func (s *State) allRecords() *Records {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := newPending()
	for _, svc := range s.services {
		svc.addAll(all)
	}
	for _, l := range []*ledger{&s.ledgers.counts, &s.ledgers.regressions} {
		for _, series := range l.series {
			all.series[series] = struct{}{}
		}
	}
	for _, sc := range s.scrapers {
		all.scrapers[sc] = struct{}{}
	}
	records := all.records(true)
	records.All = true
	return records
}
