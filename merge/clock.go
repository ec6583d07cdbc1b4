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
	// zone is how far created_at and timestamps are ahead of that clock, because local
	// times are sent as UTC.
	zone time.Duration
	// age is how old the answer is, because it came from a cache.
	age time.Duration
	now time.Time
	// open is set when our own clock may have been set since the last run.
	open bool
}

// clockOf reads the target's clock off the Date header of its answer, to which the Age
// of a cached answer is added (RFC 9111, 4.2.3). The header has whole seconds and was
// written some time between request and end of answer: as long as that leaves the
// possibility that both clocks agree, they are taken to agree.
func clockOf(sc *periskop.Scrape, end time.Time) clock {
	c := clock{known: !sc.Date.IsZero(), age: sc.Age, now: end}
	if !c.known {
		return c
	}
	date := sc.Date.Add(sc.Age)
	earliest := date.Sub(end)
	latest := date.Add(time.Second).Sub(end.Add(-sc.Duration))
	if sc.Age > 0 {
		latest += time.Second // it is cut to whole seconds as well
	}
	if earliest > 0 || latest < 0 {
		c.skew, c.slack = earliest, latest-earliest
	}
	return c
}

// ours returns the time by our clock. What would lie in the future is now: no
// target can pin an occurrence to the top of a list. A zero time stays zero.
func (c *clock) ours(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	t = t.Add(-c.skew - c.zone)
	if t.After(c.now) {
		return c.now
	}
	return t
}

// theirs returns a time of ours by the clock of the target, in nanoseconds since 1970.
func (c *clock) theirs(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Add(c.skew + c.zone).UnixNano()
}

const (
	// maxAhead is how far a time may lie in the future: more than clocks drift that are
	// set now and then, or the first exceptions of every new process with such a clock
	// would be lost, and less than a wrong time zone.
	maxAhead = time.Minute
	// zoneStep divides the difference of every time zone to UTC.
	zoneStep = 15 * time.Minute
)

// credible reports whether a reported time can be right: it is not in the future, and not that
// of a clock that lost its time.
func (c *clock) credible(t time.Time) bool {
	return t.Year() >= 2000 && !t.Add(-c.skew-c.zone).After(c.now.Add(maxAhead))
}

// An ownClock is the program's clock. It notices when the clock was set: the wall clock and the
// monotonic one then disagree about the time since the last reading. State.mu guards it.
type ownClock struct {
	now     func() time.Time
	elapsed func() time.Duration

	wall      time.Time // at the last reading
	monotonic time.Duration
}

func newOwnClock(now func() time.Time, elapsed func() time.Duration) ownClock {
	c := ownClock{now: now, elapsed: elapsed}
	c.read()
	return c
}

// minStep is how much of a step matters: less than that the Date headers of targets
// leave open anyway.
const minStep = time.Second

// read returns the time, and by how much the clock was set since the last reading: 0 for less
// than minStep.
func (c *ownClock) read() (now time.Time, stepped time.Duration) {
	now = c.now().Round(0) // without its monotonic reading, which does not outlive us
	monotonic := c.elapsed()
	if !c.wall.IsZero() {
		stepped = now.Sub(c.wall) - (monotonic - c.monotonic)
	}
	c.wall, c.monotonic = now, monotonic
	if stepped.Abs() < minStep {
		stepped = 0
	}
	return now, stepped
}
