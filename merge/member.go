package merge

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// A Sample is what a rule of grouping looks at, without secrets.
type Sample struct {
	// Key is the aggregation key as the client made it.
	Key string
	// Class is that of the newest occurrence, or the one that the key names.
	Class string
	// Newest is the newest occurrence that was told; nil when none was. It is not to be changed.
	Newest *periskop.Occurrence
}

// A Key is one aggregation key of an exception under which several are grouped.
type Key struct {
	// ID is the [ExceptionID] of the key, and Label the key, cut as a label is.
	ID, Label string
	// Total is how many occurrences were reported under it.
	Total               uint64
	FirstSeen, LastSeen time.Time
}

// A member is a key that counts for an exception of another key: for a group. Epochs stay those
// of the client's own keys, so that it does not matter for what is counted which key counts for
// which exception, or when that changes. State.mu guards it.
type member struct {
	id    keyID
	label string
	group *exception
	// total is what was reported under the key, history included.
	total               uint64
	firstSeen, lastSeen time.Time
	// epochs is how many epochs of known processes report it.
	epochs int
	// rules is the number of the rules that chose the group, and relayedGroup the group that
	// an exporter named: see [service.needsGrouping].
	rules        uint64
	relayedGroup keyID
}

// A groupingResult is what the rules say of the key of a received aggregate.
type groupingResult struct {
	// grouped is set when the rules were asked, and guessed when they had no occurrence to
	// look at.
	grouped, guessed bool
	rules            uint64
	// group is the key of the group, "" for none, and groupID the ID of that, 0 for none.
	group   string
	groupID keyID
	// relayedGroup is the group that an exporter named.
	relayedGroup keyID
}

const (
	// maxMembersPerKey bounds the keys that are known to be in groups: they are at most that
	// many times the keys that the service may have, as many as the epochs of a process.
	maxMembersPerKey = 10
	// maxListedKeys is how many of them are shown of a group: more than anybody reads.
	maxListedKeys = 50
)

// exceptionFor returns the exception for which a key counts, nil if there is none yet.
func (s *service) exceptionFor(id keyID) *exception {
	if m := s.members[id]; m != nil {
		return m.group
	}
	return s.byID[id]
}

// needsGrouping reports whether the rules are to be asked for which exception the key counts: they
// were not, or they have changed since, or an exporter that groups tells something else.
func (s *service) needsGrouping(id, relayedGroup keyID) bool {
	m, e := s.members[id], s.byID[id]
	switch {
	case m != nil:
		return m.rules != s.rules || m.relayedGroup != relayedGroup
	case relayedGroup != 0:
		return true
	case s.settings.Group == nil:
		return false
	}
	return e == nil || e.rules != s.rules
}

// assignGroup asks the rules, once the occurrences of the aggregate are known.
func (a *receivedAggregate) assignGroup(r *report) {
	if !a.needsGrouping {
		return
	}
	a.grouped, a.guessed, a.rules = true, len(a.occurrences) == 0 && a.relayedGroup == 0, r.rules
	if r.groupKey != nil {
		sample := Sample{Key: a.key, Class: ClassOf(a.key)}
		for i := range a.occurrences {
			if o := &a.occurrences[i]; sample.Newest == nil || o.Timestamp.After(sample.Newest.Timestamp) {
				sample.Newest = o
			}
		}
		if sample.Newest != nil && sample.Newest.Error.Class != "" {
			sample.Class = sample.Newest.Error.Class
		}
		if key := r.groupKey(sample); key != "" {
			a.group = keptKey(key)
			a.groupID = newKeyID(r.service, a.group)
		}
	} else if a.relayedGroup == 0 {
		a.guessed = false // without rules there is nothing to guess
	}
	if a.group == "" && a.relayedGroup != 0 {
		a.group, a.groupID = a.key, a.relayedGroup
	}
	if a.groupID == a.epoch.id { // it is the group's own key
		a.group, a.groupID = "", 0
	}
}

// aggregateID returns the ID of the aggregate itself, or of the one that it is part of when an
// exporter relays it.
func (a *receivedAggregate) aggregateID() uint64 {
	if a.relayedGroup != 0 {
		return uint64(a.relayedGroup)
	}
	return uint64(a.epoch.id)
}

// groupOf returns the ID of the group that the key counts for, 0 for none.
func (s *service) groupOf(id keyID) uint64 {
	if m := s.members[id]; m != nil {
		return uint64(m.group.id)
	}
	return 0
}

// target returns the key under which the aggregate counts, and the ID of that.
func (f *folding) target(a *receivedAggregate) (string, keyID) {
	if a.grouped && a.groupID != 0 {
		return a.group, a.groupID
	}
	return a.key, a.epoch.id
}

// regroup moves what was reported of a key to another exception if the rules say so now, and
// reports whether it did. A key that is not known yet has nothing to be moved.
func (f *folding) regroup(a *receivedAggregate) bool {
	s := f.service
	if !a.grouped {
		return false
	}
	from := s.exceptionFor(a.epoch.id)
	if from == nil || a.guessed {
		return false
	}
	m := s.members[a.epoch.id]
	key, id := f.target(a)
	if id == from.id {
		if m != nil {
			m.rules, m.relayedGroup = a.rules, a.relayedGroup
		} else {
			from.rules = a.rules
		}
		return false
	}
	to := s.byID[id]
	if to == nil {
		if m != nil && !s.ensureCapacity(f.settings.KeysPerService, true, f.report.end) {
			return false
		}
		to = s.add(newException(s, id, key, a, f.settings.LabelLength))
	}
	if m == nil {
		m = from.asMember()
	} else {
		s.removeMember(m)
	}
	to.addHistory(m, from)
	from.removeHistory(m)
	if len(from.members) == 0 && from.epochs <= 0 && !from.gone { // it may have given way to the other one
		to.copyNotes(from)
		s.retire(from)
	}
	if id == a.epoch.id {
		to.epochs += m.epochs
		to.rules = a.rules
	} else {
		s.join(to, m, a)
	}
	return true
}

// asMember returns what is known of the exception's own key.
func (e *exception) asMember() *member {
	m := &member{id: e.id, label: e.label, total: saturatingAdd(e.history, e.counted()), firstSeen: e.firstSeen, lastSeen: e.lastSeen, epochs: e.epochs}
	for _, other := range e.members { // it is a group that has the name of one of its keys
		m.total -= min(m.total, other.total)
		m.epochs -= other.epochs
	}
	return m
}

// addHistory adds what was reported of a key before. It is history here: the counters of the
// exception that it comes from have counted it.
func (e *exception) addHistory(m *member, from *exception) {
	e.history = saturatingAdd(e.history, m.total)
	e.firstSeen, e.lastSeen = earlier(e.firstSeen, m.firstSeen), later(e.lastSeen, m.lastSeen)
	e.grown = later(e.grown, from.grown)
	e.changed()
}

// removeHistory takes out what was reported of a key that counts for another exception now.
// What was counted stays counted.
func (e *exception) removeHistory(m *member) {
	e.history -= min(e.history, m.total)
	e.epochs -= m.epochs
	e.changed()
}

// copyNotes adds the notes of an exception that is removed. Its other decisions are not about
// this exception.
func (e *exception) copyNotes(from *exception) {
	for _, d := range from.decisions {
		if d.Kind == triage.Noted {
			e.remember(d)
		}
	}
}

// retire removes an exception of which nothing is left. Its series stay as long as it takes for
// all scrapers to read them: see [service.orphanRetired].
func (s *service) retire(e *exception) {
	s.remove(e)
	for _, c := range e.counts {
		s.retired = append(s.retired, c.series, c.regressions)
	}
}

// orphanRetired makes orphans of the series of retired exceptions, except those that other
// exceptions count on. It looks once at all exceptions, for all that were retired.
func (s *service) orphanRetired(now time.Time) {
	if len(s.retired) == 0 {
		return
	}
	counts := map[*series]bool{nil: true}
	for _, e := range s.byID {
		for _, c := range e.counts {
			counts[c.series], counts[c.regressions] = true, true
		}
	}
	for _, series := range s.retired {
		if !counts[series] {
			series.orphaned = now
		}
	}
	s.retired = nil
}

// join makes a key one of the group's.
func (s *service) join(group *exception, m *member, a *receivedAggregate) {
	if limit := maxMembersPerKey * s.state.settings.KeysPerService; len(s.members) >= limit {
		s.dropMembers(len(s.members) - limit + 1 + limit/10)
	}
	m.group, m.rules, m.relayedGroup = group, a.rules, a.relayedGroup
	if n, ok := s.overflow[m.id]; ok {
		m.epochs += n
		delete(s.overflow, m.id)
	}
	s.addMember(m)
	group.epochs += m.epochs
}

// addMember adds a member, a new one or one that was loaded.
func (s *service) addMember(m *member) {
	s.members[m.id] = m
	if m.group.members == nil {
		m.group.members = map[keyID]*member{}
	}
	m.group.members[m.id] = m
	s.pending.members[m] = struct{}{}
	m.group.changed()
}

func (s *service) removeMember(m *member) {
	delete(s.members, m.id)
	delete(m.group.members, m.id)
	delete(s.pending.members, m)
	s.pending.lostMembers[m.name()] = struct{}{}
}

// dropMembers drops n of the keys of groups: first those that no process reports, and of these
// the ones that were seen longest ago. One that grows again joins its group again.
func (s *service) dropMembers(n int) {
	all := slices.SortedFunc(maps.Values(s.members), func(a, b *member) int {
		if a.epochs > 0 != (b.epochs > 0) {
			return cmp.Compare(min(a.epochs, 1), min(b.epochs, 1))
		}
		return cmp.Or(a.lastSeen.Compare(b.lastSeen), cmp.Compare(a.id, b.id))
	})
	for _, m := range all[:min(n, len(all))] {
		m.group.epochs -= m.epochs
		s.removeMember(m)
	}
}

// countMember adds to what is known of a key of a group.
func (f *folding) countMember(x *exception, a *receivedAggregate, d delta) {
	m := f.service.members[a.epoch.id]
	if m == nil {
		return
	}
	m.total = saturatingAdd(m.total, saturatingAdd(d.increment, d.history))
	if m.firstSeen.IsZero() {
		m.firstSeen = x.firstSeen
		if first := f.firstSeen(a); !first.IsZero() {
			m.firstSeen = first
		}
	}
	m.lastSeen = later(m.lastSeen, f.lastSeen(a, d))
	f.service.pending.members[m] = struct{}{}
}

func (m *member) name() ExceptionName {
	return ExceptionName{Service: m.group.service.name, ID: uint64(m.id)}
}

func (m *member) record() MemberRecord {
	return MemberRecord{
		ExceptionName: m.name(), Label: m.label, Group: uint64(m.group.id), Total: m.total, FirstSeen: m.firstSeen, LastSeen: m.lastSeen,
	}
}

// loadMember takes in a key as it was written. Its group is there already.
func (s *State) loadMember(r *MemberRecord) {
	svc := s.service(r.Service)
	group := svc.byID[keyID(r.Group)]
	if group == nil {
		return // it was lost: the key is one that is not known
	}
	svc.addMember(&member{id: keyID(r.ID), label: r.Label, group: group, total: r.Total, firstSeen: r.FirstSeen, lastSeen: r.LastSeen})
}

// keys returns the keys of a group that were seen last, the newest first.
func (e *exception) keys() []Key {
	var newest []*member
	for _, m := range e.members {
		at, _ := slices.BinarySearchFunc(newest, m, func(a, b *member) int {
			return cmp.Or(b.lastSeen.Compare(a.lastSeen), cmp.Compare(b.total, a.total), cmp.Compare(a.id, b.id))
		})
		if at < maxListedKeys {
			newest = slices.Insert(newest[:min(len(newest), maxListedKeys-1)], at, m)
		}
	}
	keys := make([]Key, len(newest))
	for i, m := range newest {
		keys[i] = Key{ID: m.id.String(), Label: m.label, Total: m.total, FirstSeen: m.firstSeen, LastSeen: m.lastSeen}
	}
	return keys
}

// Group returns the [ExceptionID] of the exception for which a key counts that is one of a group.
func (s *State) Group(id string) (group string, ok bool) {
	key, valid := parseKeyID(id)
	if !valid {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, svc := range s.shown {
		if m := svc.members[key]; m != nil {
			return m.group.idText, true
		}
	}
	return "", false
}
