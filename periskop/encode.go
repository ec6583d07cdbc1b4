package periskop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"
)

// Encode writes r as a client library would serve it: times in RFC 3339, UTC, with
// nanoseconds, and every member present. Skipped aggregates are not part of it.
func Encode(w io.Writer, r *Report) error {
	return EncodeEach(w, r.TargetUUID, slices.Values(r.Aggregates), r.Processes)
}

// EncodeEach is Encode for aggregates that are made one at a time, while the report is
// written: no more than one of them is held. It ends with the first error of w.
func EncodeEach(w io.Writer, uuid string, aggregates iter.Seq[Aggregate], processes []Process) error {
	e := &eachEncoder{w: bufio.NewWriterSize(w, 32<<10)}
	e.encoder = newEncoder(&e.value)
	e.text("{")
	if uuid != "" {
		e.text(`"target_uuid":`)
		e.encode(uuid)
		e.text(",")
	}
	e.text(`"aggregated_errors":[`)
	for a := range aggregates {
		if e.element(a.wire()); e.err != nil {
			break
		}
	}
	e.text("]")
	if processes != nil {
		e.text(`,"processes":[`)
		e.elements = 0
		for i := range processes {
			e.element(processes[i].wire())
		}
		e.text("]")
	}
	e.text("}\n")
	if err := e.w.Flush(); err != nil {
		e.err = err
	}
	if e.err != nil {
		return fmt.Errorf("encode report: %w", e.err)
	}
	return nil
}

// An eachEncoder writes JSON value by value.
type eachEncoder struct {
	w        *bufio.Writer
	encoder  *json.Encoder
	value    bytes.Buffer
	elements int // of the list that is being written
	err      error
}

func (e *eachEncoder) text(s string) { _, _ = e.w.WriteString(s) } // the error stays in w

func (e *eachEncoder) element(v any) {
	if e.elements++; e.elements > 1 {
		e.text(",")
	}
	e.encode(v)
}

func (e *eachEncoder) encode(v any) {
	e.value.Reset()
	if err := e.encoder.Encode(v); err != nil {
		e.err = err
		return
	}
	if _, err := e.w.Write(bytes.TrimSuffix(e.value.Bytes(), []byte("\n"))); err != nil {
		e.err = err
	}
}

func (a *Aggregate) wire() wireAggregate {
	out := wireAggregate{
		ID:         wireID(a.ID),
		Key:        a.Key,
		TotalCount: a.TotalCount + a.History,
		History:    a.History,
		FirstSeen:  a.FirstSeen.UTC(),
		Severity:   a.Severity,
		CreatedAt:  a.CreatedAt.UTC(),
		Latest:     json.RawMessage(a.Latest),
	}
	if len(a.Latest) == 0 {
		out.Latest = json.RawMessage("[]")
	}
	return out
}

// EncodeOccurrences returns the occurrences as an [Aggregate] holds them.
func EncodeOccurrences(occurrences []Occurrence) RawOccurrences {
	return encodeOccurrences(occurrences, wireContext)
}

// PackOccurrences is EncodeOccurrences for nobody but [RawOccurrences.Decode], which makes
// of it what was packed: headers keep their order, and those of one name stay apart.
func PackOccurrences(occurrences []Occurrence) RawOccurrences {
	return encodeOccurrences(occurrences, packedContext)
}

func encodeOccurrences(occurrences []Occurrence, context func(*HTTPContext) *wireHTTPContext) RawOccurrences {
	out := make([]wireOccurrence, len(occurrences))
	for i := range occurrences {
		o := &occurrences[i]
		out[i] = wireOccurrence{
			Error:       wireException(&o.Error),
			UUID:        o.UUID,
			Timestamp:   o.Timestamp.UTC(),
			Severity:    o.Severity,
			Instance:    o.Instance,
			Labels:      o.Labels.wire(),
			HTTPContext: context(o.HTTPContext),
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		// Strings, times between 1970 and 2200 and lists of them always encode.
		panic(fmt.Sprintf("periskop: encode occurrences: %v", err))
	}
	return b
}

// newEncoder leaves <, > and & as they are: what is encoded is no HTML.
func newEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

type wireAggregate struct {
	Key        string          `json:"aggregation_key"`
	TotalCount uint64          `json:"total_count"`
	History    uint64          `json:"history_count,omitempty"`
	FirstSeen  time.Time       `json:"first_seen,omitzero"`
	Severity   string          `json:"severity"`
	CreatedAt  time.Time       `json:"created_at,omitzero"`
	ID         wireID          `json:"exception_id,omitzero"`
	Latest     json.RawMessage `json:"latest_errors"`
}

type wireOccurrence struct {
	Error       *wireError       `json:"error"`
	UUID        string           `json:"uuid"`
	Timestamp   time.Time        `json:"timestamp,omitzero"`
	Severity    string           `json:"severity"`
	Instance    string           `json:"instance,omitempty"`
	Labels      wireLabels       `json:"labels,omitempty"`
	HTTPContext *wireHTTPContext `json:"http_context"`
}

type wireError struct {
	Class      string     `json:"class"`
	Message    string     `json:"message"`
	Stacktrace []string   `json:"stacktrace"`
	Cause      *wireError `json:"cause"`
}

type wireHTTPContext struct {
	Method  string `json:"request_method"`
	URL     string `json:"request_url"`
	Headers any    `json:"request_headers"` // wireHeaders, or pairs of them
	Body    string `json:"request_body"`
}

// wireHeaders are an object of strings, as the Periskop server wants it; the values
// of a repeated name are joined as in HTTP (RFC 9110, 5.3).
type wireHeaders map[string]string

func wireException(e *Exception) *wireError {
	first := &wireError{}
	for out := first; ; out = out.Cause {
		out.Class, out.Message, out.Stacktrace = e.Class, e.Message, e.Stacktrace
		if out.Stacktrace == nil {
			out.Stacktrace = []string{}
		}
		if e.Cause == nil {
			return first
		}
		e = e.Cause
		out.Cause = &wireError{}
	}
}

func wireContext(c *HTTPContext) *wireHTTPContext {
	if c == nil {
		return nil
	}
	headers := make(wireHeaders, len(c.Headers))
	for _, h := range c.Headers {
		if before, ok := headers[h.Name]; ok {
			headers[h.Name] = before + ", " + h.Value
		} else {
			headers[h.Name] = h.Value
		}
	}
	return &wireHTTPContext{c.Method, c.URL, headers, c.Body}
}

func packedContext(c *HTTPContext) *wireHTTPContext {
	if c == nil {
		return nil
	}
	headers := make([][2]string, len(c.Headers))
	for i, h := range c.Headers {
		headers[i] = [2]string{h.Name, h.Value}
	}
	return &wireHTTPContext{c.Method, c.URL, headers, c.Body}
}
