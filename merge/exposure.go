package merge

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// PromQL's increase and rate ignore the first value of a series
// (https://github.com/prometheus/prometheus/issues/1673), so everybody who counts must see
// a new series at zero before its value. To show each scraper what is new to it is not
// possible: addresses and connections change, one server asks for several, and two that
// write into one database must not contradict each other. So the zero belongs to the
// series, and everybody is shown the same:
//
//   - A series is new until it was shown at its value. It begins at zero, and its time
//     runs from the first exposition that arrives at a scraper: one that comes at a steady
//     interval. People and strangers start nothing.
//   - It is shown at its value once the longest interval of the scrapers that come has
//     passed, and each of them was answered meanwhile. Nobody is waited for beyond
//     longestDelay.
//   - From then on it is shown at its value, to everybody, for ever. What it counted
//     meanwhile is in the rise from zero.
//   - While no scraper is known, values are shown at once: there is nobody to keep them
//     for.
//
// An example: A scrapes every 15 s and B every 60 s. A series is made at 12:00:01. A is
// the first to see it, at 12:00:10, at zero. B sees it at zero at 12:00:40. At 12:01:10 A
// still sees zero, as a minute is hardly over, and at 12:01:25 its value; B sees that at
// 12:01:40.
//
// State.mu guards an exposure, and what it knows of scrapers.
type exposure struct {
	scrapers     scrapers
	serviceLabel string
	// delay is for how long zero is shown at least.
	delay time.Duration
	// number is that of the newest exposition.
	number uint64
	// newSeries are those that were never shown at their values.
	newSeries map[*series]struct{}
	pending   *pending
	journal   *journal
}

// longestDelay is how long a series is shown at zero at most: the longest interval that
// Prometheus advises. Who has a longer one is served by [Options.NewSeriesDelay].
const longestDelay = 2 * time.Minute

func newExposure(o *Options, p *pending, j *journal) *exposure {
	return &exposure{
		scrapers:     scrapers{known: map[uint64][]*scraper{}, pending: p, journal: j},
		serviceLabel: o.ServiceLabel, delay: o.NewSeriesDelay, newSeries: map[*series]struct{}{},
		pending: p, journal: j,
	}
}

// add takes in a series that is new.
func (e *exposure) add(s *series) {
	s.born = e.number + 1
	e.newSeries[s] = struct{}{}
}

// A reply is the exposition with which a request is answered.
type reply struct {
	request
	match
	// number is that of the exposition.
	number uint64
	// introduces is set when the scraper becomes known with it.
	introduces bool
}

// begin decides, before a request is answered, which series are shown at their values from
// now on.
func (e *exposure) begin(who *Scraper, now time.Time) *reply {
	e.number++
	r := &reply{number: e.number, request: newRequest(who, e.serviceLabel, now)}
	r.match = e.scrapers.match(&r.request)
	if r.learned > 0 {
		r.scraper, r.introduces = e.scrapers.know(&r.request, &r.match), true
	}
	e.showValues(r)
	e.scrapers.expect(&r.request)
	return r
}

// showValues shows those series at their values whose time at zero is over.
func (e *exposure) showValues(r *reply) {
	if len(e.newSeries) == 0 {
		return
	}
	groups := e.groups(r)
	var over []*series
	for s := range e.newSeries {
		if r.services.has(s.Labels) && e.isOver(s, r, groups) {
			e.showValue(s)
			over = append(over, s)
		}
	}
	e.journalExposed(over, time.Time{})
}

// showValue shows the series at its value from now on.
func (e *exposure) showValue(s *series) {
	s.valued = true
	delete(e.newSeries, s)
	s.changed()
}

// arrived notes that the reply was sent, whole.
func (e *exposure) arrived(r *reply) {
	switch {
	case !r.introduces:
		e.scrapers.answered(&r.request, r.number)
	case r.scraper != nil:
		r.scraper.shown = r.number
	}
	if !r.regular || !e.counts(r) {
		return
	}
	var exposed []*series
	for s := range e.newSeries {
		if s.exposed.IsZero() && s.born <= r.number && r.services.has(s.Labels) {
			s.exposed = r.at
			s.changed()
			exposed = append(exposed, s)
		}
	}
	e.journalExposed(exposed, r.at)
}

// maxExposed is how many series the journal has in one event. When more are exposed at once,
// all that has changed is committed instead, which writes not much more then.
const maxExposed = 1000

// journalExposed adds an [ExposedEvent] for each service of the series.
func (e *exposure) journalExposed(list []*series, at time.Time) {
	if len(list) > maxExposed {
		e.pending.urgent = true
		return
	}
	byService := map[string][]SeriesName{}
	for _, s := range list {
		byService[s.service] = append(byService[s.service], s.name())
	}
	for service, names := range byService {
		e.journal.add(Event{Exposed: &ExposedEvent{Service: service, Series: names, At: at}})
	}
}

// load takes in a scraper as it was written.
func (e *exposure) load(r *ScraperRecord, now time.Time) *scraper {
	return e.scrapers.load(r, newSelection(e.serviceLabel, r.Services), now)
}

// expose does again what an event tells. The caller holds mu.
func (s *State) expose(e *ExposedEvent) {
	for _, name := range e.Series {
		set := s.counters.of(name)
		series := set.series[keyOf(name.Labels)]
		switch {
		case series == nil || series.valued: // other labels by now
		case e.At.IsZero():
			s.exposure.showValue(series)
		default:
			series.exposed = sooner(e.At, s.own.wall)
			series.changed()
		}
	}
}

// counts reports whether the time of new series begins with the reply. While scrapers are
// known that are steady, one that is not may be anybody.
func (e *exposure) counts(r *reply) bool {
	if r.steady || r.scraper != nil && r.scraper.steady {
		return true
	}
	for s := range e.scrapers.all {
		if s.steady {
			return false
		}
	}
	return true
}

// A group is the scrapers that ask for the same services, but for the one that asks now.
type group struct {
	services selection
	// interval is the longest of those that are present, and absent that of the others.
	interval, absent time.Duration
	// shown is the newest exposition that all that are present were answered with.
	shown uint64
}

func (e *exposure) groups(r *reply) map[string]*group {
	groups := map[string]*group{}
	for s := range e.scrapers.all {
		if s == r.scraper {
			continue
		}
		key := s.services.key()
		g := groups[key]
		if g == nil {
			g = &group{services: s.services, shown: math.MaxUint64}
			groups[key] = g
		}
		if s.present(r.at) {
			g.interval, g.shown = max(g.interval, s.interval), min(g.shown, s.shown)
		} else {
			g.absent = max(g.absent, s.interval)
		}
	}
	return groups
}

// isOver reports whether the series is to be shown at its value from this reply on.
func (e *exposure) isOver(s *series, r *reply, groups map[string]*group) bool {
	known, waiting := r.regular, false
	interval, absent := r.interval(), time.Duration(0)
	for _, g := range groups {
		if g.services.has(s.Labels) {
			known = true
			waiting = waiting || g.shown < s.born
			interval, absent = max(interval, g.interval), max(absent, g.absent)
		}
	}
	if !known {
		return true
	}
	elapsed := r.at.Sub(s.exposed)
	least := time.Duration(0)
	if e.delay > 0 {
		least = e.delay + lateness(e.delay)
	}
	switch {
	case s.exposed.IsZero():
		return false
	case elapsed >= max(longestDelay, least):
		return true
	case waiting, r.scrapes() && r.shown < s.born, r.regular && r.interval() == 0:
		return false
	}
	longest := cmp.Or(interval, absent)
	interval = min(longest, longestDelay)
	margin := lateness(interval) // for one that scraped just before the series was there
	if r.regular && r.interval() >= longest-margin {
		margin = -margin // this is the one with that interval, a little early
	}
	return elapsed >= max(interval+margin, least)
}

// scrapes reports whether the request is that of a scraper, or is likely to be.
func (r *reply) scrapes() bool { return r.regular || r.timeout > 0 }

// exposition returns what the scraper is shown. The caller holds mu.
func (s *State) exposition(who *Scraper, now time.Time) (*Exposition, *reply) {
	r := s.exposure.begin(who, now)
	x := &Exposition{Exceptions: s.counters.counts.snapshot(r.services), Regressed: s.counters.regressions.snapshot(r.services)}
	x.Seen = make([]*Seen, 0, len(s.seen))
	clear(s.seen)
	for _, svc := range s.shown {
		x.Seen = svc.appendSeen(x.Seen, s.seen)
	}
	s.endMutes(now)
	for _, svc := range s.shown {
		if len(svc.muted) > 0 && r.services.has(periskop.Labels{{Name: s.exposure.serviceLabel, Value: svc.name}}) {
			x.Muted = svc.appendMuted(x.Muted)
		}
	}
	x.Seen = slices.DeleteFunc(x.Seen, func(seen *Seen) bool { return !r.services.has(seen.Labels) })
	return x, r
}

// NewSeries returns how many series are still shown at zero because they are new.
func (s *State) NewSeries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.exposure.newSeries)
}

// RegularScrapers returns how many scrapers come at a steady interval now.
func (s *State) RegularScrapers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	n := 0
	for scraper := range s.exposure.scrapers.all {
		if scraper.present(now) {
			n++
		}
	}
	return n
}
