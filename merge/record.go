package merge

import (
	"errors"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// A Store makes durable what must survive the end of the program: records, and a journal
// of what has happened since they were committed. Its methods are called by one goroutine
// at a time.
type Store interface {
	// Append adds events to the journal. When it returns nil, they survive the end of
	// the program, but not yet that of the machine. It returns how many bytes the
	// journal has.
	Append(events []*Event) (size int64, err error)
	// Sync makes what was appended survive a crash of the machine.
	Sync() error
	// Commit makes the changes durable, all of them or none: first the removals, then
	// the rest, each record in place of the one with the same name. When it returns
	// nil, they survive a crash of the machine, and the events up to changes.Seq are
	// not kept any more. It says of all occurrences in changes what it holds of them now, and
	// keeps nothing else of changes.
	//
	// ErrIncomplete means that nothing was committed because the store has lost what
	// it held, or wants to write all of it anew: the caller commits all records instead.
	Commit(changes *Records) error
}

// ErrIncomplete asks for all records: see [Store].
var ErrIncomplete = errors.New("the store has lost what it held")

// Saved is what a store has kept until the next start.
type Saved struct {
	Records
	// Events are what happened after the records were committed.
	Events []Event
	// Alive is when the program is known to have run last; zero for not known.
	Alive time.Time
	// Lost are the services of which something was lost, and LostAll is set when it can
	// be of any, or when the state is not the one that was written last.
	Lost    []string
	LostAll bool
}

// Records are what is durable: all of it when a state is made of them, and what has
// changed in a commit.
type Records struct {
	// All is set when the records are all there are.
	All bool
	// Seq is that of the last event which the records comprise. Those to come have higher
	// ones, after a restart too.
	Seq uint64

	Services    []ServiceRecord
	Rounds      []RoundRecord
	Endpoints   []EndpointRecord
	Processes   []ProcessRecord
	Forgotten   []ForgottenRecord
	Exceptions  []ExceptionRecord
	Occurrences []OccurrencesRecord
	Members     []MemberRecord
	Series      []SeriesRecord
	Scrapers    []ScraperRecord
	Removed     Removed
}

// Removed names the records that are no more.
type Removed struct {
	Services   []string
	Endpoints  []EndpointName
	Processes  []ProcessName
	Forgotten  []ProcessName
	Exceptions []ExceptionName // with their occurrences
	Members    []ExceptionName
	Series     []SeriesName
	Scrapers   []string
}

// Empty reports whether there is nothing to commit.
func (r *Records) Empty() bool {
	removed := &r.Removed
	return len(r.Services)+len(r.Rounds)+len(r.Endpoints)+len(r.Processes)+len(r.Forgotten)+len(r.Exceptions)+
		len(r.Occurrences)+len(r.Members)+len(r.Series)+len(r.Scrapers)+
		len(removed.Services)+len(removed.Endpoints)+len(removed.Processes)+len(removed.Forgotten)+len(removed.Exceptions)+len(removed.Members)+
		len(removed.Series)+len(removed.Scrapers) == 0
}

// A ServiceRecord has the service's name for its own.
type ServiceRecord struct {
	Name string
	// Block is that of the ServiceSettings that it had last.
	Block        string
	WatchedSince time.Time
	// ForgottenUntil is until when not all forgotten processes are remembered.
	ForgottenUntil time.Time
}

// A RoundRecord tells when a discovery completed its first round and its last one, as far
// as that was written.
type RoundRecord struct {
	Discovery   string
	First, Last time.Time
	// Stalled is set when Last is not just that of the last writing, because there was
	// none for long.
	Stalled bool
}

// An EndpointName tells endpoints apart.
type EndpointName struct {
	Service string
	Address string // host and port
}

// An EndpointRecord is what is known of an address, whichever processes answer there.
type EndpointRecord struct {
	EndpointName
	// Found is set while a target is discovered there, and Since is when what that says
	// began to be news; zero for when the watch on the service began.
	Found bool
	Since time.Time
	// Several is set when several processes answer there in turn.
	Several bool
	// Steady is set when totals are known to grow and their times of creation to stay, Named
	// when a UUID was told twice, and Changing when UUIDs are known to be made up.
	Steady, Named, Changing bool
	// Zone is how far its times are ahead because they are local times.
	Zone time.Duration
}

// A ProcessName tells processes apart.
type ProcessName struct {
	Service string
	ID      string // a UUID, or an address
}

// A ProcessRecord is what is known of a process and its totals.
type ProcessRecord struct {
	ProcessName
	Address  string // of the target that it answered for last
	Instance string // likewise
	Since    time.Time
	Seen     time.Time
	Complete time.Time
	Kept     time.Time
	Floor    int64
	Skew     time.Duration
	HasSkew  bool
	Epochs   []EpochRecord
}

// An EpochRecord is one epoch of a process.
type EpochRecord struct {
	ID       uint64 // an ExceptionID
	Created  int64  // in nanoseconds since 1970; 0 for none
	Reported int64  // in seconds since 1970
	// Baseline is the part of the total that was not counted at first.
	Baseline uint64
	Severity string
	EpochState
	// Shared is the same for entries that are one epoch; 0 for none.
	Shared uint64
	// Held is not counted yet.
	Held uint64
	// Renamed is set when that is because the process told the key with another time of
	// creation before.
	Renamed bool
	// Peak is the total from which it fell, and Wavering is set when it rose again.
	Peak     uint64
	Wavering bool
	// Unread is set when its total is not known yet, and will be history.
	Unread bool
	// Rebased is set when it told nothing since a reset.
	Rebased bool
	// Candidate are the occurrences of what may be another epoch beside it.
	Candidate [keptHashes]uint64
	TakeoverState
	// Beside are the epochs of which the client says the same.
	Beside []SiblingRecord
}

// A SiblingRecord is an epoch of which the client says the same as of another.
type SiblingRecord struct {
	EpochState
	TakeoverState
}

// A TakeoverState is what is known of the worker that an epoch was of, if its total may be that of
// another one now.
type TakeoverState struct {
	// Replaced are the occurrences that were known before, and ReplacedAt is the total that they
	// were known with.
	Replaced   [keptHashes]uint64
	ReplacedAt uint64
	// TakenOver is set while that is open.
	TakenOver bool
	// Instead are the epochs whose total it can be: 0 is the first one, and those beside it follow.
	Instead []uint64
	// Gone is set when the worker is that of another one of these epochs by now.
	Gone bool
}

// isSettled reports whether nothing is open.
func (s *TakeoverState) isSettled() bool {
	return s.Replaced == [keptHashes]uint64{} && s.ReplacedAt == 0 && !s.TakenOver && len(s.Instead) == 0 && !s.Gone
}

// IsRare reports whether it has something that few epochs have.
func (r *EpochRecord) IsRare() bool {
	none := [keptHashes]uint64{}
	return r.Shared != 0 || r.Held != 0 || r.Peak != 0 || r.Wavering || r.Unread || r.Rebased || r.Candidate != none || !r.isSettled() || len(r.Beside) > 0
}

// An EpochState is the highest total of an epoch, and the hashes of the occurrences that
// it listed last with the time of the newest, in nanoseconds since 1970.
type EpochState struct {
	Highest uint64
	Known   [keptHashes]uint64
	Newest  int64
}

// A ForgottenRecord is a process that was forgotten at that time.
type ForgottenRecord struct {
	ProcessName
	At time.Time
}

// An ExceptionName tells exceptions apart.
type ExceptionName struct {
	Service string
	ID      uint64 // an ExceptionID
}

// An ExceptionRecord is what is known of an exception, but for its occurrences.
type ExceptionRecord struct {
	ExceptionName
	Key         string
	Class       string
	Counts      []Count
	History     uint64
	FirstSeen   time.Time
	LastSeen    time.Time
	Grown       time.Time
	Resolved    *Resolution
	Muted       *Mute
	Decisions   []triage.Decision
	Regressions uint64
	Episode     Episode
	Versions    []Version
}

// A MemberRecord is a key that counts for an exception of another key.
type MemberRecord struct {
	ExceptionName // of the key
	Label         string
	// Group is the ExceptionID of that exception.
	Group               uint64
	Total               uint64
	FirstSeen, LastSeen time.Time
}

// An OccurrencesRecord is all occurrences that are kept of an exception.
type OccurrencesRecord struct {
	ExceptionName
	Kept *Kept
	// Written and Marks are what the store holds after a commit that succeeded.
	Written Stored
	Marks   []Mark
}

// A SeriesName tells series apart.
type SeriesName struct {
	// Regressions is set for the count of regressions of a key, and not set for the
	// count of its occurrences.
	Regressions bool
	Labels      periskop.Labels
}

// A SeriesRecord is a counter as it is exposed.
type SeriesRecord struct {
	SeriesName
	// Service is the one that the series was made for.
	Service  string
	Value    uint64
	Start    time.Time
	Grown    time.Time
	Newest   string
	NewestAt time.Time
	// Exposed is when a scraper was first shown it, at zero; zero while none was.
	Exposed time.Time
	// Valued is set when it was shown at its value, and must not be shown at zero again.
	Valued bool
}

// A ScraperRecord is somebody who scrapes at a steady interval.
type ScraperRecord struct {
	// ID is the same for all that is written of one.
	ID       string
	Interval time.Duration
	// Seen is when the last scrape was, or some time before.
	Seen time.Time
	// Scrapes is how many there were, some of the last left out.
	Scrapes uint64
	// Services are those whose series it asks for; nil for all.
	Services []string
}
