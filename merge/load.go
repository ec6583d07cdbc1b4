package merge

import "strings"

// record returns the endpoint as it is written.
func (e *endpoint) record(name EndpointName) EndpointRecord {
	return EndpointRecord{EndpointName: name, Found: e.found, Since: e.since, Several: e.several, Steady: e.steady, Named: e.named, Changing: e.changing, Zone: e.zone}
}

// record returns the process as it is written.
func (p *process) record() ProcessRecord {
	r := ProcessRecord{
		ProcessName: p.ProcessName, Address: p.address, Instance: p.instance, Since: p.since,
		Seen: p.seen, Complete: p.complete, Kept: p.kept, Floor: p.floor, Skew: p.skew, HasSkew: p.hasSkew,
		Epochs: make([]EpochRecord, 0, len(p.epochs)),
	}
	for key, e := range p.epochs {
		r.Epochs = append(r.Epochs, e.record(key))
	}
	return r
}

func (e *epoch) record(key epochKey) EpochRecord {
	r := EpochRecord{
		ID: uint64(key.id), Created: key.created, Reported: e.reported,
		Baseline: e.baseline, Severity: e.severity.String(), EpochState: e.state(),
	}
	if e.rareState == nil {
		return r
	}
	r.Shared, r.Held, r.Peak, r.Wavering, r.Unread, r.Rebased = e.shared, e.held, e.peak, e.unstable, e.unread, e.rebased
	r.Renamed, r.Candidate, r.TakeoverState = e.renamed, e.candidate, e.takeover(e)
	for s := e.nextSibling(); s != nil; s = s.nextSibling() {
		r.Beside = append(r.Beside, SiblingRecord{s.state(), s.takeover(e)})
	}
	return r
}

func (e *epoch) state() EpochState {
	return EpochState{Highest: e.highest, Known: e.known, Newest: e.newest}
}

// newEpoch returns an epoch as it was written.
func newEpoch(r *EpochRecord) *epoch {
	e := &epoch{highest: r.Highest, known: r.Known, newest: r.Newest, reported: r.Reported, baseline: r.Baseline, severity: severityOf(r.Severity)}
	if r.IsRare() {
		e.rareState = &rareState{
			shared: r.Shared, held: r.Held, peak: r.Peak, unstable: r.Wavering, unread: r.Unread, rebased: r.Rebased,
			renamed: r.Renamed, candidate: r.Candidate,
		}
	}
	all := []*epoch{e}
	for i := range r.Beside {
		s := &r.Beside[i]
		next := &epoch{highest: s.Highest, known: s.Known, newest: s.Newest, reported: r.Reported}
		all[i].rare().sibling = next
		all = append(all, next)
	}
	e.setTakeover(&r.TakeoverState, all)
	for i := range r.Beside {
		all[i+1].setTakeover(&r.Beside[i].TakeoverState, all)
	}
	return e
}

func (e *exception) name() ExceptionName {
	return ExceptionName{Service: e.service.name, ID: uint64(e.id)}
}

// record returns the exception as it is written, but for its occurrences.
func (e *exception) record() ExceptionRecord {
	r := ExceptionRecord{
		ExceptionName: e.name(), Key: e.key, Class: e.class, History: e.history,
		FirstSeen: e.firstSeen, LastSeen: e.lastSeen, Grown: e.grown,
		Resolved: e.resolved, Muted: e.muted, Decisions: e.decisions, Regressions: e.regressions, Episode: e.episode, Versions: e.versions,
		Counts: make([]Count, len(e.counts)),
	}
	for i, c := range e.counts {
		r.Counts[i] = Count{Group: c.group, Severity: c.severity, Counted: c.counted, Start: c.start}
	}
	return r
}

// load takes in what was durable when the program ended. It is called once, before
// anything else.
func (s *State) load(r *Records) {
	for i := range r.Services {
		svc := s.service(r.Services[i].Name)
		svc.watchedSince, svc.forgottenUntil, svc.block = r.Services[i].WatchedSince, r.Services[i].ForgottenUntil, r.Services[i].Block
	}
	for i := range r.Rounds {
		s.loadRound(&r.Rounds[i])
	}
	for i := range r.Endpoints {
		s.loadEndpoint(&r.Endpoints[i])
	}
	for i := range r.Exceptions {
		s.loadException(&r.Exceptions[i])
	}
	for i := range r.Occurrences {
		o := &r.Occurrences[i]
		if e := s.service(o.Service).byID[keyID(o.ID)]; e != nil {
			e.kept = o.Kept
		}
	}
	for i := range r.Members {
		s.loadMember(&r.Members[i])
	}
	shared := map[uint64]*epoch{}
	for i := range r.Processes {
		s.loadProcess(&r.Processes[i], shared)
	}
	for i := range r.Forgotten {
		s.service(r.Forgotten[i].Service).noteForgotten(r.Forgotten[i].ID, r.Forgotten[i].At)
	}
	for _, svc := range s.services {
		svc.sortForgotten()
	}
	now := s.own.wall
	for i := range r.Series {
		s.counters.of(r.Series[i].SeriesName).load(&r.Series[i], now)
	}
	for i := range r.Scrapers {
		s.exposure.load(&r.Scrapers[i], now)
	}
}

func (s *State) loadRound(r *RoundRecord) {
	s.rounds[r.Discovery] = &round{first: r.First, last: r.Last, stalled: r.Stalled}
}

func (s *State) loadEndpoint(r *EndpointRecord) {
	e := s.service(r.Service).endpoint(r.Address)
	e.found, e.since, e.several, e.zone = r.Found, r.Since, r.Several, r.Zone
	e.steady, e.named, e.changing = r.Steady, r.Named, r.Changing
}

func (s *State) loadException(r *ExceptionRecord) {
	svc := s.service(r.Service)
	e := &exception{
		service: svc, id: keyID(r.ID), idText: keyID(r.ID).String(), key: r.Key, label: LabelValue(r.Key, s.settings.LabelLength),
		class: r.Class, history: r.History,
		firstSeen: r.FirstSeen, lastSeen: r.LastSeen, grown: r.Grown,
		resolved: r.Resolved, decisions: r.Decisions, regressions: r.Regressions, versions: r.Versions,
	}
	for _, c := range r.Counts {
		e.counts = append(e.counts, &count{group: c.Group, groupKey: keyOf(c.Group), severity: c.Severity, counted: c.Counted, start: c.Start})
	}
	svc.restoreEpisode(e, r.Episode)
	svc.byID[e.id] = e
	if r.Muted != nil {
		svc.setMuted(e, r.Muted)
	}
}

// loadProcess takes in a process. Entries of one epoch are one epoch again.
func (s *State) loadProcess(r *ProcessRecord, shared map[uint64]*epoch) {
	svc := s.service(r.Service)
	p := svc.newProcess(r.ID, r.Address)
	p.anonymous = strings.HasPrefix(p.ID, addressPrefix)
	p.instance, p.since, p.floor, p.skew, p.hasSkew = r.Instance, r.Since, r.Floor, r.Skew, r.HasSkew
	p.seen, p.complete, p.kept = r.Seen, r.Complete, r.Kept
	p.made = p.seen
	p.restored = true
	for i := range r.Epochs {
		svc.loadEpoch(p, &r.Epochs[i], shared)
	}
	e := svc.endpoint(p.address)
	e.processes = append(e.processes, p)
	if e.process == nil || e.process.seen.Before(p.seen) {
		e.process = p
	}
}

func (s *service) loadEpoch(p *process, r *EpochRecord, shared map[uint64]*epoch) {
	key := epochKey{id: keyID(r.ID), created: r.Created}
	e := newEpoch(r)
	if r.Shared != 0 {
		if first := shared[r.Shared]; first != nil {
			first.highest = max(first.highest, e.highest)
			e = first
		}
		shared[r.Shared] = e
		s.state.noteShared(e, p)
	}
	p.epochs[key] = e
	s.state.index(p, e, 0)
	if p.anonymous && key.created != 0 {
		s.anonymous[key] = p
	}
	if _, ok := s.overflow[key.id]; !ok && s.exceptionFor(key.id) == nil && len(s.byID) >= s.state.settings.KeysPerService {
		s.overflow[key.id] = 0
	}
	s.retainKey(key.id)
}
