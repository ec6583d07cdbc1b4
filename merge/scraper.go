package merge

import (
	"maps"
	"math"
	"time"
)

// A Scraper is who asks for an exposition.
type Scraper struct {
	// ID is the same for every scrape of one Prometheus server, after its restart and
	// after ours too. Empty is one that is never known.
	ID string
	// Connection tells servers with the same ID apart, such as two beside each other on
	// one host, for as long as they keep their connections.
	Connection string
}

// A scraper is what is known of a Prometheus server, or of several with the same ID.
//
// PromQL's increase and rate ignore the first value of a series
// (https://github.com/prometheus/prometheus/issues/1673). A scraper that is known is
// therefore shown a series that is new to it at zero, once, and its value from the
// next scrape on. One that was never seen is shown the values at once: it must not
// take what is old for an increase.
type scraper struct {
	id   string
	seen time.Time
	// generation is that of the newest series which it was shown.
	generation uint64
	// valued is that of the newest series whose value it was shown: to none of several
	// servers may it be shown as zero after that, as they can be one behind a proxy with
	// several connections.
	valued uint64
	// connections are those on which it was seen lately.
	connections map[string]*connection
	// durable is seen as it was last committed.
	durable time.Time
}

type connection struct {
	seen       time.Time
	generation uint64 // as that of the scraper
}

const (
	// scraperMemory is how long a scraper is known after its last scrape: longer than
	// a restart of a Prometheus server, and than most outages of the network.
	scraperMemory = 10 * time.Minute
	// scraperRefresh is how old the time of a scraper may get in the store before it
	// is written again for no other reason.
	scraperRefresh = time.Minute
	// maxScrapers bounds what strangers can make us remember.
	maxScrapers = 1000
	// maxConnections bounds the same for one of them. Servers beside each other are few.
	maxConnections = 100
)

// knows returns up to which generation the scraper has been shown series, and whether it
// is known at all.
func (s *State) knows(who Scraper, now time.Time) (generation uint64, known bool) {
	sc := s.scrapers[who.ID]
	if sc == nil || now.Sub(sc.seen) > scraperMemory {
		return math.MaxUint64, false
	}
	if c := sc.connections[who.Connection]; c != nil {
		return max(c.generation, sc.valued), true
	}
	return sc.generation, true
}

// meet notes that the scraper was there, was shown the values of all series up to the
// generation valued, and knows all up to the generation shown.
func (s *State) meet(who Scraper, valued, shown uint64, now time.Time) {
	if who.ID == "" {
		return
	}
	sc := s.scrapers[who.ID]
	if sc == nil {
		if len(s.scrapers) >= maxScrapers {
			return
		}
		sc = &scraper{id: who.ID, connections: map[string]*connection{}}
		s.scrapers[who.ID] = sc
		delete(s.pending.lostScrapers, who.ID)
	}
	newer := shown > sc.generation
	sc.seen = later(sc.seen, now)
	sc.generation = max(sc.generation, shown)
	sc.valued = max(sc.valued, min(valued, shown))
	sc.meetOn(who.Connection, shown, now)
	if newer || sc.seen.Sub(sc.durable) > scraperRefresh {
		sc.durable = sc.seen
		s.pending.scrapers[sc] = struct{}{}
	}
}

func (sc *scraper) meetOn(name string, shown uint64, now time.Time) {
	c := sc.connections[name]
	if c == nil {
		if len(sc.connections) >= maxConnections {
			return
		}
		c = &connection{}
		sc.connections[name] = c
	}
	c.seen, c.generation = later(c.seen, now), max(c.generation, shown)
}

// forgetScrapers forgets those that are no longer known.
func (s *State) forgetScrapers(now time.Time) {
	for id, sc := range s.scrapers {
		maps.DeleteFunc(sc.connections, func(_ string, c *connection) bool { return now.Sub(c.seen) > scraperMemory })
		if now.Sub(sc.seen) > scraperMemory {
			delete(s.scrapers, id)
			delete(s.pending.scrapers, sc)
			s.pending.lostScrapers[id] = struct{}{}
		}
	}
}
