package periskop

import (
	"fmt"
	"time"
)

// A Report is what one process says of its exceptions in one answer.
type Report struct {
	// TargetUUID names the process. Old client libraries send none: then it is
	// empty, and the target's address stands for the process.
	TargetUUID string
	Aggregates []Aggregate
	// Unchanged is how many aggregates of the answer are not in Aggregates because they are
	// as they were in the answer before: see [Memory].
	Unchanged int
	// Processes are told by exporters: what of the aggregates is of which process. Nil from
	// client libraries.
	Processes []Process
	// Skipped counts the aggregates that could not be read, and SkippedErr says
	// what is wrong with the first of them. The others are not affected.
	Skipped    int
	SkippedErr error
	// UnreadableTimes counts the times of aggregates that say something, but nothing that is
	// a time, and UnreadableTimesErr says so of the first of them. The aggregates are read, as
	// if they had not sent it.
	UnreadableTimes    int
	UnreadableTimesErr error
}

// Unread says what of the report could not be read, for a person who looks after the
// target, or returns nil.
func (r *Report) Unread() error {
	switch {
	case r.Skipped == 0 && r.UnreadableTimes == 0:
		return nil
	case r.UnreadableTimes == 0:
		return fmt.Errorf("aggregates that are left out: %d (%w)", r.Skipped, r.SkippedErr)
	case r.Skipped == 0:
		return fmt.Errorf("times that are not known: %d (%w)", r.UnreadableTimes, r.UnreadableTimesErr)
	}
	return fmt.Errorf("aggregates that are left out: %d (%w); times that are not known: %d (%w)",
		r.Skipped, r.SkippedErr, r.UnreadableTimes, r.UnreadableTimesErr)
}

// An Aggregate is the count of one aggregation key since CreatedAt, with some of
// its occurrences.
type Aggregate struct {
	// Key is valid UTF-8 of any length.
	Key string
	// ID is told by exporters, and zero from client libraries: the exception_id, which
	// stands for the key where that was redacted.
	ID uint64
	// TotalCount is at most [MaxTotalCount].
	TotalCount uint64
	// History and FirstSeen are told by exporters, and zero from client libraries:
	// what was there before the exporter began to count, on top of TotalCount, and
	// when the exception was first seen ever.
	History   uint64
	FirstSeen time.Time
	// Severity is one of [Severities].
	Severity string
	// CreatedAt is zero when the client sends none, or nothing that is a time.
	CreatedAt time.Time
	// Latest are the occurrences as they were sent. They are decoded on demand
	// because most answers repeat what earlier ones said.
	Latest RawOccurrences
}

// An Occurrence is one exception as it was raised.
type Occurrence struct {
	// UUID is unique per occurrence. Where the client sends none, or the nil
	// UUID, [RawOccurrences.Decode] derives one from the content.
	UUID      string
	Timestamp time.Time
	// Severity is one of [Severities], or empty when it is that of the aggregate.
	Severity string
	// Instance is told by exporters: the instance that reported the occurrence to
	// them. It is empty from client libraries.
	Instance string
	// Labels are those of the target that reported it, as far as they are kept; told by
	// exporters as well.
	Labels Labels
	Error  Exception
	// HTTPContext is nil for an exception outside of a request.
	HTTPContext *HTTPContext
}

// An Exception is a class, a message, a stack trace and what caused it.
type Exception struct {
	Class      string
	Message    string
	Stacktrace []string
	// Cause is nil at the end of the chain.
	Cause *Exception
}

// HTTPContext is the request during which an exception was raised.
type HTTPContext struct {
	Method  string
	URL     string
	Headers []Header
	Body    string
}

// A Header is one header of a request. The same name can occur more than once.
type Header struct {
	Name  string
	Value string
}

// MaxTotalCount is the largest total that is read, 2^53: beyond it the float64
// of a Prometheus sample no longer tells two neighbouring counts apart.
const MaxTotalCount = 1 << 53
