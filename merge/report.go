package merge

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A report is what one answer of a target says, as far as it matters for counting.
type report struct {
	service           string
	block             string // of the settings of the service, "" for one of its own name
	process           string // its ID
	address, instance string
	group             periskop.Labels
	// labels are those of the target that occurrences keep, and keeps the names of all that
	// they can have: see [report.labelsOf].
	labels periskop.Labels
	keeps  []string
	// groupKey is ServiceSettings.Group, and rules its number.
	groupKey func(Sample) string
	rules    uint64
	// end is when the answer was complete, and made is the earliest time at which it can
	// have been made.
	end, made time.Time
	clock     clock
	pushed    bool
	// doubtful is set when the times of a process that is not known lie in the future:
	// none of its times of creation tells anything then.
	doubtful bool
	// relayed is set when an exporter tells of the process, and relayedBefore when it has told
	// of others before.
	relayed, relayedBefore bool
	// skipped counts the aggregates, and unreadable the times, that could not be read.
	skipped, unreadable int
	// unchanged counts the aggregates that are left out because they are as they were in the
	// answer before.
	unchanged  int
	aggregates []receivedAggregate
	// context is what was known when it came; redone is set when it is folded once more, with
	// what was known then.
	context AnswerContext
	redone  bool
	// changed are the aggregates by which the state changed.
	changed []*receivedAggregate
	// candidates are the occurrences that may be exported. The reports of all processes that
	// one exporter relays share them: the occurrences come with one of the processes.
	candidates exportCandidates
}

// A receivedAggregate is an aggregate of a report, with what is needed to count it.
type receivedAggregate struct {
	epoch epochKey
	// key and class are without secrets; the class is empty when no occurrence is
	// needed.
	key, class, severity string
	// created is created_at as reported.
	created, firstSeen time.Time
	total, history     uint64
	// base is the highest total that other services were told of the same epoch.
	base uint64
	// held is the part of it that may have been counted under another name: see [rareState].
	held uint64
	// baseline is the part of the total that the exporter did not count which tells of it.
	baseline uint64
	listing
	// occurrences are those that may be new, in our time and without secrets.
	occurrences []periskop.Occurrence

	// wanted is set when the occurrences are needed; kept are those that the key had
	// when that was decided, and full whether that was as many as are kept.
	wanted, full bool
	kept         *Kept
	listed       listingMaker
	raw          string // the key with its secrets, which is not kept
	longKey      string // what is kept of a long one that has any
	knownKey     string // what is kept of one that is known
	// indexed is the hash by which the epoch was found until now.
	indexed uint64
	// needsGrouping is set when the rules of grouping are to be asked.
	needsGrouping bool
	groupingResult
}

// newReport returns the report of a scrape that ended at that time of our clock, without what
// it tells, and without secrets.
func newReport(sc *periskop.Scrape, end time.Time, c *cleaner) *report {
	t := sc.Target
	r := &report{
		service: t.Service, address: addressOf(t), instance: c.text(t.Instance), end: end, pushed: sc.Pushed,
		clock: clockOf(sc, end), skipped: sc.Report.Skipped, unreadable: sc.Report.UnreadableTimes,
		unchanged: sc.Report.Unchanged,
	}
	r.made = end.Add(-sc.Duration - r.clock.age)
	r.process = processID(c.name(sc.Report.TargetUUID), r.address)
	return r
}

// isInTheFuture reports whether half of the aggregates, or several, have occurrences
// of the future: then the process sends local times as UTC, or its clock is wrong. One
// among many is only that one's fault.
func (r *report) isInTheFuture() bool {
	timed, future := 0, 0
	for i := range r.aggregates {
		newest := time.Unix(0, r.aggregates[i].newest)
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

const (
	// maxContradiction is by how much an occurrence can be older than the aggregate that it
	// is part of: the client libraries take the time of creation a few milliseconds after
	// that of the first occurrence, and some cut either to seconds.
	maxContradiction = 2 * time.Second
	// maxDelay is how much later than its newest occurrence an aggregate can be created,
	// where that is not cut.
	maxDelay = 200 * time.Millisecond
)

// isContradicted reports whether occurrences show that created_at is no time of creation.
func (a *receivedAggregate) isContradicted() bool {
	created := a.epoch.created
	return a.oldest != 0 && (created-a.oldest > int64(maxContradiction) ||
		a.newest%int64(time.Second) != 0 && created-a.newest > int64(maxDelay))
}

// createdBeforeNewest reports whether the aggregate was created before its newest occurrence:
// then created_at is neither the time of that nor of the answer, cut or not.
func (a *receivedAggregate) createdBeforeNewest() bool {
	newest := a.newest
	for _, unit := range []time.Duration{time.Microsecond, time.Millisecond, time.Second} {
		if a.epoch.created%int64(unit) == 0 {
			newest = a.newest - a.newest%int64(unit)
		}
	}
	return a.epoch.created < newest
}

// decode reads the occurrences that may be new, and what all of them prove. Their times stay
// those of the target. It returns how many times could not be read.
func (a *receivedAggregate) decode(raw []periskop.RawOccurrences, clock *clock, c *cleaner) (unreadable int) {
	skip := func(uuid string, reported time.Time) bool {
		a.listed.add(uuid, reported)
		return !a.needsGrouping && a.skip(uuid, clock.ours(reported))
	}
	found := c.decode(raw, skip)
	for i := range found.Occurrences {
		c.rest(&found.Occurrences[i])
	}
	a.occurrences = append(a.occurrences, found.Occurrences...)
	a.listing = a.listed.made()
	return found.UnreadableTimes
}

// skip reports whether an occurrence is kept already, or older than all that are.
func (a *receivedAggregate) skip(uuid string, at time.Time) bool {
	m := markOf(&periskop.Occurrence{UUID: uuid, Timestamp: at})
	return a.full && m.At < a.kept.oldest() || a.kept.has(m.Hash)
}
