package periskop

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Encode writes r as a client library would serve it: times in RFC 3339, UTC, with
// nanoseconds, and every member present. Skipped aggregates are not part of it.
func Encode(w io.Writer, r *Report) error {
	out := wireReport{TargetUUID: r.TargetUUID, Aggregates: make([]wireAggregate, len(r.Aggregates))}
	for i := range r.Aggregates {
		a := &r.Aggregates[i]
		out.Aggregates[i] = wireAggregate{
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
			out.Aggregates[i].Latest = json.RawMessage("[]")
		}
	}
	if r.Processes != nil {
		out.Processes = []wireProcess{}
	}
	for i := range r.Processes {
		out.Processes = append(out.Processes, r.Processes[i].wire())
	}
	if err := newEncoder(w).Encode(out); err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	return nil
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

type wireReport struct {
	TargetUUID string          `json:"target_uuid,omitempty"`
	Aggregates []wireAggregate `json:"aggregated_errors"`
	Processes  []wireProcess   `json:"processes,omitzero"`
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
