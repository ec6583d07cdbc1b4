package periskop

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Recorder aggregates this program's own exceptions and serves them as the client
// libraries serve those of other programs. Its methods are safe for concurrent use.
type Recorder struct {
	uuid string
	now  func() time.Time

	mu       sync.Mutex  // guards recorded
	recorded []*recorded // the aggregates, in the order in which they came up
}

type recorded struct {
	key, class string
	total      uint64
	created    time.Time
	latest     []Occurrence // oldest first
}

const (
	// maxRecordedKeys bounds what a program that goes wrong everywhere remembers of
	// it.
	maxRecordedKeys = 100
	// maxRecordedOccurrences is as many as the client libraries keep.
	maxRecordedOccurrences = 10
)

// NewRecorder returns a recorder that knows nothing yet. A nil now means time.Now.
func NewRecorder(now func() time.Time) *Recorder {
	if now == nil {
		now = time.Now
	}
	return &Recorder{uuid: NewUUID(), now: now}
}

// NewUUID returns a random UUID (RFC 9562, version 4).
func NewUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}

// UUID returns the target_uuid of this process.
func (r *Recorder) UUID() string { return r.uuid }

// Record notes the error with the stack of its caller. Errors are the same key when
// they have the same type and come from the same place.
func (r *Recorder) Record(err error) {
	var pcs [64]uintptr
	n := runtime.Callers(2, pcs[:])
	lines, functions := stack(pcs[:n])
	class := fmt.Sprintf("%T", err)
	r.record(class, functions, Occurrence{
		Severity: DefaultSeverity,
		Error:    Exception{Class: class, Message: err.Error(), Stacktrace: lines},
	})
}

// Recover returns a handler that records a panic of next, and answers with status
// 500 if next had not answered yet. http.ErrAbortHandler is passed on: it is meant.
func (r *Recorder) Recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint // panics are compared as values, as net/http does
				panic(v)
			}
			r.recordPanic(v, req)
			http.Error(w, "internal error; see /-/exceptions", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, req)
	})
}

func (r *Recorder) recordPanic(v any, req *http.Request) {
	var pcs [64]uintptr
	n := runtime.Callers(3, pcs[:])
	lines, functions := stack(pcs[:n])
	r.record("panic", functions, Occurrence{
		Severity:    DefaultSeverity,
		Error:       Exception{Class: "panic", Message: fmt.Sprint(v), Stacktrace: lines},
		HTTPContext: &HTTPContext{Method: req.Method, URL: req.URL.Path},
	})
}

// stack returns the frames as lines, and the functions in them as one string.
func stack(pcs []uintptr) (lines []string, functions string) {
	var names strings.Builder
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		lines = append(lines, fmt.Sprintf("%s (%s:%d)", f.Function, f.File, f.Line))
		names.WriteString(f.Function)
		if !more {
			return lines, names.String()
		}
	}
}

func (r *Recorder) record(class, functions string, o Occurrence) {
	sum := sha256.Sum256([]byte(functions))
	key := class + "@" + hex.EncodeToString(sum[:4])
	o.UUID = NewUUID()
	o.Timestamp = r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	at := slices.IndexFunc(r.recorded, func(a *recorded) bool { return a.key == key })
	if at < 0 {
		if len(r.recorded) >= maxRecordedKeys {
			return
		}
		at = len(r.recorded)
		r.recorded = append(r.recorded, &recorded{key: key, class: class, created: o.Timestamp})
	}
	a := r.recorded[at]
	a.total++
	a.latest = append(a.latest, o)
	if len(a.latest) > maxRecordedOccurrences {
		a.latest = slices.Delete(a.latest, 0, 1)
	}
}

// Report returns what was recorded so far.
func (r *Recorder) Report() *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := &Report{TargetUUID: r.uuid}
	for _, a := range r.recorded {
		report.Aggregates = append(report.Aggregates, Aggregate{
			Key: a.key, TotalCount: a.total, Severity: DefaultSeverity, CreatedAt: a.created,
			Latest: EncodeOccurrences(a.latest),
		})
	}
	return report
}

// ServeHTTP serves the report.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	// An error means that the client went away.
	_ = Encode(w, r.Report())
}
