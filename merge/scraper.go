package merge

import "time"

// A scraper is a Prometheus server, or whoever else reads the metrics.
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
	// durable is seen as it was last committed.
	durable time.Time
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
)

// meet notes that the scraper was there, and knows all series up to the generation.
func (s *State) meet(id string, generation uint64, now time.Time) {
	if id == "" {
		return
	}
	sc := s.scrapers[id]
	if sc == nil {
		if len(s.scrapers) >= maxScrapers {
			return
		}
		sc = &scraper{id: id}
		s.scrapers[id] = sc
		delete(s.pending.lostScrapers, id)
	}
	newer := generation > sc.generation
	sc.seen = later(sc.seen, now)
	sc.generation = max(sc.generation, generation)
	if newer || sc.seen.Sub(sc.durable) > scraperRefresh {
		sc.durable = sc.seen
		s.pending.scrapers[sc] = struct{}{}
	}
}

// forgetScrapers forgets those that are no longer known.
func (s *State) forgetScrapers(now time.Time) {
	for id, sc := range s.scrapers {
		if now.Sub(sc.seen) > scraperMemory {
			delete(s.scrapers, id)
			delete(s.pending.scrapers, sc)
			s.pending.lostScrapers[id] = struct{}{}
		}
	}
}
