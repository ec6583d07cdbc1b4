package fleet

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A Capture is one recorded answer.
type Capture struct {
	Name        string
	ContentType string
	Body        []byte
	// Date is what the target's clock showed; zero means no Date header.
	Date time.Time
	// Raised is the truth at the time of the capture: what was ever raised, per
	// aggregation key, or per label where the recording does not know the key.
	Raised map[string]uint64
}

// ReadSequence reads successive captures of one address by way of their manifest,
// which lies beside them and ends in .json.
//
// The manifest tells how far apart the captures are but not the date. It is taken from
// the bodies: no capture is older than the newest time in it.
func ReadSequence(file string) ([]Capture, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	contentType := "application/json"
	if len(m.ContentTypes) > 0 {
		contentType = m.ContentTypes[0]
	}
	var (
		captures []Capture
		since    []*float64
	)
	for _, c := range m.Captures {
		if c.File == "" {
			continue // an event between two captures
		}
		body, err := os.ReadFile(filepath.Join(filepath.Dir(file), c.File))
		if err != nil {
			return nil, err
		}
		captures = append(captures, Capture{Name: c.File, ContentType: contentType, Body: body, Raised: c.raised(m.Keys)})
		since = append(since, c.Seconds)
	}
	setDates(captures, since)
	return captures, nil
}

// A manifest is what a recording says of itself.
type manifest struct {
	Keys         map[string]string `json:"labels_to_aggregation_keys"`
	ContentTypes []string          `json:"content_type"`
	Captures     []manifestCapture `json:"captures"`
}

// A manifestCapture has one of the maps, depending on what was recorded.
type manifestCapture struct {
	File    string            `json:"file"`
	Seconds *float64          `json:"seconds_since_start"`
	Ever    map[string]uint64 `json:"raised_ever"`
	Workers map[string]uint64 `json:"raised_ever_all_workers"`
	Clients map[string]uint64 `json:"raised_in_clients_ever"`
}

// raised is what was ever raised, by key.
func (c *manifestCapture) raised(keys map[string]string) map[string]uint64 {
	sums := map[string]uint64{}
	for _, labels := range []map[string]uint64{c.Ever, c.Workers, c.Clients} {
		for label, n := range labels {
			key, ok := keys[label]
			if !ok {
				key = label
			}
			sums[key] += n
		}
	}
	return sums
}

// setDates dates the captures, which were taken so many seconds since the beginning, by
// the earliest beginning for which none of them is older than what it contains.
func setDates(captures []Capture, since []*float64) {
	newest := make([]time.Time, len(captures))
	var start time.Time
	for i, c := range captures {
		newest[i] = newestTime(c.Body)
		if since[i] != nil && !newest[i].IsZero() {
			start = later(start, newest[i].Add(-seconds(*since[i])))
		}
	}
	var last time.Time
	for i := range captures {
		// Where the manifest does not tell, it was after the one before.
		last = later(last, newest[i])
		if since[i] != nil && !start.IsZero() {
			last = start.Add(seconds(*since[i]))
		}
		captures[i].Date = last
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// newestTime is the newest time in a report, zero when there is none.
func newestTime(body []byte) time.Time {
	r, err := periskop.Decode(body)
	if err != nil {
		return time.Time{} // some were recorded because they are no report
	}
	var newest time.Time
	for _, a := range r.Aggregates {
		for _, o := range a.Latest.Decode(nil) {
			newest = later(newest, o.Timestamp)
		}
		newest = later(newest, a.CreatedAt)
	}
	return newest
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// A Replay serves recorded answers, one after another. It is safe for concurrent use
// once its fields are set.
type Replay struct {
	Captures []Capture
	// EachScrape goes on to the next capture after each complete answer; the last
	// one is served for ever.
	EachScrape bool

	mu     sync.Mutex // guards what follows
	at     int
	served int
}

// Advance goes on to the next capture and returns false when there is none.
func (r *Replay) Advance() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at+1 >= len(r.Captures) {
		return false
	}
	r.at++
	return true
}

// Current is the capture that is served now.
func (r *Replay) Current() Capture {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Captures[r.at]
}

// Served is the number of captures, from the first one on, up to the latest that was
// served in a complete answer.
func (r *Replay) Served() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.served
}

// Truth is what was reported, of the epochs in the captures that were served. Of each
// epoch it knows only that: Raised is what was reported of it.
func (r *Replay) Truth(service string) Truth {
	var t Truth
	index := map[Epoch]int{}
	for _, c := range r.Captures[:r.Served()] {
		report, err := periskop.Decode(c.Body)
		if err != nil {
			continue // some were recorded because they are no report
		}
		for i := range report.Aggregates {
			a := &report.Aggregates[i]
			name := Epoch{Service: service, Key: a.Key, TargetUUID: report.TargetUUID, CreatedAt: a.CreatedAt.UTC()}
			at, known := index[name]
			if !known {
				at = len(t)
				index[name] = at
				name.First = a.TotalCount
				t = append(t, name)
			}
			// A pre-fork server answers from one worker, then from another.
			t[at].Reported = max(t[at].Reported, a.TotalCount)
			t[at].Raised = t[at].Reported
		}
	}
	return t
}

// ServeHTTP serves the current capture.
func (r *Replay) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	at := r.at
	r.mu.Unlock()
	c := r.Captures[at]
	send(w, c.ContentType, c.Date, c.Body, func() { r.complete(at) })
}

func (r *Replay) complete(at int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.served = max(r.served, at+1)
	if r.EachScrape && r.at == at && at+1 < len(r.Captures) {
		r.at++
	}
}
