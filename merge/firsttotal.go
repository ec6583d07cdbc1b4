package merge

import (
	"slices"
	"time"
)

// A firstTotal is what is known of an epoch when its first total comes.
type firstTotal struct {
	created time.Time // as reported; zero for none
	// credible is not set when created means nothing.
	credible bool
	clock    *clock
	// since is when what the process says began to be news.
	since   time.Time
	process processContext
	listing *listing
	total   uint64
	// others are all aggregates of the report.
	others []receivedAggregate
}

// A processContext is what is known of the process of a report. All its epochs share it.
type processContext struct {
	// known is set when the process has reported before, at that time.
	known  bool
	before time.Time
	// succeeds is set when it is not known, but another one was at its address until
	// the time before.
	succeeds bool
	// returned is set when the process had been forgotten.
	returned bool
	// floor is that of the process.
	floor int64
	// pushed is set when the process pushed the report, and was not scraped.
	pushed bool
}

// news returns how much of the total arose since the watch on the process began, and
// the difference of its time zone to UTC where that was found to be sent as UTC.
func (s *firstTotal) news() (n uint64, zone time.Duration) {
	switch {
	case !s.since.Before(s.clock.now): // The scrape with which the watch begins: all of it was there before.
		return 0, 0
	case s.process.returned && (!s.credible || s.created.UnixNano() <= s.process.floor):
		return 0, 0 // It was history, or counted, before the process was forgotten.
	case s.credible && s.created.UnixNano() <= s.process.floor:
		return 0, 0
	case s.credible && (!s.clock.known && s.process.known || !s.createdAt().Before(s.since)):
		return s.total, 0
	}
	if zone, ok := s.zone(); ok {
		return s.total, zone
	}
	switch {
	case s.credible:
		return 0, 0
	case s.process.known && !s.contradicted():
		return s.total, 0
	case s.process.known:
		return s.listedSince(), 0
	}
	return s.listedNews(), 0
}

// contradicted reports whether occurrences are older than an answer of the process that did not
// have them: then another process was asked that time.
func (s *firstTotal) contradicted() bool {
	return s.clock.known && !s.process.pushed && s.listing.oldest != 0 &&
		s.listing.oldest < s.clock.theirs(s.process.before.Add(-time.Second))
}

// createdAt returns when the epoch was created by our clock: the time that counts
// least where it is not known exactly.
func (s *firstTotal) createdAt() time.Time {
	created := s.created.Add(-s.clock.skew - s.clock.zone)
	switch {
	case !s.process.known:
		// It may be older than the watch, and its clock is known to the second only. It
		// is taken to be as old as it can be, so that no history is counted.
		created = created.Add(-s.clock.slack)
		if s.clock.open {
			created = earlier(created, s.created)
		}
	case s.created.Nanosecond() == 0:
		// The Ruby client cuts to whole seconds. It may have been created up to a
		// second later, and as the process did not report it before, it was.
		created = created.Add(time.Second - 1)
	}
	return created
}

// listedNews counts the occurrences since the watch began if all are listed. It is for
// epochs of which nothing else is known.
func (s *firstTotal) listedNews() uint64 {
	if !s.listing.complete(s.total) {
		return 0
	}
	latest := s.clock.theirs(s.clock.now.Add(maxAhead))
	if s.listing.newest > latest {
		return 0 // by a clock or in a zone that is wrong
	}
	return s.listedSince()
}

// listedSince counts the occurrences since the watch began.
func (s *firstTotal) listedSince() uint64 {
	since := s.clock.theirs(s.since)
	var n uint64
	for _, at := range s.listing.times {
		if at >= since {
			n++
		}
	}
	return n
}

// maxZoneWindow bounds the time between two answers from which a time zone is read. In
// a longer one, something old would fit by chance.
const maxZoneWindow = 2 * time.Minute

// zone reads off an epoch that seems to be older than the watch whether it arose since
// the last answer, and only seems so because a local time is sent as UTC: then
// created_at and all occurrences are wrong by one and the same time zone. If the process is
// not known, all that it tells must be: it can have come from elsewhere.
func (s *firstTotal) zone() (time.Duration, bool) {
	p := &s.process
	window := s.clock.now.Sub(p.before)
	if !s.clock.known || p.pushed || !p.known && !p.succeeds || window > maxZoneWindow || len(s.listing.times) == 0 {
		return 0, false
	}
	first := s.created.UnixNano()
	if s.created.IsZero() {
		first = s.listing.oldest
	}
	from := s.clock.theirs(p.before) - int64(time.Second)
	to := s.clock.theirs(s.clock.now) + int64(s.clock.slack+time.Second)
	zone := -time.Duration(to - first).Truncate(zoneStep)
	if zone > 0 {
		zone += zoneStep // of a time in the future, which was rounded down as well
	}
	fits := func(at int64) bool { at -= int64(zone); return at >= from && at <= to }
	if !isZone(zone) || !fits(first) {
		return 0, false
	}
	for _, at := range s.listing.times {
		if !fits(at) {
			return 0, false
		}
	}
	for i := range s.others {
		if a := &s.others[i]; !p.known && !a.created.IsZero() && !fits(a.created.UnixNano()) {
			return 0, false
		}
	}
	return zone, true
}

// isZone reports whether there is a time zone with that difference to UTC: whole hours, and some
// others (https://data.iana.org/time-zones/tz-link.html).
func isZone(zone time.Duration) bool {
	const half, quarter = 30, 45
	hours, minutes := int(zone/time.Hour), int(zone%time.Hour/time.Minute)
	switch minutes {
	case 0:
		return hours != 0 && hours >= -12 && hours <= 14
	case half:
		return slices.Contains([]int{3, 4, 5, 6, 9, 10}, hours)
	case quarter:
		return slices.Contains([]int{5, 8, 12, 13}, hours)
	case -half:
		return slices.Contains([]int{-2, -3, -9}, hours)
	}
	return false
}
