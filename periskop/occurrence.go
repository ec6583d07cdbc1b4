package periskop

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// RawOccurrences is the list of occurrences of an aggregate as JSON, in the order
// in which it was sent, which differs between clients.
type RawOccurrences []byte

// maxUUIDLen is more than any UUID has. What is longer is replaced by a hash, as an
// exemplar in OpenMetrics has room for 128 characters.
const maxUUIDLen = 64

// Decode returns the occurrences that can be read, in the order in which they
// stand. Those that skip reports true for are left out without the cost of decoding
// them; a nil skip leaves out none. The result shares no memory with r.
func (r RawOccurrences) Decode(skip func(uuid string, timestamp time.Time) bool) []Occurrence {
	return r.DecodeWith(skip, DecodeStacktrace)
}

// DecodeWith is Decode with another function in place of DecodeStacktrace. Stack traces
// are most of what there is to decode, and nearly always equal.
func (r RawOccurrences) DecodeWith(skip func(uuid string, timestamp time.Time) bool, stacktrace func(raw []byte) []string) []Occurrence {
	d := newReader(r)
	if d.kind() != '[' {
		return nil
	}
	var list []Occurrence
	// No error is possible but a broken end: r was read once as part of a report.
	_ = d.eachElement(func() error {
		if d.kind() != '{' {
			return d.skip()
		}
		start := d.at
		raw, err := readRawOccurrence(d)
		if err != nil {
			return err
		}
		raw.all = r[start:d.at]
		uuid, timestamp := raw.identity(), parseTime(rawText(raw.timestamp))
		if skip == nil || !skip(uuid, timestamp) {
			list = append(list, raw.decode(uuid, timestamp, stacktrace))
		}
		return nil
	})
	return list
}

// A rawOccurrence holds the members of an occurrence that are worth decoding only
// when it is new.
type rawOccurrence struct {
	all, uuid, timestamp, severity, instance, err, context []byte
}

func readRawOccurrence(d *reader) (rawOccurrence, error) {
	var o rawOccurrence
	err := d.eachMember(func(name string) error {
		value, err := d.value()
		if err != nil {
			return err
		}
		switch name {
		case "uuid":
			o.uuid = value
		case "timestamp":
			o.timestamp = value
		case "severity":
			o.severity = value
		case "instance":
			o.instance = value
		case "error":
			o.err = value
		case "http_context":
			o.context = value
		}
		return nil
	})
	return o, err
}

// identity returns the UUID, or, where there is none that could tell this
// occurrence from others, a hash of all that was sent of it.
func (o *rawOccurrence) identity() string {
	id := rawText(o.uuid)
	switch {
	case len(id) > maxUUIDLen:
		return shortHash([]byte(id))
	case strings.Trim(id, "0-") == "":
		return shortHash(o.all)
	}
	return id
}

func shortHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

func (o *rawOccurrence) decode(uuid string, timestamp time.Time, stacktrace func([]byte) []string) Occurrence {
	occurrence := Occurrence{
		UUID:      uuid,
		Timestamp: timestamp,
		Severity:  rawText(o.severity),
		Instance:  rawText(o.instance),
	}
	if len(o.err) > 0 {
		occurrence.Error, _ = readException(newReader(o.err), stacktrace)
	}
	if len(o.context) > 0 {
		occurrence.HTTPContext = decodeHTTPContext(o.context)
	}
	return occurrence
}

func rawText(v []byte) string {
	if len(v) == 0 {
		return ""
	}
	return text(v)
}

// readException reads an exception with its causes, in one pass over the input
// however deep they nest. What is no object is taken for the message, as the oldest
// Go client sends the cause as a string.
func readException(d *reader, stacktrace func([]byte) []string) (Exception, error) {
	var e Exception
	if d.kind() != '{' {
		err := d.text(&e.Message)
		return e, err
	}
	err := d.eachMember(func(name string) error {
		switch name {
		case "class":
			return d.text(&e.Class)
		case "message":
			return d.text(&e.Message)
		case "stacktrace":
			raw, err := d.value()
			if err == nil {
				e.Stacktrace = stacktrace(raw)
			}
			return err
		case "cause":
			return readCause(d, &e.Cause, stacktrace)
		}
		return d.skip()
	})
	return e, err
}

func readCause(d *reader, cause **Exception, stacktrace func([]byte) []string) error {
	c, err := readException(d, stacktrace)
	if err != nil {
		return err
	}
	*cause = nil
	if c.Class != "" || c.Message != "" || c.Cause != nil || len(c.Stacktrace) > 0 {
		*cause = &c
	}
	return nil
}

// DecodeStacktrace returns the lines of a stack trace: a list of them, or one text.
func DecodeStacktrace(raw []byte) []string {
	d := newReader(raw)
	if d.kind() != '[' {
		all := rawText(raw)
		if all == "" {
			return nil
		}
		return strings.Split(strings.TrimRight(all, "\n"), "\n")
	}
	var lines []string
	// No error is possible: raw was read once as part of a report.
	_ = d.eachElement(func() error {
		var line string
		err := d.text(&line)
		lines = append(lines, line)
		return err
	})
	return lines
}

// decodeHTTPContext returns nil for null and for what is no object.
func decodeHTTPContext(raw []byte) *HTTPContext {
	d := newReader(raw)
	if d.kind() != '{' {
		return nil
	}
	var c HTTPContext
	_ = d.eachMember(func(name string) error {
		switch name {
		case "request_method":
			return d.text(&c.Method)
		case "request_url":
			return d.text(&c.URL)
		case "request_body":
			return d.text(&c.Body)
		case "request_headers":
			return readHeaders(d, &c.Headers)
		}
		return d.skip()
	})
	return &c
}

// readHeaders reads an object of names and values, or a list of pairs, as WSGI and
// Rack middleware pass them. A value that is a list becomes one header each.
func readHeaders(d *reader, headers *[]Header) error {
	*headers = nil
	switch d.kind() {
	case '{':
		return d.eachMember(func(name string) error { return readHeader(d, name, headers) })
	case '[':
		return d.eachElement(func() error { return readPair(d, headers) })
	case 'n':
		return d.skip()
	}
	return readHeader(d, "", headers)
}

func readHeader(d *reader, name string, headers *[]Header) error {
	if d.kind() != '[' {
		var value string
		err := d.text(&value)
		*headers = append(*headers, Header{name, value})
		return err
	}
	return d.eachElement(func() error {
		var value string
		err := d.text(&value)
		*headers = append(*headers, Header{name, value})
		return err
	})
}

func readPair(d *reader, headers *[]Header) error {
	if d.kind() != '[' {
		return readHeader(d, "", headers)
	}
	var parts []string
	err := d.eachElement(func() error {
		var s string
		err := d.text(&s)
		parts = append(parts, s)
		return err
	})
	if err != nil || len(parts) == 0 {
		return err
	}
	*headers = append(*headers, Header{parts[0], strings.Join(parts[1:], ", ")})
	return nil
}
