package merge

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// A Snapshot is what is known of the exceptions of all services at one moment. It
// is immutable, and shares what has not changed with the snapshots before it.
type Snapshot struct {
	// Services are sorted by name.
	Services []*Service
}

// Service returns the service of that name, or nil.
func (s *Snapshot) Service(name string) *Service {
	for _, svc := range s.Services {
		if svc.Name == name {
			return svc
		}
	}
	return nil
}

// Find returns the exception with that [ExceptionID], or nil.
func (s *Snapshot) Find(id string) *Exception {
	for _, svc := range s.Services {
		for _, e := range svc.Exceptions {
			if e.ID == id {
				return e
			}
		}
	}
	return nil
}

// A Service is the part of a snapshot that concerns one service.
type Service struct {
	Name string
	// WatchedSince is when its first successful scrape ever was; zero before.
	WatchedSince time.Time
	// Exceptions are sorted by aggregation key. The list is that of the snapshot before as long as none of
	// them changes.
	Exceptions []*Exception
	// OverflowKeys is how many keys are counted together because the service has
	// more than its limit.
	OverflowKeys int
	// Inconsistencies counts what was refused, by reason.
	Inconsistencies map[Reason]uint64
	// Doubts are by host and port of targets, those of the last hour.
	Doubts map[string]Doubt
}

// A Doubt is why what a target says of its processes and times is not to be relied on.
type Doubt struct {
	Reason Reason
	At     time.Time // when it last gave reason to
}

// An Exception is all that is known of one aggregation key of a service.
type Exception struct {
	// ID is the [ExceptionID].
	ID      string
	Service string
	Key     string
	// Label is Key as it appears on series: cut when it is too long.
	Label string
	// Class is that of the first occurrence ever seen, and may be empty.
	Class string
	// Counts hold one count per group labels and severity, sorted by those.
	Counts []Count
	// History is the sum of the totals that were there before the watch began.
	History   uint64
	FirstSeen time.Time
	LastSeen  time.Time
	// Kept are the newest occurrences. Their timestamps are corrected for the clocks of the
	// targets, and each has its instance.
	Kept *Kept
	// Versions are those of the service in which it occurred, as far as occurrences have the
	// label [VersionLabel]: sorted by when it was first seen in them.
	Versions []Version
	// Resolved is set while the exception is resolved: until its count grows.
	Resolved *Resolution
	// Muted is set while it is muted. It is not resolved then.
	Muted *Mute
	// Decisions are what was decided about it and what came of that, the oldest first.
	Decisions []triage.Decision
	// Regressions is how often it came back after it was resolved.
	Regressions uint64
	// Grown is when it was last counted, or, for history, last seen.
	Grown   time.Time
	Episode Episode
	// Keys are, of an exception under which the keys of clients are grouped, those that were seen
	// last, the newest first, and Grouped is how many there are.
	Keys    []Key
	Grouped int
}

// A Resolution is somebody's word that an exception will not come back.
type Resolution struct {
	At         time.Time
	By, Reason string
	// Made is when it was made by our clock, from which At can differ: clocks of peers do, and no
	// decision is of a time before those that it was made after. Taken is set when a peer told it.
	Made  time.Time
	Taken bool
}

// Open reports whether somebody is to look at the exception: it is neither resolved nor muted.
func (e *Exception) Open() bool { return e.Resolved == nil && e.Muted == nil }

// A MutedException is the name of one.
type MutedException struct{ Service, ID string }

// Occurrences returns the newest ones, newest first. It reads those that the store holds:
// see [Kept.List].
func (e *Exception) Occurrences() []periskop.Occurrence { return e.Kept.List() }

// Read returns the exception with all of its occurrences in memory: for those who look at
// them more than once.
func (e *Exception) Read() *Exception {
	read := *e
	list := e.Kept.List()
	read.Kept = &Kept{marks: Marks(list), fresh: list}
	return &read
}

// Counted is how many occurrences were counted since the watch began.
func (e *Exception) Counted() uint64 {
	var sum uint64
	for i := range e.Counts {
		sum = saturatingAdd(sum, e.Counts[i].Counted)
	}
	return sum
}

// Total is how many occurrences were reported, history included.
func (e *Exception) Total() uint64 { return saturatingAdd(e.History, e.Counted()) }

// A Count is the number of occurrences under one severity and one combination of
// group labels.
type Count struct {
	Group    periskop.Labels
	Severity string
	Counted  uint64
	// Start is when it was zero. It is different for each count of an exception.
	Start time.Time
}

// An Exposition is what is shown as metrics. It is immutable.
type Exposition struct {
	// Exceptions are the counters per key, sorted by their labels.
	Exceptions []*Series
	// Regressed count, for the keys that were ever resolved, how often they came
	// back; sorted by their labels.
	Regressed []*Series
	// Seen are the times per key, sorted by service, key and group.
	Seen []*Seen
	// Muted are the exceptions that are muted, sorted by service and ID.
	Muted []MutedException
}

// Series is a counter and what belongs to it.
type Series struct {
	Labels periskop.Labels
	Value  uint64
	// Start is when the counter was zero.
	Start time.Time
	// Newest is the UUID of the newest occurrence under these labels, and NewestAt
	// its time; "" when none is known.
	Newest   string
	NewestAt time.Time
}

// Seen is when an exception was first and last seen.
type Seen struct {
	Labels periskop.Labels
	First  time.Time
	Last   time.Time
}

// A Reason is why something that a target reported was not counted, or is doubtful.
type Reason string

// The reasons, which are a closed set.
const (
	// TotalFell is a total lower than an earlier one of the same epoch: a pre-fork
	// server answered from another worker, or an old answer came late.
	TotalFell Reason = "total_fell"
	// TotalWavers is a total that falls and rises without anything that tells the
	// processes behind it apart: it is counted as far as it passes the highest.
	TotalWavers Reason = "total_wavers"
	// ImpossibleTotal is one that no program can have reached in the time.
	ImpossibleTotal Reason = "impossible_total"
	// Malformed is an aggregate without a key or with a total that is no count.
	Malformed Reason = "malformed_aggregate"
	// UnreadableTime is a time that is none in any form that is known.
	UnreadableTime Reason = "unreadable_time"
	// IncredibleTime is a created_at of the future, or before the year 2000.
	IncredibleTime Reason = "incredible_time"
	// LocalTime is a local time that is sent as UTC.
	LocalTime Reason = "local_time"
	// ChangingEpoch is a created_at that changes while the exceptions go on.
	ChangingEpoch Reason = "changing_created_at"
	// ChangingUUID is a target_uuid that changes while the exceptions go on.
	ChangingUUID Reason = "changing_target_uuid"
	// SeveralAddresses is one process that is discovered at several addresses and does
	// not say that it is one.
	SeveralAddresses Reason = "several_addresses"
	// TooManyEpochs is an epoch that was forgotten because its process has more of them
	// than are kept.
	TooManyEpochs Reason = "too_many_epochs"
	// TooManyProcesses is a process that was forgotten because its target has answered
	// for more of them than are kept.
	TooManyProcesses Reason = "too_many_processes"
	// NoRoomForHistory is a key that is not shown, because it was never counted and the
	// service has as many as it may have.
	NoRoomForHistory Reason = "no_room_for_history"
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{
		ChangingEpoch, ChangingUUID, ImpossibleTotal, IncredibleTime, LocalTime, Malformed, NoRoomForHistory,
		SeveralAddresses, TooManyEpochs, TooManyProcesses, TotalFell, TotalWavers, UnreadableTime,
	}
}
