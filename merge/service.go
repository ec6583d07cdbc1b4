package merge

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// A service is the mutable state behind a [Service]. State.mu guards it.
type service struct {
	name     string
	state    *State
	pending  *pending
	settings ServiceSettings
	block    string // of the settings that it had last
	shown    bool   // configured
	// hidden is when the service left the configuration; zero while it is shown.
	hidden time.Time

	watchedSince time.Time
	processes    map[string]*process
	// endpoints are the hosts and ports that are discovered, or at which known processes
	// answered last.
	endpoints map[string]*endpoint
	// anonymous finds processes without a UUID by what else tells them apart.
	anonymous map[epochKey]*process
	// forgotten holds when a process was forgotten, so that one that returns is
	// known for what it is; forgottenOrder has the same IDs, the oldest first. Of those
	// until forgottenUntil not all are remembered.
	forgotten      map[string]time.Time
	forgottenOrder []string
	forgottenUntil time.Time

	byID  map[keyID]*exception
	muted map[keyID]*exception
	// members are the keys that count for an exception of another key, and rules is the number of
	// the rules that say so now.
	members map[keyID]*member
	rules   uint64
	// retired are the series of exceptions of which nothing was left, since the last look.
	retired []*series
	// exposed is how many of the exceptions have series.
	exposed int
	// evictable are exceptions that can be removed for others, the last of them first.
	evictable []*exception
	searched  time.Time // when they were searched for
	// overflow holds the keys that are counted together, with how many epochs of
	// known processes report each.
	overflow        map[keyID]int
	inconsistencies map[Reason]uint64
	// alerted is when the episodes of the last hour began that have an alert each.
	alerted []time.Time

	// sorted holds the exceptions by key; nil when stale.
	sorted []*exception
	// listed are the exceptions as they were handed out last.
	listed []*Exception
}

func newService(name string, s *State) *service {
	return &service{
		name:            name,
		state:           s,
		pending:         s.pending,
		processes:       map[string]*process{},
		endpoints:       map[string]*endpoint{},
		anonymous:       map[epochKey]*process{},
		forgotten:       map[string]time.Time{},
		byID:            map[keyID]*exception{},
		muted:           map[keyID]*exception{},
		members:         map[keyID]*member{},
		overflow:        map[keyID]int{},
		inconsistencies: map[Reason]uint64{},
	}
}

// configure gives the service its settings, and its exceptions the labels of those.
func (s *service) configure(o ServiceSettings, labelLength int, sets *counterSets, now time.Time) {
	s.settings, s.rules = o, s.state.nextGeneration()
	if o.Push && s.watchedSince.IsZero() {
		s.watchedSince = now
		s.pending.services[s] = struct{}{}
	}
	for _, e := range s.byID {
		e.label = LabelValue(e.key, labelLength)
		s.relabel(e, sets, now)
	}
}

// relabel moves what is exposed to the series that the options say now, and finds the
// series of what was loaded.
func (s *service) relabel(e *exception, sets *counterSets, now time.Time) {
	for _, c := range e.counts {
		exposed, counted := c.series != nil || c.hidden, c.regressions != nil
		c.series, c.regressions, c.hidden = nil, nil, false
		if exposed || s.isExposed(e, c, c.severity, &sets.counts) {
			s.seriesOf(c, e, &sets.counts, now)
		}
		if counted || s.isExposed(e, c, "", &sets.regressions) {
			s.regressionsOf(c, e, &sets.regressions, now)
		}
	}
	e.view = nil
}

// adopt keeps the series of the service that were made for another service.
func (s *service) adopt() {
	for _, e := range s.byID {
		for _, c := range e.counts {
			for _, series := range []*series{c.series, c.regressions} {
				if series != nil && !series.gone {
					series.orphaned = time.Time{}
				}
			}
		}
	}
}

// isExposed reports whether there is a series with the labels of the count.
func (s *service) isExposed(e *exception, c *count, severity string, set *counterSet) bool {
	if s.settings.Labels == nil {
		return false
	}
	labels, ok := s.settings.Labels(e.seriesKey(s.name, c.group, severity))
	return ok && set.series[keyOf(labels)] != nil
}

// addAll adds everything that is known of the service.
func (s *service) addAll(p *pending) {
	p.services[s] = struct{}{}
	for _, proc := range s.processes {
		p.processes[proc] = struct{}{}
	}
	for address := range s.endpoints {
		p.endpoints[EndpointName{Service: s.name, Address: address}] = s.endpoints[address]
	}
	for id, at := range s.forgotten {
		p.forgotten[ProcessName{Service: s.name, ID: id}] = at
	}
	for _, e := range s.byID {
		p.exceptions[e] = struct{}{}
		p.occurrences[e] = struct{}{}
	}
	for _, m := range s.members {
		p.members[m] = struct{}{}
	}
}

// markWanted notes whether the occurrences of the aggregate are needed: when its epoch is new,
// has grown or cannot be told by its total alone, when it is not known for which exception it
// counts, and the first time after a start.
func (s *service) markWanted(a *receivedAggregate, p *process, limit int) {
	a.needsGrouping = s.needsGrouping(a.epoch.id, a.relayedGroup)
	if p != nil && !a.needsGrouping {
		e := p.epochs[a.epoch]
		if e != nil && a.total == e.highest && e.nextSibling() == nil && !p.restored {
			return
		}
	}
	a.wanted = true
	if e := s.exceptionFor(a.epoch.id); e != nil {
		a.kept, a.full = e.kept, e.kept.Len() >= max(limit, 1)
		if uint64(e.id) == a.aggregateID() {
			a.knownKey = e.key
		}
	}
}

// maintain forgets the processes that are neither discovered nor seen, and then the
// keys that nobody reports and that have left the exposition.
func (s *service) maintain(now time.Time, o *Settings) {
	for address, e := range s.endpoints {
		e.noteDiscovered(now)
		if e.process == nil && e.targets == 0 {
			s.removeEndpoint(address)
		}
	}
	s.orphanRetired(now)
	gone := now.Add(-o.ProcessRetention)
	for _, p := range s.processes {
		if p.seen.Before(gone) && p.kept.Before(gone) {
			s.forget(p, now)
			continue
		}
		s.prune(p, o.ProcessRetention)
	}
	s.forgetForgotten(now)
	s.exposed, s.evictable, s.searched = 0, nil, time.Time{}
	for _, e := range s.byID {
		if e.checkExposed(); e.exposed {
			s.exposed++
		} else if e.epochs <= 0 && !(e.muted != nil && s.shown) && e.grown.Before(now.Add(-o.SeriesRetention)) {
			s.remove(e)
		}
	}
}

// add takes in an exception, with the epochs that were counted as overflow before.
func (s *service) add(e *exception) *exception {
	e.epochs = s.overflow[e.id]
	delete(s.overflow, e.id)
	s.byID[e.id] = e
	s.sorted = nil
	s.state.awaited.arrive(e.id)
	return e
}

func (s *service) remove(e *exception) {
	e.gone = true
	for _, m := range e.members {
		s.removeMember(m)
	}
	delete(s.byID, e.id)
	delete(s.muted, e.id)
	s.sorted = nil
	if e.exposed {
		s.exposed--
	}
	delete(s.pending.exceptions, e)
	delete(s.pending.occurrences, e)
	s.pending.lostExceptions[e.name()] = struct{}{}
}

// ensureCapacity reports whether one more exception fits below the limit, and removes others
// for it. News replaces what was never counted and what has left the exposition, and of these
// first what grew longest ago. History replaces only what has left the exposition.
func (s *service) ensureCapacity(limit int, isNews bool, now time.Time) bool {
	for len(s.byID) >= limit {
		if len(s.evictable) == 0 && !s.findEvictable(now) {
			return false
		}
		last := len(s.evictable) - 1
		e := s.evictable[last]
		if canGo := !e.gone && !(e.exposed && e.isCounted()); canGo {
			if e.exposed && !isNews {
				return false
			}
			s.remove(e)
		}
		s.evictable = s.evictable[:last]
	}
	return true
}

// searchInterval is how often evictable exceptions are searched for when there are none: that
// looks at every exception.
const searchInterval = time.Second

// findEvictable finds the exceptions that can be removed, and reports whether there are any.
func (s *service) findEvictable(now time.Time) bool {
	if now.Sub(s.searched).Abs() < searchInterval {
		return false
	}
	s.searched = now
	for _, e := range s.byID {
		if !e.exposed || !e.isCounted() {
			s.evictable = append(s.evictable, e)
		}
	}
	slices.SortFunc(s.evictable, func(a, b *exception) int {
		if a.exposed != b.exposed {
			if a.exposed {
				return -1
			}
			return 1
		}
		return cmp.Or(b.grown.Compare(a.grown), cmp.Compare(a.id, b.id))
	})
	return len(s.evictable) > 0
}

// retainKey notes that an epoch reports the key, and releaseKey that one no longer does.
func (s *service) retainKey(id keyID) {
	if m := s.members[id]; m != nil {
		m.epochs++
	}
	if e := s.exceptionFor(id); e != nil {
		e.epochs++
	} else if n, ok := s.overflow[id]; ok {
		s.overflow[id] = n + 1
	}
}

func (s *service) releaseKey(id keyID) {
	if m := s.members[id]; m != nil {
		m.epochs--
	}
	if e := s.exceptionFor(id); e != nil {
		e.epochs--
	} else if n, ok := s.overflow[id]; ok {
		if n <= 1 {
			delete(s.overflow, id)
		} else {
			s.overflow[id] = n - 1
		}
	}
}

func (s *service) sortedExceptions() []*exception {
	if s.sorted == nil {
		s.sorted = slices.SortedFunc(maps.Values(s.byID), func(a, b *exception) int {
			return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.id, b.id))
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
		Doubts:          s.doubts(),
	}
	list := make([]*Exception, 0, len(s.byID))
	for _, e := range s.sortedExceptions() {
		list = append(list, e.snapshot(s.name))
	}
	if !slices.Equal(list, s.listed) {
		s.listed = list
	}
	out.Exceptions = s.listed
	return out
}

// maxDoubt is how long a target is said to be doubtful.
const maxDoubt = time.Hour

func (s *service) doubts() map[string]Doubt {
	var out map[string]Doubt
	for address, e := range s.endpoints {
		if e.doubt == "" || s.state.own.wall.Sub(e.doubtAt) > maxDoubt {
			continue
		}
		if out == nil {
			out = map[string]Doubt{}
		}
		out[address] = Doubt{Reason: e.doubt, At: e.doubtAt}
	}
	return out
}

// appendSeen appends the times of the keys that are in the exposition, with those of equal
// labels made one. The index says where in the list which labels are.
func (s *service) appendSeen(list []*Seen, index map[labelsKey]int) []*Seen {
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
