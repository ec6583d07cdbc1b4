package merge

import (
	"slices"
	"time"
)

// A pastRequest is one that belonged to no scraper that was known.
type pastRequest struct {
	identity, connection uint64
	at                   time.Time
	// shown is the number of the exposition with which it was answered.
	shown uint64
}

const (
	// maxUnmatched requests are remembered. At 500 requests a second of strangers that is
	// long enough to learn of somebody who comes every 10 seconds.
	maxUnmatched = 10_000
	// maxUnmatchedOfOne are looked at to learn an interval.
	maxUnmatchedOfOne = 500
	// shortestInterval is that of scrapers that do not say how long they wait. Scripts ask
	// faster while they wait for something.
	shortestInterval = 900 * time.Millisecond
	// The chance of an error that is accepted when somebody seems to come at a steady
	// interval; and of the first at all that says it scrapes, as there is nothing to
	// protect yet, and every scrape counts.
	chance, chanceOfFirst = 0.0001, 0.2
)

// learn tells whether the request makes a steady interval of those before it.
func (t *scrapers) learn(r *request) match {
	all := t.unmatchedOf(r.identity)
	same := slices.DeleteFunc(slices.Clone(all), func(i int) bool { return !r.on(t.unmatched[i].connection) })
	m := match{}
	if len(same) > 0 && r.timeout > 0 {
		newest := same[len(same)-1]
		m.shown = t.unmatched[newest].shown
		// On one connection of one that says how long it waits, two requests tell. On that of
		// one that is known they may be its own, too early.
		if gap := r.at.Sub(t.unmatched[newest].at); gap >= r.shortest() && gap <= maxScrapeInterval && !t.taken(r) {
			m.regular, m.learned, m.from = true, gap, same
			return m
		}
	}
	p, ok := t.progression(same, r, lateness)
	if !ok {
		p, ok = t.progression(all, r, r.precision)
		ok = ok && t.apart(p.members, r.connection)
	}
	if ok && p.interval >= r.shortest() {
		return match{regular: true, learned: p.interval, from: p.members, steady: true, shown: t.unmatched[p.members[0]].shown}
	}
	// One that says how long it waits, and comes again, is a scraper of some interval.
	m.regular = r.timeout > 0 && len(all) > 0 && r.at.Sub(t.unmatched[all[0]].at) >= r.shortest()
	return m
}

// taken reports whether the connection is that of a scraper that is known.
func (t *scrapers) taken(r *request) bool {
	return slices.ContainsFunc(t.known[r.identity], func(s *scraper) bool { return r.on(s.connection) })
}

// shortest is the shortest interval that who asks can have.
func (r *request) shortest() time.Duration {
	if r.timeout > 0 {
		return r.timeout * 9 / 10
	}
	return shortestInterval
}

// precision is that of an interval to be learned. One for which somebody waits from one
// scrape to the next, as the short ones of Prometheus are, is no accident.
func (r *request) precision(interval time.Duration) time.Duration {
	if late := lateness(interval); (interval - r.timeout).Abs() <= late {
		return late
	}
	return precision(interval)
}

// progression looks for one among those of the unmatched, and returns it with their
// indices.
func (t *scrapers) progression(indices []int, r *request, tolerance func(time.Duration) time.Duration) (progression, bool) {
	s := search{tolerance: tolerance, chance: chance}
	if r.timeout > 0 {
		s.shortest = r.shortest()
		if !t.anyRegular() {
			s.chance = chanceOfFirst
		}
	}
	times := make([]time.Time, len(indices))
	for n, i := range indices {
		times[n] = t.unmatched[i].at
	}
	p, ok := s.find(times, r.at)
	for n, member := range p.members {
		p.members[n] = indices[member]
	}
	return p, ok
}

// apart reports whether those of the unmatched came on different connections, and on none
// is that one: of somebody who keeps connections, requests on several are no progression.
func (t *scrapers) apart(indices []int, connection uint64) bool {
	seen := map[uint64]bool{connection: connection != 0}
	for _, i := range indices {
		c := t.unmatched[i].connection
		if seen[c] {
			return false
		}
		seen[c] = c != 0
	}
	return true
}

// unmatchedOf returns the indices of the newest unmatched requests of that identity, in
// the order of time.
func (t *scrapers) unmatchedOf(identity uint64) []int {
	var found []int
	for n := range t.unmatched {
		// Backwards from the newest.
		i := (t.next - 1 - n + 2*len(t.unmatched)) % len(t.unmatched)
		if t.unmatched[i].identity == identity {
			found = append(found, i)
		}
		if len(found) == maxUnmatchedOfOne {
			break
		}
	}
	slices.SortFunc(found, func(a, b int) int { return t.unmatched[a].at.Compare(t.unmatched[b].at) })
	return found
}

// remember keeps a request that belongs to no scraper.
func (t *scrapers) remember(r *request, number uint64) {
	if r.identity == 0 {
		return
	}
	past := pastRequest{identity: r.identity, connection: r.connection, at: r.at, shown: number}
	if len(t.unmatched) < maxUnmatched {
		t.unmatched = append(t.unmatched, past)
		t.next = len(t.unmatched) % maxUnmatched
		return
	}
	t.unmatched[t.next] = past
	t.next = (t.next + 1) % maxUnmatched
}
