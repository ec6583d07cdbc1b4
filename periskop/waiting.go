package periskop

import "time"

// A Wait is what a service waits for before anything is known of its exceptions. The
// set is closed: pages and answers use the same words.
type Wait string

// What a service can wait for.
const (
	WaitNothing     Wait = ""             // a target of it was scraped
	WaitDiscovery   Wait = "discovery"    // to have looked everywhere once
	WaitTargets     Wait = "targets"      // to be found: there are none
	WaitFirstScrape Wait = "first_scrape" // to end, of any target
	WaitPush        Wait = "push"         // to come: there is nothing to discover
)

// Waiting returns what the service waits for and since when, as far as discovery and
// scraping know; health is that of its targets.
func (s *ServiceTargets) Waiting(health []TargetHealth) (Wait, time.Time) {
	switch {
	case len(s.Targets) == 0 && s.NoDiscovery:
		return WaitPush, s.Asked
	case len(s.Targets) == 0 && s.Answered.IsZero():
		return WaitDiscovery, s.Asked
	case len(s.Targets) == 0:
		return WaitTargets, s.Empty
	}
	var since time.Time
	for i := range health {
		switch h := &health[i]; {
		case h.Last != nil:
			return WaitNothing, time.Time{}
		case since.IsZero() || h.Since.Before(since):
			since = h.Since
		}
	}
	return WaitFirstScrape, since
}
