package periskop

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A Label is a name and a value, as on a Prometheus series.
type Label struct {
	Name  string
	Value string
}

// Labels are sorted by name, and a name occurs once.
type Labels []Label

// NewLabels returns the labels of m, sorted, without the empty ones: to
// Prometheus an empty label is no label.
func NewLabels(m map[string]string) Labels {
	ls := make(Labels, 0, len(m))
	for name, value := range m {
		if value != "" {
			ls = append(ls, Label{name, value})
		}
	}
	slices.SortFunc(ls, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	return ls
}

// Value returns the value of the label, or "" when there is none.
func (ls Labels) Value(name string) string {
	for _, l := range ls {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// A Target is one endpoint that is scraped. It is immutable once made.
type Target struct {
	Service string
	// Block is the name of the configured service whose discovery found it; "" for one
	// that was not discovered. See [Round].
	Block string
	// Instance is the value of the instance label: the address, unless
	// relabelling says otherwise.
	Instance string
	// URL is scraped as it stands, and may have secrets in it. ShownURL has none; it
	// is empty if that is the same.
	URL, ShownURL string
	// Labels are the target's own, after relabelling and without meta labels.
	Labels Labels
	// Discovered are the labels before relabelling.
	Discovered Labels
	Interval   time.Duration
	Timeout    time.Duration
}

// Shown returns the URL as it may be shown and logged.
func (t *Target) Shown() string { return cmp.Or(t.ShownURL, t.URL) }

// A Scrape is one attempt to read a target.
type Scrape struct {
	Target *Target
	// Start is when the request was sent, and Duration how long it took until
	// the body was read and decoded, or given up.
	Start    time.Time
	Duration time.Duration
	Result   Result
	// Err says what went wrong; it is nil exactly when Result is [Success].
	Err error
	// Size is the number of bytes of the body, after decompression.
	Size int
	// Report is nil unless Result is [Success].
	Report *Report
	// Unread says what of the report could not be read: see [Report.Unread].
	Unread error
	// Date is the target's clock when it answered, to the second; zero when the
	// answer had no Date header (RFC 9110, 6.6.1).
	Date time.Time
	// Age is how old the answer was when it was sent, because it came from a cache
	// (RFC 9111, 5.1). Date is then the clock of the target that long before.
	Age time.Duration
	// Pushed is set when the process reported by itself, and was not asked.
	Pushed bool
}

// End is when the answer was complete.
func (s *Scrape) End() time.Time { return s.Start.Add(s.Duration) }

// A Result is how a scrape ended. The set is closed: metrics, logs and pages use
// the same words.
type Result string

// The results of a scrape.
const (
	Success        Result = "success"
	Timeout        Result = "timeout"         // no complete answer in time
	Connection     Result = "connection"      // resolve, connect, TLS, or cut off while reading
	HTTPStatus     Result = "http_status"     // a status other than 2xx, or redirects without end
	TooLarge       Result = "too_large"       // more bytes than the limit, after decompression
	InvalidPayload Result = "invalid_payload" // read whole, but no report
)

// Results lists every result, success first.
func Results() []Result {
	return []Result{Success, Timeout, Connection, HTTPStatus, TooLarge, InvalidPayload}
}

// Found is what discovery has found of all services.
type Found struct {
	// Services are sorted by name. They are those that blocks of the file are named
	// after, unless the block is a feeder, and those that labels of targets name.
	Services []ServiceTargets
	// Feeders are sorted by name.
	Feeders []Feeder
	// Refused is how many services are past the limit; their targets are in no list.
	Refused int
}

// ServiceTargets are the targets of one service, as discovery sees them now.
type ServiceTargets struct {
	Service string
	// Block names the block of the file whose settings are those of the service as a
	// whole: the one of its name, or else the first that found a target of it.
	Block string
	// Targets are sorted by URL and unique.
	Targets []*Target
	// Feeds is set when the block has also found targets of other services.
	Feeds bool
	// NoDiscovery is set when nothing is to be discovered: the service is pushed to.
	NoDiscovery bool
	// Asked is since when the block looks for targets, and Answered when it had looked
	// everywhere for the first time, or had given up to wait for it; zero before.
	Asked, Answered time.Time
	// Empty is since when there is no target; zero while there is one.
	Empty time.Time
	// Dropped counts what relabelling dropped, and Problems are what discovery has to
	// complain about now, one sentence each: a server that does not answer, a file that
	// is missing, a target without a valid address. Both are of the block that bears
	// the name of the service, if there is one.
	Dropped  int
	Problems []string
}

// ByLabel reports whether the service is there because labels of targets name it, and
// goes when they do. Others are there because the file names them.
func (s *ServiceTargets) ByLabel() bool { return s.Block != "" && s.Block != s.Service }

// A Feeder is a block of the file all of whose targets belong to services that their
// labels name. No service has the name of the block.
type Feeder struct {
	Block string
	// Services and Targets count what it has found. Targets that are past the limit of
	// services are among them.
	Services, Targets int
	Dropped           int
	Problems          []string
}

// A Round is how far the discovery of one configured service, a block of the file, has
// looked. A round is complete when everything was seen that there was; one that failed,
// even in part, is not. A watch is complete for as long as it is in sync.
type Round struct {
	// Block is the name of the configured service.
	Block string
	// Discovery is a digest of where targets are looked for and of how they are
	// relabelled, the same after a restart. With another one, targets may turn up that
	// have existed for long and were not looked for.
	Discovery string
	// First is when a complete round of this discovery was published first, in the life of
	// this program, and Last is when the last one ended. Both are zero before that. Where
	// a block has several discoveries, each has ended one since.
	//
	// Last can be before First: when a reload changes the relabelling, what was seen
	// before it is relabelled anew.
	First, Last time.Time
}

// TargetHealth is what scraping knows of a target.
type TargetHealth struct {
	Target *Target
	// Since is when the target was taken up.
	Since time.Time
	// Last is the latest scrape, without its report; nil before the first one.
	Last *Scrape
	// DownSince is when the first of the failures in a row was; zero when Last
	// is nil or succeeded.
	DownSince time.Time
	// Next is when the next scrape is due.
	Next time.Time
}
