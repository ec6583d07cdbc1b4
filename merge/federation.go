package merge

import (
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// An exporter that scrapes exporters counts by process: each of them relays what it knows of
// each process, and it does not matter which one does. Processes that move from one exporter to
// another, or that several exporters know, are counted once.

// Processes returns what is known of the processes of the service, once that is durable as
// [State.DurableSnapshot] is, together with a snapshot of the same moment; nil for a service
// that there is not.
func (s *State) Processes(service string) (*Snapshot, []periskop.Process) {
	var (
		snapshot  *Snapshot
		processes []periskop.Process
	)
	s.readDurable(false, func() {
		snapshot = s.snapshot()
		if svc := s.configured(service); svc != nil {
			processes = svc.federatedProcesses()
		}
	})
	return snapshot, processes
}

// federatedProcesses returns what is known of each process, sorted by ID.
func (s *service) federatedProcesses() []periskop.Process {
	list := make([]periskop.Process, 0, len(s.processes))
	for _, p := range s.processes {
		list = append(list, s.federatedProcess(p))
	}
	slices.SortFunc(list, func(a, b periskop.Process) int {
		return strings.Compare(a.UUID+" "+a.Address, b.UUID+" "+b.Address)
	})
	return list
}

func (s *service) federatedProcess(p *process) periskop.Process {
	out := periskop.Process{UUID: p.ID, Address: p.address, Instance: p.instance, Totals: []periskop.ProcessTotal{}}
	if p.anonymous {
		out.UUID, out.Address = "", strings.TrimPrefix(p.ID, addressPrefix)
	}
	if p.hasSkew {
		out.Skew = p.skew
	}
	for key, e := range p.epochs {
		if !s.reportsEpoch(p, key, e) {
			continue
		}
		t := periskop.ProcessTotal{ID: uint64(key.id), Group: s.groupOf(key.id), Severity: e.severity.String(), History: e.baseline}
		if key.created != 0 {
			t.CreatedAt = time.Unix(0, key.created).UTC()
		}
		for b := e; b != nil; b = b.nextSibling() {
			t.Total = saturatingAdd(t.Total, b.highest)
			if b.rareState != nil {
				t.History = saturatingAdd(t.History, b.held)
			}
		}
		out.Totals = append(out.Totals, t)
	}
	slices.SortFunc(out.Totals, compareTotals)
	return out
}

func compareTotals(a, b periskop.ProcessTotal) int {
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return a.CreatedAt.Compare(b.CreatedAt)
}

// reportsEpoch reports whether the answer has the epoch with this process and this key.
// Processes can share an epoch, and a process can have it under two keys: it is told once.
func (s *service) reportsEpoch(p *process, key epochKey, e *epoch) bool {
	if e.rareState == nil || e.shared == 0 {
		return true
	}
	if sharers := s.state.sharers[e.shared]; len(sharers) > 0 && sharers[0] != p {
		return false
	}
	for other, same := range p.epochs {
		if same == e && other.id == key.id && other.created < key.created {
			return false
		}
	}
	return true
}

// foldProcesses takes in the processes that an exporter relays.
func (s *State) foldProcesses(sc *periskop.Scrape) {
	own, before := s.relay(sc)
	if own == nil {
		return
	}
	aggregates := make(map[uint64]*periskop.Aggregate, len(sc.Report.Aggregates))
	for i := range sc.Report.Aggregates {
		if a := &sc.Report.Aggregates[i]; aggregates[a.ID] == nil { // the first has the occurrences
			aggregates[a.ID] = a
		}
	}
	candidates := exportCandidates{}
	for i := range sc.Report.Processes {
		if r := s.relayed(own, &sc.Report.Processes[i], aggregates, before); r != nil {
			r.candidates = candidates
			r.finish(s.cleaner(), true)
			s.fold(r)
		}
	}
	s.exportRelayed(candidates)
	if !before {
		s.showHistory(own, sc.Report)
	}
	s.writeEvents()
}

// relay notes that the exporter answered. It returns its report, without the aggregates, and
// whether it answered before; nil for a service that is not configured.
func (s *State) relay(sc *periskop.Scrape) (own *report, before bool) {
	alone := *sc
	alone.Report = &periskop.Report{TargetUUID: sc.Report.TargetUUID, Skipped: sc.Report.Skipped}
	own, before = s.report(&alone)
	if own != nil {
		s.fold(own)
	}
	return own, before
}

// exportRelayed buffers the occurrences of all processes that an exporter relays.
func (s *State) exportRelayed(candidates exportCandidates) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bufferExport(candidates, s.journal.seq)
}

// cleaner returns the cleaner of the settings.
func (s *State) cleaner() *cleaner {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clean
}

// relayed returns the report of a process that the exporter relays.
func (s *State) relayed(own *report, p *periskop.Process, aggregates map[uint64]*periskop.Aggregate, before bool) *report {
	c := s.cleaner()
	r := &report{
		service: own.service, address: c.name(p.Address), instance: c.text(p.Instance), group: own.group, keeps: own.keeps, groupKey: own.groupKey, rules: own.rules, end: own.end, clock: own.clock,
		relayed: true, relayedBefore: before,
	}
	r.clock.skew += p.Skew
	if r.address == "" {
		r.address = c.name(p.UUID)
	}
	r.process = processID(c.name(p.UUID), r.address)
	for i := range p.Totals {
		t := &p.Totals[i]
		a := aggregates[t.Aggregate()]
		if a == nil {
			continue // there is no room for its key there
		}
		r.aggregates = append(r.aggregates, receivedAggregate{
			groupingResult: groupingResult{relayedGroup: keyID(t.Group)},
			epoch:          epochKey{id: keyID(t.ID), created: unixNano(t.CreatedAt)}, key: keptKey(a.Key), longKey: c.longKey(a.Key), severity: t.Severity,
			created: t.CreatedAt, firstSeen: a.FirstSeen, total: t.Total, baseline: t.History,
		})
	}
	if !s.markRelayed(r) {
		return nil
	}
	for i := range r.aggregates {
		a := &r.aggregates[i]
		// The occurrences of a key are those of all processes: once is enough.
		if told := aggregates[a.aggregateID()]; a.wanted && told.Latest != nil {
			r.unreadable += a.decode([]periskop.RawOccurrences{told.Latest}, &r.clock, s.cleaner())
			told.Latest = nil
		}
	}
	return r
}

// markRelayed looks up what is known of the occurrences, and reports whether the service is
// configured.
func (s *State) markRelayed(r *report) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc := s.configured(r.service)
	if svc == nil {
		return false
	}
	known := svc.processes[r.process]
	for i := range r.aggregates {
		svc.markWanted(&r.aggregates[i], known, s.settings.OccurrencesPerKey)
	}
	return true
}

// showHistory adds, when an exporter is asked first, what its exceptions counted of processes
// that are gone. It is shown as history.
func (s *State) showHistory(own *report, told *periskop.Report) {
	listed := map[uint64]uint64{}
	for i := range told.Processes {
		for j := range told.Processes[i].Totals {
			t := &told.Processes[i].Totals[j]
			listed[t.Aggregate()] = saturatingAdd(listed[t.Aggregate()], t.Total)
		}
	}
	r := *own
	r.aggregates, r.changed = nil, nil
	r.labels = nil // those of the exporter are not those of its targets
	all, raw, clean := map[uint64]uint64{}, map[uint64]periskop.RawOccurrences{}, s.cleaner()
	for i := range told.Aggregates {
		a := &told.Aggregates[i]
		all[a.ID] = saturatingAdd(all[a.ID], saturatingAdd(a.TotalCount, a.History))
	}
	for i := range told.Aggregates {
		a := &told.Aggregates[i]
		if rest := all[a.ID]; a.ID != 0 && rest > listed[a.ID] {
			r.aggregates = append(r.aggregates, receivedAggregate{
				epoch: epochKey{id: keyID(a.ID)}, key: keptKey(a.Key), longKey: clean.longKey(a.Key), severity: a.Severity, firstSeen: a.FirstSeen,
				history: rest - listed[a.ID],
			})
			raw[a.ID] = a.Latest
			delete(all, a.ID)
		}
	}
	s.markRest(&r)
	for i := range r.aggregates {
		a := &r.aggregates[i]
		r.unreadable += a.decode([]periskop.RawOccurrences{raw[uint64(a.epoch.id)]}, &r.clock, clean)
	}
	if r.finish(clean, true); len(r.aggregates) > 0 {
		s.fold(&r) // it is an epoch of the exporter, of which nothing is counted
	}
}

// markRest keeps the aggregates of exceptions that are not known yet, or whose history is not
// shown yet, and drops the others.
func (s *State) markRest(r *report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc := s.configured(r.service)
	if svc == nil {
		r.aggregates = nil
		return
	}
	p := svc.processes[r.process]
	r.aggregates = slices.DeleteFunc(r.aggregates, func(a receivedAggregate) bool { return p == nil || p.epochs[a.epoch] != nil })
	for i := range r.aggregates {
		svc.markWanted(&r.aggregates[i], nil, s.settings.OccurrencesPerKey)
	}
}
