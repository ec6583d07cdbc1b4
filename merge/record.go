package merge

import (
	"errors"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A Store makes durable what must survive the end of the program.
type Store interface {
	// Commit makes the changes durable, all of them or none: first the removals, then
	// the rest, each record in place of the one with the same name. When it returns
	// nil, they survive a crash of the machine. It keeps nothing of changes, and is
	// called by one goroutine at a time.
	//
	// ErrIncomplete means that nothing was committed because the store has lost what
	// it held: the caller commits all records instead.
	Commit(changes *Records) error
}

// ErrIncomplete asks for all records: see [Store].
var ErrIncomplete = errors.New("the store has lost what it held")

// Records are what is durable: all of it when a state is made of them, and what has
// changed in a commit.
type Records struct {
	// All is set when the records are all there are.
	All bool

	Services    []ServiceRecord
	Processes   []ProcessRecord
	Forgotten   []ForgottenRecord
	Exceptions  []ExceptionRecord
	Occurrences []OccurrencesRecord
	Series      []SeriesRecord
	Scrapers    []ScraperRecord
	Removed     Removed
}

// Removed names the records that are no more.
type Removed struct {
	Processes  []ProcessName
	Forgotten  []ProcessName
	Exceptions []ExceptionName // with their occurrences
	Series     []SeriesName
	Scrapers   []string
}

// Empty reports whether there is nothing to commit.
func (r *Records) Empty() bool {
	removed := &r.Removed
	return len(r.Services)+len(r.Processes)+len(r.Forgotten)+len(r.Exceptions)+
		len(r.Occurrences)+len(r.Series)+len(r.Scrapers)+
		len(removed.Processes)+len(removed.Forgotten)+len(removed.Exceptions)+
		len(removed.Series)+len(removed.Scrapers) == 0
}

// A ServiceRecord has the service's name for its own.
type ServiceRecord struct {
	Name         string
	WatchedSince time.Time
}

// A ProcessName tells processes apart.
type ProcessName struct {
	Service string
	ID      string // a UUID, or an address
}

// A ProcessRecord is what is known of a process and its totals.
type ProcessRecord struct {
	ProcessName
	ByAddress bool
	URL       string // of the target that it answered for last
	Seen      time.Time
	Reported  time.Time
	Kept      time.Time
	Floor     int64
	Epochs    []EpochRecord
}

// An EpochRecord is one epoch of a process.
type EpochRecord struct {
	ID       uint64 // an ExceptionID
	Created  int64  // in nanoseconds since 1970; 0 for none
	Highest  uint64
	Reported int64 // in seconds since 1970
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
	Regressions uint64
	Episode     Episode
}

// An OccurrencesRecord is the list of all occurrences that are kept of an exception.
type OccurrencesRecord struct {
	ExceptionName
	Occurrences []periskop.Occurrence
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
	Value    uint64
	Start    time.Time
	Grown    time.Time
	Newest   string
	NewestAt time.Time
	// Born is the generation of expositions in which the series first appeared.
	Born uint64
}

// A ScraperRecord is a scraper as it was when it was last answered: it knows the
// series that were born up to Generation.
type ScraperRecord struct {
	ID         string
	Seen       time.Time
	Generation uint64
}
