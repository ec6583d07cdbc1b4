package merge

// record returns the process as it is written.
func (p *process) record() ProcessRecord {
	r := ProcessRecord{
		ProcessName: p.ProcessName, ByAddress: p.byAddress, URL: p.url,
		Seen: p.seen, Reported: p.reported, Kept: p.kept, Floor: p.floor,
		Epochs: make([]EpochRecord, 0, len(p.epochs)),
	}
	for key, e := range p.epochs {
		r.Epochs = append(r.Epochs, EpochRecord{ID: uint64(key.id), Created: key.created, Highest: e.highest, Reported: e.reported})
	}
	return r
}

func (e *exception) name() ExceptionName {
	return ExceptionName{Service: e.service.name, ID: uint64(e.id)}
}

// record returns the exception as it is written, but for its occurrences.
func (e *exception) record() ExceptionRecord {
	r := ExceptionRecord{
		ExceptionName: e.name(), Key: e.key, Class: e.class, History: e.history,
		FirstSeen: e.firstSeen, LastSeen: e.lastSeen, Grown: e.grown,
		Resolved: e.resolved, Regressions: e.regressions, Episode: e.episode,
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
		s.service(r.Services[i].Name).watchedSince = r.Services[i].WatchedSince
	}
	for i := range r.Exceptions {
		s.loadException(&r.Exceptions[i])
	}
	for i := range r.Occurrences {
		o := &r.Occurrences[i]
		if e := s.service(o.Service).byID[keyID(o.ID)]; e != nil {
			e.occurrences = o.Occurrences
		}
	}
	for i := range r.Processes {
		s.loadProcess(&r.Processes[i])
	}
	for i := range r.Forgotten {
		s.service(r.Forgotten[i].Service).forgotten[r.Forgotten[i].ID] = r.Forgotten[i].At
	}
	generation := uint64(0)
	for i := range r.Series {
		s.ledgers.of(r.Series[i].SeriesName).load(&r.Series[i])
		generation = max(generation, r.Series[i].Born)
	}
	for i := range r.Scrapers {
		sc := &r.Scrapers[i]
		s.scrapers[sc.ID] = &scraper{
			id: sc.ID, seen: sc.Seen, durable: sc.Seen, generation: sc.Generation, connections: map[string]*connection{},
		}
		generation = max(generation, sc.Generation)
	}
	s.ledgers.setGeneration(generation + 1)
}

func (s *State) loadException(r *ExceptionRecord) {
	svc := s.service(r.Service)
	e := &exception{
		service: svc, id: keyID(r.ID), key: r.Key, label: LabelValue(r.Key, s.settings.LabelLength),
		class: r.Class, history: r.History,
		firstSeen: r.FirstSeen, lastSeen: r.LastSeen, grown: r.Grown,
		resolved: r.Resolved, regressions: r.Regressions,
	}
	for _, c := range r.Counts {
		e.counts = append(e.counts, &count{group: c.Group, groupKey: labelsKey(c.Group), severity: c.Severity, counted: c.Counted, start: c.Start})
	}
	svc.restoreEpisode(e, r.Episode)
	svc.exceptions[e.key] = e
	svc.byID[e.id] = e
}

func (s *State) loadProcess(r *ProcessRecord) {
	svc := s.service(r.Service)
	p := svc.newProcess(r.ID)
	p.byAddress, p.url, p.floor = r.ByAddress, r.URL, r.Floor
	p.seen, p.reported, p.kept, p.durable = r.Seen, r.Reported, r.Kept, r.Seen
	p.restored = true
	for _, e := range r.Epochs {
		id := keyID(e.ID)
		p.epochs[epochKey{id: id, created: e.Created}] = epoch{highest: e.Highest, reported: e.Reported}
		if _, ok := svc.overflow[id]; !ok && svc.byID[id] == nil && len(svc.exceptions) >= s.settings.KeysPerService {
			svc.overflow[id] = 0
		}
		svc.hold(id)
	}
	if before := svc.addresses[p.url]; before == nil || before.seen.Before(p.seen) {
		svc.addresses[p.url] = p
	}
}
