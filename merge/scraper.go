package merge

import (
	"fmt"
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A Scraper is who asks for an exposition, as far as a request tells. It serves to learn
// at which intervals somebody scrapes, and for nothing else: see [State.Expose].
type Scraper struct {
	// ID is the same for every scrape of one Prometheus server while its address stays
	// the same, and may be that of several servers. Empty is one that is never known.
	ID string
	// Connection is the same for requests on one connection.
	Connection string
	// Timeout is how long the server waits, which is never longer than its interval; zero
	// when the request does not say.
	Timeout time.Duration
	// Services are those whose series alone it asks for: the values of the label of
	// [Options.ServiceLabel]. Nil asks for all.
	Services []string
}

// A scraper is a server, or one job of it, that scrapes at a steady interval.
type scraper struct {
	name     string // of its record
	identity uint64
	services selection
	// interval is zero of one that came once, and is expected to come again.
	interval time.Duration
	// gap is how far the last two scrapes were apart.
	gap time.Duration
	// seen is when it was last answered; when it was loaded, if it was not answered since.
	seen     time.Time
	restored bool
	// scrapes are counted up to enoughScrapes, those at an odd time left out.
	scrapes int
	// steady is set when its interval has been the same twice.
	steady bool
	// connection is that of the last scrape; kept is set when it was that of the one
	// before as well.
	connection uint64
	kept       bool
	// shown is the number of the last exposition with which it was answered, and
	// confirmed that of the last one which certainly arrived: a connection on which
	// another scrape follows.
	shown, confirmed uint64
	// gone is set when it is forgotten.
	gone bool
	// durable is what was last committed of it.
	durable ScraperRecord
}

const (
	// presence is how many intervals after its last scrape a scraper is waited for: one
	// scrape may fail.
	presence = 2.5
	// enoughScrapes is how many are counted: who came as often is remembered longest.
	enoughScrapes = 100
	// expectation is how long somebody is expected who came once.
	expectation = 5 * time.Minute
	// longestMemory is how long a scraper is remembered at most, and as long as a
	// series is that does not grow.
	longestMemory = 7 * 24 * time.Hour
)

// memory is how long it is remembered after its last scrape: the square of how often it
// came, in minutes. A server that scraped for a while may be away for days, while nobody
// who happened to ask three times at the same distance changes for long what others see.
func (s *scraper) memory() time.Duration {
	if s.interval == 0 {
		return expectation
	}
	return min(time.Duration(s.scrapes*s.scrapes)*time.Minute, longestMemory)
}

// present reports whether it is to be waited for.
func (s *scraper) present(now time.Time) bool {
	return s.interval > 0 && now.Sub(s.seen) <= time.Duration(presence*float64(s.interval))+lateness(s.interval)
}

// inStep reports whether a scrape is due at that time, and how far off it is.
func (s *scraper) inStep(at time.Time) (off time.Duration, ok bool) {
	gap := at.Sub(s.seen)
	off = (gap - gap.Round(s.interval)).Abs()
	return off, s.interval > 0 && !s.restored && gap > s.interval/2 && off <= lateness(s.interval)
}

// due reports whether the request may be its next one, and how far off it is: further on
// any other connection.
func (s *scraper) due(r *request) (off time.Duration, ok bool) {
	off, ok = s.inStep(r.at)
	switch same := r.on(s.connection); {
	case same && !ok && r.timeout > 0 && s.interval > 0 && r.at.Sub(s.seen) > s.interval/2:
		return s.interval, true // its clock may be wrong, but not its connection
	case same:
		return off, ok
	}
	return off + maxScrapeInterval, ok && !s.kept
}

// overdue reports whether a scrape was due before that time.
func (s *scraper) overdue(at time.Time) bool {
	return s.interval > 0 && (s.restored || at.Sub(s.seen) > s.interval+lateness(s.interval))
}

// answered notes that it has been answered with the exposition of that number.
func (s *scraper) answered(r *request, number uint64) {
	gap := r.at.Sub(s.seen)
	if gap < 0 {
		return // the answers of two requests ended in another order
	}
	if _, ok := s.inStep(r.at); ok || s.restored {
		s.scrapes = min(s.scrapes+1, enoughScrapes)
	}
	s.steady = s.steady || (gap-s.gap).Abs() <= precision(gap)
	if (gap-s.gap).Abs() <= lateness(gap) && !s.restored && gap <= maxScrapeInterval {
		s.interval = gap
	}
	same := r.on(s.connection)
	if same || !s.kept {
		s.confirmed = s.shown
	}
	s.gap, s.seen, s.restored = gap, r.at, false
	s.connection, s.kept = r.connection, same
	s.shown = number
}

// arrived is the number of the newest exposition that has arrived, as far as another
// request tells. Who kept a connection and comes on another one has perhaps given up the
// last scrape, or ended before it was stored.
func (s *scraper) arrived(r *request) uint64 {
	if s.kept && !r.on(s.connection) {
		return s.confirmed
	}
	return s.shown
}

func (s *scraper) record() ScraperRecord {
	return ScraperRecord{
		ID: s.name, Interval: s.interval, Seen: s.seen, Scrapes: uint64(s.scrapes), Services: s.services.names,
	}
}

// stale reports whether the record must be written again: not for each scrape, but
// before it would be forgotten too early, or remembered too short.
func (s *scraper) stale() bool {
	const often = 8 // in its memory
	return 2*s.scrapes >= 3*int(s.durable.Scrapes) && s.scrapes < enoughScrapes ||
		s.scrapes == enoughScrapes && s.durable.Scrapes < enoughScrapes ||
		lateness(s.interval) < (s.interval-s.durable.Interval).Abs() ||
		s.seen.Sub(s.durable.Seen) > max(s.memory()/often, time.Minute)
}

// A selection chooses series by the service that one of their labels names.
type selection struct {
	label string
	// names are sorted; nil chooses all.
	names []string
}

func newSelection(label string, services []string) selection {
	if services == nil {
		return selection{}
	}
	names := slices.Clone(services)
	slices.Sort(names)
	return selection{label: label, names: slices.Compact(names)}
}

func (s selection) has(labels periskop.Labels) bool {
	if s.names == nil {
		return true
	}
	service := labels.Value(s.label)
	if service == "" {
		return false
	}
	_, ok := slices.BinarySearch(s.names, service)
	return ok
}

// key is the same for equal selections only.
func (s selection) key() string {
	if s.names == nil {
		return ""
	}
	return fmt.Sprintf("%q", s.names)
}
