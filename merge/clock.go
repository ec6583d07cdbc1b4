package merge

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A clock translates a target's times into ours.
type clock struct {
	// known is false when the answer said nothing of the target's clock.
	known bool
	// skew is how far the target's clock is at least ahead of ours, and skew + slack how
	// far it is at most.
	skew, slack time.Duration
	now         time.Time
}

// clockOf reads the target's clock off the Date header of its answer. The header
// has whole seconds and was written some time between request and end of answer: as
// long as that leaves the possibility that both clocks agree, they are taken to
// agree.
func clockOf(s *periskop.Scrape) clock {
	c := clock{known: !s.Date.IsZero(), now: s.End()}
	if !c.known {
		return c
	}
	earliest := s.Date.Sub(s.End())
	latest := s.Date.Add(time.Second).Sub(s.Start)
	if earliest > 0 || latest < 0 {
		c.skew, c.slack = earliest, latest-earliest
	}
	return c
}

// ours returns the time by our clock. What would lie in the future is now: no
// target can pin an occurrence to the top of a list. A zero time stays zero.
func (c clock) ours(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	t = t.Add(-c.skew)
	if t.After(c.now) {
		return c.now
	}
	return t
}
