package merge

import (
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A report is what one answer of a target says, as far as it matters for counting.
type report struct {
	service           string
	process           string // its ID
	address, instance string
	group             periskop.Labels
	end               time.Time
	clock             clock
	pushed            bool
	// doubtful is set when the times of a process that is not known lie in the future:
	// none of its times of creation tells anything then.
	doubtful bool
	// relayed is set when an exporter tells of the process, and relayedBefore when it has told
	// of others before.
	relayed, relayedBefore bool
	// skipped counts the aggregates, and unreadable the times, that could not be read.
	skipped, unreadable int
	arrivals            []arrival
	// changed are the arrivals that changed what is known.
	changed []*arrival
}

// An arrival is an aggregate on its way into the state.
type arrival struct {
	epoch epochKey
	// key and class are without secrets; the class is empty when no occurrence is
	// needed.
	key, class, severity string
	// created is created_at as reported.
	created, firstSeen time.Time
	total, history     uint64
	// base is the highest total that other services were told of the same epoch.
	base uint64
	// baseline is the part of the total that the exporter did not count which tells of it.
	baseline uint64
	listing
	// occurrences are those that may be new, in our time and without secrets.
	occurrences []periskop.Occurrence

	// wanted is set when the occurrences are needed; kept are those that the key had
	// when that was decided, and full whether that was as many as are kept.
	wanted, full bool
	index        int // of the aggregate in the report of the client
	kept         []periskop.Occurrence
	raw          []periskop.RawOccurrences
	// indexed is the hash by which the epoch was found until now.
	indexed uint64
}

// newReport reads a scrape as far as that needs no lock: the occurrences are not
// decoded.
func newReport(sc *periskop.Scrape, end time.Time) *report {
	t := sc.Target
	r := &report{
		service: t.Service, address: addressOf(t), instance: t.Instance, end: end, pushed: sc.Pushed,
		clock: clockOf(sc, end), skipped: sc.Report.Skipped, unreadable: sc.Report.UnreadableTimes,
	}
	r.process = processID(sc.Report.TargetUUID, r.address)
	list := combine(sc.Report.Aggregates, func(a *periskop.Aggregate) keyID { return newKeyID(t.Service, a.Key) })
	r.arrivals = make([]arrival, len(list))
	for i := range list {
		c := &list[i]
		r.arrivals[i] = arrival{
			epoch: c.epoch, key: keptKey(c.Key), severity: c.Severity, created: c.CreatedAt, firstSeen: c.FirstSeen,
			index: c.index, total: c.total, history: c.History, raw: append([]periskop.RawOccurrences{c.Latest}, c.more...),
		}
	}
	return r
}

// decode reads the occurrences that are wanted. It needs no lock.
func (r *report) decode(c *cleaner, known bool) {
	if r.pushed && !r.clock.known {
		r.clock.skew = r.newestAhead()
	}
	for i := range r.arrivals {
		if a := &r.arrivals[i]; a.wanted {
			a.decode(r, c)
		}
	}
	r.doubtful = !known && r.liesInTheFuture()
}

// liesInTheFuture reports whether half of the aggregates, or several, have occurrences
// of the future: then the process sends local times as UTC, or its clock is wrong. One
// among many is only that one's fault.
func (r *report) liesInTheFuture() bool {
	timed, future := 0, 0
	for i := range r.arrivals {
		newest := time.Unix(0, r.arrivals[i].newest)
		if newest.Year() < 2000 {
			continue
		}
		timed++
		if !r.clock.credible(newest) {
			future++
		}
	}
	return future > 1 || future > 0 && 2*future >= timed
}

// newestAhead returns how far the newest occurrence lies in the future. A program that
// reports by itself does so after it happened: its clock is ahead by that much.
func (r *report) newestAhead() time.Duration {
	var newest time.Time
	for i := range r.arrivals {
		look := periskop.Selection{Skip: func(_ string, at time.Time) bool { newest = later(newest, at); return true }}
		look.Decode(r.arrivals[i].raw...)
	}
	return max(newest.Sub(r.end), 0)
}

// maxContradiction is by how much an occurrence can be older than the aggregate that it
// is part of: the client libraries take the time of creation a few milliseconds after
// that of the first occurrence, and some cut either to seconds.
const maxContradiction = 2 * time.Second

// decode reads the occurrences that may be new, and what all of them prove.
func (a *arrival) decode(r *report, c *cleaner) {
	var listed listingMaker
	skip := func(uuid string, reported time.Time) bool {
		listed.add(uuid, reported)
		return a.skip(uuid, r.clock.ours(reported))
	}
	found := c.decode(a.raw, skip)
	r.unreadable += found.UnreadableTimes
	for _, o := range found.Occurrences {
		if o.Severity == "" {
			o.Severity = a.severity
		}
		if o.Instance == "" {
			o.Instance = r.instance
		}
		o.Timestamp = r.clock.ours(o.Timestamp)
		c.rest(&o)
		a.occurrences = append(a.occurrences, o)
	}
	a.key = c.text(a.key)
	a.listing = listed.made()
	if r.relayed { // they are those of all processes, and tell nothing of this one
		a.listing = listing{newest: a.newest, oldest: a.oldest}
		return
	}
	if a.oldest != 0 && a.epoch.created-a.oldest > int64(maxContradiction) {
		a.epoch.created = 0
	}
}

// skip reports whether an occurrence is kept already, or older than all that are.
func (a *arrival) skip(uuid string, at time.Time) bool {
	if a.full && at.Before(a.kept[len(a.kept)-1].Timestamp) {
		return true
	}
	return slices.ContainsFunc(a.kept, func(o periskop.Occurrence) bool { return o.UUID == uuid })
}
