package merge

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A service is the mutable state behind a [Service].
type service struct {
	name    string
	options ServiceOptions
	shown   bool // configured

	watchedSince time.Time
	reported     time.Time // the latest report
	processes    map[string]*process
	// addresses holds the process that answered last, by the target's URL.
	addresses map[string]*process
	// forgotten holds when a process was forgotten, so that one that returns is
	// known for what it is.
	forgotten map[string]time.Time

	exceptions map[string]*exception // by key
	byID       map[keyID]*exception
	// exposed is how many of the exceptions have series.
	exposed int
	// overflow holds the keys that are counted together, with how many epochs of
	// known processes report each.
	overflow        map[keyID]int
	inconsistencies map[Reason]uint64

	// sorted holds the exceptions by key; nil when stale.
	sorted []*exception
}

func newService(name string) *service {
	return &service{
		name:            name,
		processes:       map[string]*process{},
		addresses:       map[string]*process{},
		forgotten:       map[string]time.Time{},
		exceptions:      map[string]*exception{},
		byID:            map[keyID]*exception{},
		overflow:        map[keyID]int{},
		inconsistencies: map[Reason]uint64{},
	}
}

func (s *service) configure(o ServiceOptions, l *ledgers) {
	s.options = o
	s.shown = true
	for _, e := range s.exceptions {
		s.relabel(e, l)
	}
}

// relabel moves what is exposed to the series that the options say now. A series that
// is left behind stays as it is until it expires, so that its last increments are
// still read.
func (s *service) relabel(e *exception, l *ledgers) {
	for _, c := range e.counts {
		exposed, resolved := c.series != nil || c.hidden, c.regressions != nil
		c.series, c.regressions, c.hidden = nil, nil, false
		if exposed {
			s.seriesOf(c, e, &l.counts, s.reported)
		}
		if resolved {
			s.regressionsOf(c, e, &l.regressions, s.reported)
		}
	}
	e.view = nil
}

// processID names the process that a report is from: by its UUID, or by the address
// of its target when it sends none, or the UUID of nobody.
func processID(sc *periskop.Scrape) string {
	uuid := sc.Report.TargetUUID
	switch {
	case strings.Trim(uuid, "0-") == "":
		return addressPrefix + sc.Target.URL
	case len(uuid) > 64: // no UUID, but it may still tell processes apart
		return LabelValue(uuid, 64)
	}
	return uuid
}

// addressPrefix keeps the names of processes without a UUID apart from UUIDs.
const addressPrefix = "address "

// mark marks the arrival when its occurrences will be needed: when its epoch is new
// or has grown.
func (s *service) mark(a *arrival, process string, limit int) {
	if p := s.processes[process]; p != nil {
		e, ok := p.epochs[a.epoch]
		if ok && a.total == e.highest {
			return
		}
	}
	a.wanted = true
	if e := s.byID[a.epoch.id]; e != nil {
		a.kept, a.full = e.occurrences, len(e.occurrences) >= limit
	}
}

// maxForgotten is how long a process that was forgotten is recognised when it
// returns.
const maxForgotten = 7 * 24 * time.Hour

// maintain forgets the processes that are neither discovered nor seen, and then the
// keys that nobody reports and that have left the exposition.
func (s *service) maintain(now time.Time, o *Options) {
	for _, p := range s.addresses {
		if p.discovered {
			p.kept = now
		}
	}
	gone := now.Add(-o.ProcessRetention)
	for id, p := range s.processes {
		if p.seen.Before(gone) && p.kept.Before(gone) {
			s.forget(id, p, now)
			continue
		}
		s.prune(p, o.ProcessRetention)
	}
	maps.DeleteFunc(s.forgotten, func(_ string, at time.Time) bool { return at.Before(now.Add(-maxForgotten)) })
	maps.DeleteFunc(s.addresses, func(_ string, p *process) bool { return p.epochs == nil })
	s.exposed = 0
	for _, e := range s.exceptions {
		if e.checkExposed(); e.exposed {
			s.exposed++
		} else if e.epochs <= 0 && e.grown.Before(now.Add(-o.SeriesRetention)) {
			s.remove(e)
		}
	}
}

// add takes in an exception, with the epochs that were counted as overflow before.
func (s *service) add(e *exception) *exception {
	e.epochs = s.overflow[e.id]
	delete(s.overflow, e.id)
	s.exceptions[e.key] = e
	s.byID[e.id] = e
	s.sorted = nil
	return e
}

func (s *service) remove(e *exception) {
	delete(s.exceptions, e.key)
	delete(s.byID, e.id)
	s.sorted = nil
}

// makeRoom reports whether there is room for one more exception, for which it gives
// up the one that has been out of the exposition for longest.
func (s *service) makeRoom(limit int) bool {
	if len(s.exceptions) < limit {
		return true
	}
	if s.exposed >= len(s.exceptions) {
		return false
	}
	var oldest *exception
	for _, e := range s.exceptions {
		if !e.exposed && (oldest == nil || e.grown.Before(oldest.grown)) {
			oldest = e
		}
	}
	s.remove(oldest)
	return true
}

// hold notes that an epoch reports the key, and drop that one no longer does.
func (s *service) hold(id keyID) {
	if e := s.byID[id]; e != nil {
		e.epochs++
	} else if n, ok := s.overflow[id]; ok {
		s.overflow[id] = n + 1
	}
}

func (s *service) drop(id keyID) {
	if e := s.byID[id]; e != nil {
		e.epochs--
	} else if n, ok := s.overflow[id]; ok {
		if n <= 1 {
			delete(s.overflow, id)
		} else {
			s.overflow[id] = n - 1
		}
	}
}

func (s *service) forget(id string, p *process, now time.Time) {
	for key := range p.epochs {
		s.drop(key.id)
	}
	p.epochs = nil
	s.forgotten[id] = now
	delete(s.processes, id)
}

// prune drops the epochs that the process no longer reports although it reports
// others: those of workers that are gone, and, behind an address without UUIDs, those
// of processes that are gone.
func (s *service) prune(p *process, retention time.Duration) {
	oldest := p.reported.Add(-retention).Unix()
	for key, e := range p.epochs {
		if e.reported < oldest {
			p.floor = max(p.floor, key.created)
			delete(p.epochs, key)
			s.drop(key.id)
		}
	}
}

// discovered notes which targets there are.
func (s *service) discovered(targets []*periskop.Target, now time.Time) {
	for _, p := range s.addresses {
		if p.discovered {
			p.discovered, p.kept = false, now
		}
	}
	for _, t := range targets {
		if p := s.addresses[t.URL]; p != nil {
			p.discovered, p.kept = true, now
		}
	}
}

func (s *service) sortedExceptions() []*exception {
	if s.sorted == nil {
		s.sorted = slices.SortedFunc(maps.Values(s.exceptions), func(a, b *exception) int {
			return strings.Compare(a.key, b.key)
		})
	}
	return s.sorted
}

func (s *service) snapshot() *Service {
	out := &Service{
		Name:            s.name,
		WatchedSince:    s.watchedSince,
		OverflowKeys:    len(s.overflow),
		Inconsistencies: maps.Clone(s.inconsistencies),
	}
	for _, e := range s.sortedExceptions() {
		out.Exceptions = append(out.Exceptions, e.snapshot(s.name))
	}
	return out
}

// seen returns the times of the keys that are in the exposition.
func (s *service) seen() []*Seen {
	var list []*Seen
	for _, e := range s.sortedExceptions() {
		list = append(list, e.seenTimes(s)...)
	}
	return list
}

// resolve notes the resolution, and exposes the counters of its regressions at zero,
// so that the first regression is an increase.
func (s *service) resolve(e *exception, r Resolution, l *ledger) {
	e.resolved, e.view = &r, nil
	for _, c := range e.counts {
		s.regressionsOf(c, e, l, r.At)
	}
}

// regressed notes that an exception grew although it was resolved.
func (s *service) regressed(e *exception, c *count, l *ledger, now time.Time) {
	e.resolved = nil
	e.regressions++
	if series := s.regressionsOf(c, e, l, now); series != nil {
		series.add(1, now)
	}
}
