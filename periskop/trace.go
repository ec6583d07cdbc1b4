package periskop

import (
	"encoding/hex"
	"strings"
)

// A TraceContext says which distributed trace a request was part of.
type TraceContext struct {
	TraceID [16]byte
	// SpanID is zero when it is not known.
	SpanID  [8]byte
	Sampled bool
}

// IsValid reports whether there is a trace.
func (c TraceContext) IsValid() bool { return c.TraceID != [16]byte{} }

// Trace returns the trace that the headers of the request name: W3C's traceparent, or else B3's b3 or
// X-B3-TraceId. What is malformed names none.
func (c *HTTPContext) Trace() TraceContext {
	if c == nil {
		return TraceContext{}
	}
	if t := w3c(c.header("traceparent")); t.IsValid() {
		return t
	}
	if single := strings.Split(c.header("b3"), "-"); len(single) >= 2 {
		sampled := len(single) > 2 && (single[2] == "1" || single[2] == "d")
		if t := b3(single[0], single[1], sampled); t.IsValid() {
			return t
		}
	}
	return b3(c.header("X-B3-TraceId"), c.header("X-B3-SpanId"), c.header("X-B3-Sampled") == "1" || c.header("X-B3-Flags") == "1")
}

// header returns the first value of the header of that name, whose case does not matter.
func (c *HTTPContext) header(name string) string {
	for _, h := range c.Headers {
		if strings.EqualFold(h.Name, name) {
			return strings.TrimSpace(h.Value)
		}
	}
	return ""
}

// w3c reads the header traceparent: https://www.w3.org/TR/trace-context/#traceparent-header.
func w3c(value string) (t TraceContext) {
	parts := strings.Split(value, "-")
	var flags [1]byte
	switch {
	case len(parts) < 4 || parts[0] == "ff" || parts[0] == "00" && len(parts) != 4,
		!readHex(parts[0], make([]byte, 1)), !readHex(parts[1], t.TraceID[:]),
		!readHex(parts[2], t.SpanID[:]), !readHex(parts[3], flags[:]), t.SpanID == [8]byte{}:
		return TraceContext{}
	}
	t.Sampled = flags[0]&1 != 0
	return t
}

// b3 reads what B3 sends: https://github.com/openzipkin/b3-propagation. A trace of 64 bits is one
// of 128 that begins with zeros.
func b3(trace, span string, sampled bool) (t TraceContext) {
	trace, span = strings.ToLower(trace), strings.ToLower(span)
	if len(trace) == 16 {
		trace = strings.Repeat("0", 16) + trace
	}
	if !readHex(trace, t.TraceID[:]) {
		return TraceContext{}
	}
	if !readHex(span, t.SpanID[:]) {
		t.SpanID = [8]byte{}
	}
	t.Sampled = sampled
	return t
}

// readHex reads exactly what fills b, in lower case.
func readHex(s string, b []byte) bool {
	if len(s) != 2*len(b) || strings.ToLower(s) != s {
		return false
	}
	_, err := hex.Decode(b, []byte(s))
	return err == nil
}
