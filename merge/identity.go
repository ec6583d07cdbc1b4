package merge

import (
	"slices"
	"time"
)

// A client can call one and the same epoch by another name in the next answer: by another
// UUID, at another address, with another created_at. Its occurrences prove which it is, and so
// does a time of creation that is exact enough. What nothing proves is counted once it is told
// a second time under the same name.

// sameAsKnown finds the known epoch that the aggregate belongs to although the client names
// it otherwise, and takes its total in.
func (f *folding) sameAsKnown(a *receivedAggregate) (delta, *epoch) {
	q, key := f.findKnown(a)
	if q == nil {
		return delta{}, nil
	}
	e := q.epochs[key]
	a.indexed = e.indexed()
	t := f.total(a)
	d := e.grow(&t)
	f.changed = true
	if key == a.epoch {
		f.learnCreation(e, a, d)
		if other := f.service.endpoints[q.address]; other != nil && other.steady && !f.endpoint.steady {
			f.endpoint.steady = true
			f.service.changedEndpoint(f.report.address)
		}
	}
	if q != f.process || key != a.epoch {
		f.service.share(e, q, f.process)
	}
	switch {
	case q == f.process && key.created != a.epoch.created:
		d.doubt = ChangingEpoch
	case q.address == f.report.address:
		d.doubt = ChangingUUID
		if !f.endpoint.changing {
			f.endpoint.changing = true
			f.service.changedEndpoint(f.report.address)
		}
	default:
		d.doubt = SeveralAddresses
	}
	return d, e
}

// findKnown returns the process and the name under which the epoch of the aggregate is known:
// one of its occurrences shows it, or its time of creation.
func (f *folding) findKnown(a *receivedAggregate) (*process, epochKey) {
	if q, key := f.findByOccurrence(a); q != nil {
		return q, key
	}
	if key, ok := f.findWithoutTime(a); ok {
		return f.process, key
	}
	if a.epoch.created == 0 {
		return nil, epochKey{}
	}
	q := f.previous // which may have called itself by another UUID
	switch {
	case f.process.anonymous:
		q = f.service.anonymous[a.epoch] // which may be found at another address
	case a.epoch.precise():
		q = f.endpoint.knows(a.epoch)
	}
	if q == nil || q == f.process || q.epochs[a.epoch] == nil || a.isAnother(a.total, q.epochs[a.epoch]) {
		return nil, epochKey{}
	}
	switch {
	case a.epoch.precise():
	case f.process.anonymous && a.epoch.wholeSeconds() && f.createdNow(a):
		return nil, epochKey{}
	case !f.process.anonymous && a.total != q.epochs[a.epoch].highest:
		return nil, epochKey{}
	}
	return q, a.epoch
}

// knows returns, of the processes that have answered there and have the epoch, the one that has
// told the highest total; nil if none has it.
func (e *endpoint) knows(key epochKey) *process {
	var best *process
	for _, p := range e.processes {
		if known := p.epochs[key]; known != nil && (best == nil || known.highest > best.epochs[key].highest) {
			best = p
		}
	}
	return best
}

// isMadeUp reports whether created_at is the time of the answer, as it was when the same key was
// told before: an adapter writes that then, and no occurrence proves which epoch it means.
func (f *folding) isMadeUp(a *receivedAggregate) bool {
	epochs := f.process.epochs
	if f.report.redone || f.report.relayed || f.endpoint.steady || a.epoch.created == 0 || a.proves() || epochs[a.epoch] != nil {
		return false
	}
	if epochs[epochKey{id: a.epoch.id}] != nil {
		f.doubt(ChangingEpoch)
		return true
	}
	if !f.createdNow(a) || f.process.anonymous && a.epoch.precise() && f.service.anonymous[a.epoch] != nil {
		return false
	}
	for _, key := range epochsOf(f.process, &f.own, a.epoch.id) {
		e := epochs[key]
		if e != nil && key.created >= f.report.clock.theirs(time.Unix(e.reported, 0).Add(-answerTime)) {
			return true
		}
	}
	return false
}

// findByOccurrence returns where one of the occurrences is known. Not all of them are found in
// other processes than this one and the one before it at its address.
func (f *folding) findByOccurrence(a *receivedAggregate) (*process, epochKey) {
	if !a.proves() {
		return nil, epochKey{}
	}
	if q, key := f.service.findByOccurrence(a); q != nil {
		return q, key
	}
	if key, ok := a.among(f.process, &f.own); ok {
		return f.process, key
	}
	if key, ok := a.among(f.previous, &f.before); ok {
		return f.previous, key
	}
	return nil, epochKey{}
}

// findByOccurrence returns where one of the occurrences is known.
func (s *service) findByOccurrence(a *receivedAggregate) (*process, epochKey) {
	for _, h := range a.hashes {
		q := s.state.occurrences[h]
		if q == nil || q.Service != s.name {
			continue
		}
		for key, e := range q.epochs {
			if key.id == a.epoch.id && a.meets(e) {
				return q, key
			}
		}
	}
	return nil, epochKey{}
}

// among returns the epoch of the process that has one of the occurrences. byKey are its epochs
// by key, which are made when they are needed.
func (a *receivedAggregate) among(p *process, byKey *map[keyID][]epochKey) (epochKey, bool) {
	if p == nil || !a.proves() {
		return epochKey{}, false
	}
	for _, key := range epochsOf(p, byKey, a.epoch.id) {
		if e := p.epochs[key]; e != nil && a.meets(e) {
			return key, true
		}
	}
	return epochKey{}, false
}

// epochsOf returns what epochs of the key the process had when that was asked first: byKey has
// them, once they are known.
func epochsOf(p *process, byKey *map[keyID][]epochKey, id keyID) []epochKey {
	if *byKey == nil {
		*byKey = make(map[keyID][]epochKey, len(p.epochs))
		for key := range p.epochs {
			(*byKey)[key.id] = append((*byKey)[key.id], key)
		}
	}
	return (*byKey)[id]
}

// findWithoutTime returns the epoch of the process with the same key if created_at was found, now
// or before, to be no time of creation: then it tells no epochs apart.
func (f *folding) findWithoutTime(a *receivedAggregate) (last epochKey, ok bool) {
	contradicted := a.epoch.created == 0 && !a.created.IsZero()
	if !contradicted && (a.epoch.created == 0 || f.process.epochs[epochKey{id: a.epoch.id}] == nil) {
		return epochKey{}, false
	}
	var best *epoch
	keys := epochsOf(f.process, &f.own, a.epoch.id)
	if none := (epochKey{id: a.epoch.id}); !slices.Contains(keys, none) {
		keys = append(keys[:len(keys):len(keys)], none)
	}
	for _, key := range keys {
		e := f.process.epochs[key]
		switch {
		case e == nil:
			continue
		case a.meets(e):
			return key, true
		case a.isAnother(a.total, e):
			continue
		}
		if best == nil || e.isNearer(a.total, best) || e.highest == best.highest && key.created > last.created {
			best, last = e, key
		}
	}
	return last, best != nil
}

// isNearer reports whether the total is rather one of the epoch than of the other: from the
// highest that is not higher it rose by the least.
func (e *epoch) isNearer(total uint64, other *epoch) bool {
	if e.highest <= total != (other.highest <= total) {
		return e.highest <= total
	}
	return e.highest > other.highest
}

// otherEpoch returns the epoch that the occurrences of the aggregate prove, if that is not the
// one that is known under its name, and the reason: after a restart, one address can tell it
// first, and then another.
func (f *folding) otherEpoch(e *epoch, a *receivedAggregate) (*epoch, Reason) {
	if !a.proves() {
		return nil, ""
	}
	if a.meets(e) {
		return nil, ""
	}
	q, key := f.findByOccurrence(a)
	switch q {
	case nil:
		return nil, ""
	case f.process:
		return q.epochs[key], ChangingEpoch
	}
	f.service.pending.processes[q] = struct{}{}
	return q.epochs[key], SeveralAddresses
}

// inheritEpochs gives a new process the epochs of the process before it at its address. Its
// answer left them out because they are the same, byte for byte.
func (f *folding) inheritEpochs() {
	if f.report.unchanged == 0 || f.previous == nil {
		return
	}
	reported := make(map[epochKey]bool, len(f.report.aggregates))
	for i := range f.report.aggregates {
		reported[f.report.aggregates[i].epoch] = true
	}
	for key, e := range f.previous.epochs {
		if reported[key] {
			continue
		}
		f.process.epochs[key] = e
		f.service.share(e, f.previous, f.process)
		f.service.retainKey(key.id)
	}
	f.doubt(ChangingUUID)
}
