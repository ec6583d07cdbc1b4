package merge

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A process is one life of one instrumented program.
type process struct {
	ProcessName
	// byAddress is set when the process sends no UUID, so that its address stands
	// for it, and for every process that comes after it there.
	byAddress bool
	// epochs is nil once the process was forgotten.
	epochs map[epochKey]epoch
	// url is that of the target for which it answered last.
	url string
	// seen is when it last answered, and reported when it last had something else to
	// say than before.
	seen, reported time.Time
	// durable is seen as it was last committed.
	durable time.Time
	// restored is set until it answers for the first time after the program's start.
	restored bool
	// discovered is set while the target that it answered for last is there, and
	// kept is when that was last so.
	discovered bool
	kept       time.Time
	// floor is the latest creation of an epoch that was dropped. What shows up
	// later and is not younger may have been counted before.
	floor int64
}

// An epochKey tells the epochs of a process apart.
type epochKey struct {
	id keyID
	// created is created_at as reported in nanoseconds since 1970; 0 for none.
	created int64
}

type epoch struct {
	highest uint64
	// reported is when the epoch was last part of a report, in Unix seconds.
	reported int64
}

// A verdict is what one total of an epoch amounts to.
type verdict struct {
	// increment is what is counted.
	increment uint64
	// history is what was there before the watch began.
	history uint64
	// fell is set when the total is lower than one seen before.
	fell bool
}

// judgeGrowth compares the total with the highest one seen in its epoch, and
// returns the highest one from now on.
//
// A process that names neither itself nor the time of creation can have restarted
// without a trace: a fall is then taken for a restart, as PromQL takes a falling
// counter (https://prometheus.io/docs/prometheus/latest/querying/functions/#rate).
func judgeGrowth(highest, total uint64, anonymous bool) (verdict, uint64) {
	switch {
	case total >= highest:
		return verdict{increment: total - highest}, total
	case anonymous:
		return verdict{increment: total}, total
	}
	return verdict{fell: true}, highest
}

// A firstSight is what is known when an epoch appears.
type firstSight struct {
	created      time.Time // as reported; zero for none
	clock        clock
	watchedSince time.Time
	// knownProcess is set when the process has reported before.
	knownProcess bool
	// returned is set when the process had been forgotten.
	returned bool
	// floor is that of the process.
	floor int64
}

// maxSilentSkew is how far the clock of a target may be ahead without it saying so: more
// than clocks drift that are set now and then, or the first exceptions of every new
// process with such a clock would be lost, and less than a wrong time zone.
const maxSilentSkew = time.Minute

// isNews reports whether the first total of an epoch arose since the watch on its
// service began.
func (f firstSight) isNews() bool {
	switch {
	case f.returned, !f.watchedSince.Before(f.clock.now):
		// A known uuid whose baselines are gone, or the scrape with which the watch
		// begins: all of it was there before.
		return false
	case f.created.IsZero():
		return f.knownProcess
	case f.created.UnixNano() <= f.floor:
		return false
	case !f.clock.known && f.knownProcess:
		return true
	case !f.clock.known && f.created.After(f.clock.now.Add(maxSilentSkew)):
		return false // the clock is far ahead, and all times by it mean nothing
	}
	created := f.created.Add(-f.clock.skew)
	switch {
	case !f.knownProcess:
		// It may be older than the watch, and its clock is known to the second only. It
		// is taken to be as old as it can be, so that no history is counted.
		created = created.Add(-f.clock.slack)
	case f.created.Nanosecond() == 0:
		// The Ruby client cuts to whole seconds. It may have been created up to a
		// second later, and as the process did not report it before, it was.
		created = created.Add(time.Second - 1)
	}
	return !created.Before(f.watchedSince)
}

// combine returns the aggregates of a report with those of the same epoch added up:
// clients with keys that differ only in bytes that JSON cannot hold send those.
// The severity is that of the first.
func combine(aggregates []periskop.Aggregate, id func(key string) keyID) []combined {
	list := make([]combined, 0, len(aggregates))
	index := make(map[epochKey]int, len(aggregates))
	for i := range aggregates {
		a := &aggregates[i]
		key := epochKey{id: id(a.Key)}
		if !a.CreatedAt.IsZero() {
			key.created = a.CreatedAt.UnixNano()
		}
		if at, ok := index[key]; ok {
			list[at].total = saturatingAdd(list[at].total, a.TotalCount)
			list[at].more = append(list[at].more, a.Latest)
			continue
		}
		index[key] = len(list)
		list = append(list, combined{Aggregate: a, epoch: key, total: a.TotalCount})
	}
	return list
}

// combined is an aggregate together with further ones of the same epoch.
type combined struct {
	*periskop.Aggregate
	epoch epochKey
	total uint64
	more  []periskop.RawOccurrences
}
