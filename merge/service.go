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
	name     string
	pending  *pending
	settings ServiceSettings
	shown    bool // configured

	watchedSince time.Time
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
	// told is when episodes began that are told of by themselves, within the last hour.
	told []time.Time

	// sorted holds the exceptions by key; nil when stale.
	sorted []*exception
}

func newService(name string, p *pending) *service {
	return &service{
		name:            name,
		pending:         p,
		processes:       map[string]*process{},
		addresses:       map[string]*process{},
		forgotten:       map[string]time.Time{},
		exceptions:      map[string]*exception{},
		byID:            map[keyID]*exception{},
		overflow:        map[keyID]int{},
		inconsistencies: map[Reason]uint64{},
	}
}

func (s *service) configure(o ServiceSettings, labelLength int, l *ledgers, now time.Time) {
	s.settings = o
	s.shown = true
	for _, e := range s.exceptions {
		e.label = LabelValue(e.key, labelLength)
		s.relabel(e, l, now)
	}
}

// relabel moves what is exposed to the series that the options say now, and finds the
// series of what was loaded.
func (s *service) relabel(e *exception, l *ledgers, now time.Time) {
	for _, c := range e.counts {
		exposed, counted := c.series != nil || c.hidden, c.regressions != nil
		c.series, c.regressions, c.hidden = nil, nil, false
		if exposed || s.isExposed(e, c, c.severity, &l.counts) {
			s.seriesOf(c, e, &l.counts, now)
		}
		if counted || s.isExposed(e, c, "", &l.regressions) {
			s.regressionsOf(c, e, &l.regressions, now)
		}
	}
	e.view = nil
}

// isExposed reports whether there is a series with the labels of the count.
func (s *service) isExposed(e *exception, c *count, severity string, l *ledger) bool {
	if s.settings.Labels == nil {
		return false
	}
	labels, ok := s.settings.Labels(e.seriesKey(s.name, c.group, severity))
	return ok && l.series[labelsKey(labels)] != nil
}

// addAll adds everything that is known of the service.
func (s *service) addAll(p *pending) {
	p.services[s] = struct{}{}
	for _, proc := range s.processes {
		p.processes[proc] = struct{}{}
	}
	for id, at := range s.forgotten {
		p.forgotten[ProcessName{Service: s.name, ID: id}] = at
	}
	for _, e := range s.exceptions {
		p.exceptions[e] = struct{}{}
		p.occurrences[e] = struct{}{}
	}
}

func (s *service) newProcess(id string) *process {
	p := &process{ProcessName: ProcessName{Service: s.name, ID: id}, epochs: map[epochKey]epoch{}}
	s.processes[id] = p
	return p
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
// or has grown, and the first time after a start, as occurrences are written less
// often than counts.
func (s *service) mark(a *arrival, process string, limit int) {
	if p := s.processes[process]; p != nil {
		e, ok := p.epochs[a.epoch]
		if ok && a.total == e.highest && !p.restored {
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
func (s *service) maintain(now time.Time, o *Settings) {
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
	for id, at := range s.forgotten {
		if at.Before(now.Add(-maxForgotten)) {
			s.remember(id)
		}
	}
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
	e.gone = true
	delete(s.exceptions, e.key)
	delete(s.byID, e.id)
	s.sorted = nil
	delete(s.pending.exceptions, e)
	delete(s.pending.occurrences, e)
	s.pending.lostExceptions[e.name()] = struct{}{}
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
	delete(s.processes, id)
	delete(s.pending.processes, p)
	s.pending.lostProcesses[p.ProcessName] = struct{}{}
	s.forgotten[id] = now
	s.pending.forgotten[p.ProcessName] = now
}

// remember takes back that a process was forgotten.
func (s *service) remember(id string) {
	name := ProcessName{Service: s.name, ID: id}
	delete(s.forgotten, id)
	delete(s.pending.forgotten, name)
	s.pending.lostForgotten[name] = struct{}{}
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
			s.pending.processes[p] = struct{}{}
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

// appendSeen appends the times of the keys that are in the exposition, with those of equal
// labels made one. The index says where in the list which labels are.
func (s *service) appendSeen(list []*Seen, index map[string]int) []*Seen {
	for _, e := range s.sortedExceptions() {
		for _, seen := range e.seenTimes(s) {
			at, ok := index[seen.key]
			if !ok {
				index[seen.key] = len(list)
				list = append(list, seen.Seen)
				continue
			}
			same := list[at]
			list[at] = &Seen{Labels: same.Labels, First: earlier(same.First, seen.First), Last: later(same.Last, seen.Last)}
		}
	}
	return list
}

// resolve notes the resolution, and exposes the counters of its regressions at zero,
// so that the first regression is an increase.
func (s *service) resolve(e *exception, r Resolution, l *ledger) {
	e.resolved = &r
	e.changed()
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
