package fleet

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// ProcessOptions say what kind of program a process is an instance of.
type ProcessOptions struct {
	Service string
	// Client is the library that the program is instrumented with; nil means Go().
	Client *Client
	// UUID is the target_uuid; empty means one of its own.
	UUID string
	// NoUUID and NoCreatedAt leave out what old client libraries do not send, and
	// NoDate the Date header.
	NoUUID, NoCreatedAt, NoDate bool
	// NewestFirst turns the list of occurrences around.
	NewestFirst bool
	// Skew is how far its clock is ahead.
	Skew time.Duration
	// Offset is how far the times that it writes are ahead of its clock, as those of one that
	// sends local times as UTC.
	Offset time.Duration
	// Zone is the time zone that it writes times in; nil means UTC.
	Zone *time.Location
}

// maxOccurrences is how many occurrences of a key every client library keeps.
const maxOccurrences = 10

// A Process is one life of an instrumented program, and the handler of its
// exceptions: it answers on any path. It is safe for concurrent use.
type Process struct {
	options ProcessOptions
	now     func() time.Time
	truth   *processTruth

	mu         sync.Mutex // guards what follows
	rand       *rand.Rand
	aggregates []*aggregate // in the order in which the keys were first raised
	index      map[string]int
	body       []byte // nil when out of date
}

// An aggregate is kept as it will be written, since most answers repeat what the
// ones before said.
type aggregate struct {
	key, severity string
	createdAt     time.Time
	total         uint64
	latest        [][]byte
	encoded       []byte // nil when out of date
}

func newProcess(o ProcessOptions, now func() time.Time, r *rand.Rand) *Process {
	if o.Client == nil {
		o.Client = Go()
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	uuid := o.UUID
	if uuid == "" {
		uuid = newUUID(r)
	}
	return &Process{
		options: o,
		now:     now,
		truth:   &processTruth{service: o.Service, uuid: uuid, reported: map[string][]reportedTotal{}},
		rand:    r,
		index:   map[string]int{},
	}
}

// newUUID returns a random UUID (RFC 9562, version 4).
func newUUID(r *rand.Rand) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], r.Uint64())
	binary.BigEndian.PutUint64(b[8:], r.Uint64())
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// UUID is the target_uuid of the process, whether it reports it or not.
func (p *Process) UUID() string { return p.truth.uuid }

// Raise counts an exception under the key, as [Process.RaiseTimes] does.
func (p *Process) Raise(key string, o periskop.Occurrence) bool {
	return p.RaiseTimes(key, o, 1)
}

// RaiseTimes counts n exceptions of one kind under the key. What o leaves out is
// filled in: its UUID, the present as its timestamp, and [periskop.DefaultSeverity].
// The aggregate is created at the timestamp of its first occurrence and keeps the
// severity of that one. RaiseTimes returns false, and counts nothing, when the
// process has ended.
func (p *Process) RaiseTimes(key string, o periskop.Occurrence, n uint64) bool {
	if o.Timestamp.IsZero() {
		o.Timestamp = p.now()
	}
	if o.Severity == "" {
		o.Severity = periskop.DefaultSeverity
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i, known := p.index[key]
	if !known {
		i = len(p.aggregates)
	}
	if !p.truth.addRaised(i, key, o.Timestamp, n) {
		return false
	}
	if !known {
		p.index[key] = i
		p.aggregates = append(p.aggregates, &aggregate{key: key, severity: o.Severity, createdAt: p.local(o.Timestamp)})
	}
	p.aggregates[i].total += n
	p.aggregates[i].encoded, p.body = nil, nil
	p.keep(p.aggregates[i], o, min(n, maxOccurrences))
	return true
}

// keep adds occurrences to those that are kept.
// keep adds n occurrences to an aggregate. The caller holds mu.
func (p *Process) keep(a *aggregate, o periskop.Occurrence, n uint64) {
	o.Timestamp = p.local(o.Timestamp)
	given := o.UUID != ""
	for range n {
		if !given {
			o.UUID = newUUID(p.rand)
		}
		if len(a.latest) == maxOccurrences {
			oldest := 0
			if p.options.Client.replacesLast {
				oldest = maxOccurrences - 1
			}
			a.latest = slices.Delete(a.latest, oldest, oldest+1)
		}
		a.latest = append(a.latest, p.options.Client.appendOccurrence(nil, &o))
	}
}

// local is the right time as the process has it.
func (p *Process) local(t time.Time) time.Time {
	return t.Add(p.options.Skew + p.options.Offset).In(p.options.Zone)
}

// Stop ends the process: nothing can be raised in it any more.
func (p *Process) Stop() { p.truth.end() }

// Report returns what the process serves now. The caller must not change it.
func (p *Process) Report() []byte {
	body, _ := p.report()
	return body
}

// report also returns the totals in the body, in the order of the aggregates.
func (p *Process) report() ([]byte, []uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	totals := make([]uint64, len(p.aggregates))
	encoded := make([][]byte, len(p.aggregates))
	for i, a := range p.aggregates {
		if a.encoded == nil {
			a.encoded = p.encode(a)
		}
		totals[i], encoded[i] = a.total, a.encoded
	}
	if p.body == nil {
		p.body = p.options.Client.appendReport(newBuffer(encoded), p.reportedUUID(), encoded)
	}
	return p.body, totals
}

// newBuffer returns one that is large enough to write the parts as a list, with some members beside it.
func newBuffer(parts [][]byte) []byte {
	const beside = 512
	n := beside
	for _, part := range parts {
		n += len(part) + len(", ")
	}
	return make([]byte, 0, n)
}

func (p *Process) reportedUUID() string {
	if p.options.NoUUID {
		return ""
	}
	return p.truth.uuid
}

// encode returns an aggregate as the client writes it. The caller holds mu.
func (p *Process) encode(a *aggregate) []byte {
	w := wireAggregate{key: a.key, severity: a.severity, total: a.total, latest: a.latest}
	if !p.options.NoCreatedAt {
		w.createdAt = a.createdAt
	}
	if p.options.NewestFirst {
		w.latest = slices.Clone(a.latest)
		slices.Reverse(w.latest)
	}
	return p.options.Client.appendAggregate(newBuffer(w.latest), w)
}

// ServeHTTP serves the report as the client library does. The truth counts as reported
// what was served in a complete answer.
func (p *Process) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" && p.options.Client.refusesQuery {
		http.NotFound(w, r)
		return
	}
	body, totals := p.report()
	date := p.now().Add(p.options.Skew)
	if p.options.NoDate {
		date = time.Time{}
	}
	send(w, p.options.Client.contentType, date, body, func() {
		if r.Context().Err() == nil { // the client has not given up
			p.truth.addReported(localAddress(r), totals)
		}
	})
}

// send writes an answer. A zero date leaves out the header.
//
// It calls complete when the client has been sent everything but the last byte: by
// the time that the client has all of it, the truth must already say so. Had complete
// to wait for the last byte, a test could see the client count what was not reported.
func send(w http.ResponseWriter, contentType string, date time.Time, body []byte, complete func()) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if date.IsZero() {
		h["Date"] = nil // net/http would add its own
	} else {
		h.Set("Date", date.UTC().Format(http.TimeFormat))
	}
	last := max(len(body)-1, 0)
	if _, err := w.Write(body[:last]); err != nil {
		return
	}
	if err := http.NewResponseController(w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return
	}
	complete()
	_, _ = w.Write(body[last:]) // a client that leaves only now is as one that did not read what it got
}

// localAddress is the address that the request came to, or "" when it did not come
// over the network.
func localAddress(r *http.Request) string {
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return a.String()
	}
	return ""
}
