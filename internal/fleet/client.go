package fleet

import (
	"encoding/json"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A Client is the way in which a client library keeps and writes exceptions. The
// recorded payloads below periskop/testdata show each of them.
type Client struct {
	contentType string
	// order is the order of members in the report, an aggregate and an occurrence.
	order struct{ report, aggregate, occurrence []string }
	// layout is how times are written.
	layout string
	// space follows a comma and a colon.
	space string
	// escape is the format of a character beyond ASCII; empty leaves it as it is.
	escape string
	// escapesHTML is whether <, > and & are escaped.
	escapesHTML bool
	// replacesLast is whether a new occurrence takes the place of the newest and not
	// of the oldest one.
	replacesLast bool
	// refusesQuery is whether its server knows no address with a query.
	refusesQuery bool
}

// Times with milliseconds, and an offset where the zone is not UTC.
const milliseconds = "2006-01-02T15:04:05.000Z07:00"

// Go is periskop-go.
func Go() *Client {
	c := &Client{contentType: "text/plain; charset=utf-8", layout: time.RFC3339Nano, escapesHTML: true}
	c.order.report = []string{"aggregated_errors", "target_uuid"}
	c.order.aggregate = []string{"aggregation_key", "total_count", "severity", "latest_errors", "created_at"}
	c.order.occurrence = []string{"error", "uuid", "timestamp", "severity", "http_context"}
	return c
}

// Python is periskop-python. It keeps the first nine occurrences and the newest.
func Python() *Client {
	c := &Client{
		contentType:  "application/json",
		layout:       milliseconds,
		space:        " ",
		escape:       `\u%04x`,
		replacesLast: true,
		refusesQuery: true,
	}
	c.order.report = []string{"aggregated_errors", "target_uuid"}
	c.order.aggregate = []string{"aggregation_key", "latest_errors", "total_count", "severity", "created_at"}
	c.order.occurrence = []string{"error", "http_context", "severity", "uuid", "timestamp"}
	return c
}

// Ruby is periskop-ruby. Its times have whole seconds.
func Ruby() *Client {
	c := &Client{contentType: "application/json", layout: time.RFC3339}
	c.order.report = []string{"aggregated_errors", "target_uuid"}
	c.order.aggregate = []string{"aggregation_key", "created_at", "total_count", "severity", "latest_errors"}
	c.order.occurrence = []string{"error", "http_context", "severity", "uuid", "timestamp"}
	return c
}

// Scala is periskop-scala.
func Scala() *Client {
	c := &Client{contentType: "application/json", layout: milliseconds, escape: `\u%04X`}
	c.order.report = []string{"aggregated_errors", "target_uuid"}
	c.order.aggregate = []string{"latest_errors", "total_count", "aggregation_key", "created_at", "severity"}
	c.order.occurrence = []string{"timestamp", "uuid", "error", "severity", "http_context"}
	return c
}

// A wireAggregate is an aggregate with its occurrences already written.
type wireAggregate struct {
	key, severity string
	total         uint64
	createdAt     time.Time // left out when zero
	latest        [][]byte
}

func (c *Client) appendReport(b []byte, uuid string, aggregates [][]byte) []byte {
	members := map[string]any{"aggregated_errors": aggregates}
	if uuid != "" {
		members["target_uuid"] = uuid
	}
	return c.appendValue(b, object{c.order.report, members})
}

func (c *Client) appendAggregate(b []byte, a wireAggregate) []byte {
	members := map[string]any{
		"aggregation_key": a.key,
		"total_count":     a.total,
		"severity":        a.severity,
		"latest_errors":   a.latest,
	}
	if !a.createdAt.IsZero() {
		members["created_at"] = a.createdAt
	}
	return c.appendValue(b, object{c.order.aggregate, members})
}

func (c *Client) appendOccurrence(b []byte, o *periskop.Occurrence) []byte {
	return c.appendValue(b, object{c.order.occurrence, map[string]any{
		"error":        exceptionObject(&o.Error),
		"uuid":         o.UUID,
		"timestamp":    o.Timestamp,
		"severity":     o.Severity,
		"http_context": contextObject(o.HTTPContext),
	}})
}

// exceptionObject is the same in all clients, as is contextObject.
func exceptionObject(e *periskop.Exception) any {
	if e == nil {
		return nil
	}
	return object{[]string{"class", "message", "stacktrace", "cause"}, map[string]any{
		"class":      e.Class,
		"message":    e.Message,
		"stacktrace": e.Stacktrace,
		"cause":      exceptionObject(e.Cause),
	}}
}

func contextObject(h *periskop.HTTPContext) any {
	if h == nil {
		return nil
	}
	headers := object{members: map[string]any{}}
	for _, header := range h.Headers {
		if _, twice := headers.members[header.Name]; !twice {
			headers.order = append(headers.order, header.Name)
		}
		headers.members[header.Name] = header.Value // all clients keep the last one
	}
	var body any
	if h.Body != "" {
		body = h.Body
	}
	return object{[]string{"request_method", "request_url", "request_headers", "request_body"}, map[string]any{
		"request_method":  h.Method,
		"request_url":     h.URL,
		"request_headers": headers,
		"request_body":    body,
	}}
}

// quote returns the string in JSON, with everything beyond ASCII as it is.
func quote(s string, escapeHTML bool) []byte {
	if isPlain(s) {
		return append(append(append(make([]byte, 0, len(s)+2), '"'), s...), '"')
	}
	var b appender
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(escapeHTML)
	// No string fails to encode: what is not UTF-8 becomes U+FFFD.
	_ = e.Encode(s)
	return b[:len(b)-1] // without the newline
}

// isPlain is whether no client escapes anything in s, as in most strings.
func isPlain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}
