package merge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A request is one for an exposition.
type request struct {
	// identity and connection are hashes of what strangers choose freely; zero is none.
	identity, connection uint64
	at                   time.Time
	timeout              time.Duration
	services             selection
}

func newRequest(who *Scraper, serviceLabel string, now time.Time) request {
	r := request{at: now, timeout: who.Timeout, services: newSelection(serviceLabel, who.Services)}
	// Who asks for more than could be remembered is never known.
	if key := r.services.key(); who.ID != "" && len(key) <= maxSelection {
		r.identity = hash(who.ID + "\x00" + key)
	}
	if who.Connection != "" {
		r.connection = hash(who.Connection)
	}
	return r
}

// on reports whether it came on that connection.
func (r *request) on(connection uint64) bool { return r.connection != 0 && r.connection == connection }

// scrapers are those that come at a steady interval, and what may turn out to. Their
// memory is bounded, and no stranger takes the place of a scraper: only who comes at a
// steady interval as well can, and only of one that is away, or has a shorter interval.
type scrapers struct {
	known  map[uint64][]*scraper // by identity
	number int                   // of all that are known
	// unmatched are the newest requests of others, in a ring.
	unmatched []pastRequest
	next      int // where the ring goes on
	pending   *pending
	journal   *journal
}

const (
	// maxScrapers are known at once.
	maxScrapers = 256
	// maxSelection is how many bytes the names of services may have that a scraper asks
	// for.
	maxSelection = 16 << 10
)

// A match says which scraper a request belongs to.
type match struct {
	// scraper is nil for a stranger, and for a scraper that is learned of now.
	scraper *scraper
	// regular is set when it is the request of a scraper, known or not.
	regular bool
	// learned is the interval of one that is learned of now, and from are the indices of
	// its requests among the unmatched.
	learned time.Duration
	from    []int
	// steady is set when the interval was the same twice.
	steady bool
	// shown is the number of the newest exposition that certainly arrived at who asks.
	shown uint64
}

// interval is that of who asks, zero when it is not known.
func (m *match) interval() time.Duration {
	if m.scraper != nil {
		return m.scraper.interval
	}
	return m.learned
}

// match finds out who asks, and changes nothing.
func (t *scrapers) match(r *request) match {
	if r.identity == 0 {
		return match{}
	}
	s, resumed := t.find(r)
	if s == nil {
		return t.learn(r)
	}
	m := match{scraper: s, regular: true, shown: s.arrived(r)}
	if resumed && !s.kept {
		m.shown = 0 // it may be another one
	}
	return m
}

// find returns the scraper whose request it is: the one that is due on this connection;
// or one that is due just then, and keeps no connection; or else one that should have come
// already, and is taken to go on now.
func (t *scrapers) find(r *request) (s *scraper, resumed bool) {
	var due, late *scraper
	nearest := time.Duration(0)
	for _, s := range t.known[r.identity] {
		off, ok := s.due(r)
		if ok && (due == nil || off < nearest) {
			due, nearest = s, off
		}
		if s.overdue(r.at) && (late == nil || s.seen.After(late.seen)) {
			late = s
		}
	}
	if due != nil {
		return due, false
	}
	return late, late != nil
}

// answered notes that the request of one who was known, or was nobody, was answered with
// the exposition of that number.
func (t *scrapers) answered(r *request, number uint64) {
	s, _ := t.find(r)
	if s == nil {
		t.remember(r, number)
		return
	}
	s.answered(r, number)
	if s.stale() {
		t.write(s)
	}
}

// anyRegular reports whether a scraper is known by its interval.
func (t *scrapers) anyRegular() bool {
	for s := range t.all {
		if s.interval > 0 {
			return true
		}
	}
	return false
}

// expect adds a scraper without an interval when a request says that it scrapes and no scraper
// is known: it will come again, and until then new series are not shown at their values.
func (t *scrapers) expect(r *request) {
	if r.identity != 0 && r.timeout > 0 && t.number == 0 {
		t.add(&scraper{name: t.newName(r.identity), identity: r.identity, services: r.services, seen: r.at})
	}
}

// know adds the scraper that was learned of, before its request is answered, so that both
// become durable together. It returns nil when there are too many others.
func (t *scrapers) know(r *request, m *match) *scraper {
	for _, s := range slices.Clone(t.known[r.identity]) {
		if s.interval == 0 { // it was expected
			t.forget(s)
		}
	}
	s := &scraper{
		name: t.newName(r.identity), identity: r.identity, services: r.services, interval: m.learned, gap: m.learned,
		seen: r.at, scrapes: len(m.from) + 1, connection: r.connection,
		kept:  r.on(t.unmatched[m.from[0]].connection),
		shown: m.shown, confirmed: m.shown, steady: m.steady,
	}
	for _, i := range m.from {
		t.unmatched[i] = pastRequest{}
	}
	if !t.add(s) {
		return nil
	}
	return s
}

// newName returns a name for a scraper of that identity.
func (t *scrapers) newName(identity uint64) string {
	for i := 0; ; i++ {
		name := fmt.Sprintf("%016x-%d", identity, i)
		if !slices.ContainsFunc(t.known[identity], func(s *scraper) bool { return s.name == name }) {
			return name
		}
	}
}

// add adds a scraper, and reports whether it did. When there are too many, it evicts one that is
// away, or whose interval is shorter: the longest interval counts.
func (t *scrapers) add(s *scraper) bool {
	if t.number >= maxScrapers {
		var victim *scraper
		for other := range t.all {
			if victim == nil || other.compareUse(victim, s.seen) < 0 {
				victim = other
			}
		}
		if victim.present(s.seen) && victim.interval >= s.interval {
			return false
		}
		t.forget(victim)
	}
	t.known[s.identity] = append(t.known[s.identity], s)
	t.number++
	t.write(s)
	return true
}

// compareUse compares how useful it is to remember two scrapers: by their scrapes if they are
// away, else by their intervals.
func (s *scraper) compareUse(other *scraper, now time.Time) int {
	present, otherPresent := s.present(now), other.present(now)
	switch {
	case present && !otherPresent:
		return 1
	case !present && otherPresent:
		return -1
	case !present:
		return cmp.Or(cmp.Compare(s.scrapes, other.scrapes), s.seen.Compare(other.seen))
	}
	return cmp.Compare(s.interval, other.interval)
}

func (t *scrapers) write(s *scraper) {
	s.durable = s.record()
	t.pending.scrapers[s] = struct{}{}
	delete(t.pending.lostScrapers, s.name)
	record := s.durable
	t.journal.add(Event{Scraper: &record})
}

func (t *scrapers) forget(s *scraper) {
	s.gone = true
	t.known[s.identity] = slices.DeleteFunc(t.known[s.identity], func(other *scraper) bool { return other == s })
	if len(t.known[s.identity]) == 0 {
		delete(t.known, s.identity)
	}
	t.number--
	delete(t.pending.scrapers, s)
	t.pending.lostScrapers[s.name] = struct{}{}
}

// maintain forgets those that have been away for longer than they are remembered.
func (t *scrapers) maintain(now time.Time) {
	for s := range t.all {
		if now.Sub(s.seen) > s.memory() {
			t.forget(s)
		}
	}
}

// all calls f with each scraper that is known, until it returns false. F may forget it.
func (t *scrapers) all(f func(*scraper) bool) {
	for _, list := range t.known {
		for _, s := range slices.Clone(list) {
			if !f(s) {
				return
			}
		}
	}
}

// load takes in a scraper as it was written, or as it was written again. The exporter was
// not there to see how long ago it scraped: its memory, and the time for which it is
// waited, begin now. It returns nil for what it does not understand.
func (t *scrapers) load(r *ScraperRecord, services selection, now time.Time) *scraper {
	identity, _, _ := strings.Cut(r.ID, "-")
	id, ok := parseKeyID(identity)
	if !ok || r.Interval < 0 {
		return nil
	}
	list := t.known[uint64(id)]
	s := &scraper{name: r.ID, identity: uint64(id), services: services}
	if i := slices.IndexFunc(list, func(known *scraper) bool { return known.name == r.ID }); i >= 0 {
		s = list[i]
	} else {
		t.known[s.identity] = append(list, s)
		t.number++
	}
	s.interval, s.gap, s.seen, s.restored = r.Interval, r.Interval, now, true
	s.scrapes, s.steady, s.durable = int(min(r.Scrapes, enoughScrapes)), r.Interval > 0, *r
	return s
}
