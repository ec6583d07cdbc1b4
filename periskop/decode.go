package periskop

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// Decode reads the body of an answer. An error means that nothing of it can be
// used, and says in words for the operator what it is instead. What is wrong with
// single aggregates is no error: see [Report.Skipped].
//
// The report's raw occurrences alias body: the caller must not change body as long
// as they are in use. Decode keeps nothing and is safe for concurrent use.
func Decode(body []byte) (*Report, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	switch {
	case len(body) == 0:
		return nil, errors.New("the body is empty: the client library could not write its report")
	case body[0] == '<':
		return nil, errors.New("the body is HTML or XML, not a Periskop report")
	case body[0] != '{':
		return nil, fmt.Errorf("the body begins with %q, a Periskop report with {", excerpt(body))
	}
	r, err := decodeReport(body)
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		// Python's json module writes bare NaN and Infinity, which JSON lacks.
		if finite, changed := quoteNonFinite(body); changed {
			if r, err := decodeReport(finite); err == nil {
				return r, nil
			}
		}
		return nil, fmt.Errorf("the body is not JSON from byte %d on: %w", syntax.ByteOffset, syntax.Err)
	}
	return r, err
}

// newDecoder reads b in place. Where a member occurs twice the last one counts, as
// in the JSON libraries of all clients, and what is not UTF-8 becomes U+FFFD.
func newDecoder(b []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(b), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

func decodeReport(body []byte) (*Report, error) {
	var (
		r     Report
		found bool
	)
	d := newDecoder(body)
	err := eachMember(d, func(name string) error {
		switch name {
		case "target_uuid":
			return readText(d, &r.TargetUUID)
		case "aggregated_errors":
			found = true
			return r.readAggregates(d, body)
		}
		return d.SkipValue()
	})
	if err != nil {
		return nil, err
	}
	if end := d.InputOffset(); end < int64(len(body)) {
		return nil, fmt.Errorf("more data after the report, from byte %d on", end) // two answers in one
	}
	if !found {
		return nil, errors.New("the body is JSON without aggregated_errors, not a Periskop report")
	}
	return &r, nil
}

func (r *Report) readAggregates(d *jsontext.Decoder, body []byte) error {
	r.Aggregates, r.Skipped, r.SkippedErr = nil, 0, nil // a member that occurs twice
	switch d.PeekKind() {
	case 'n':
		return d.SkipValue()
	case '[':
	default:
		if err := d.SkipValue(); err != nil {
			return err
		}
		return errors.New("aggregated_errors is not a list")
	}
	index := 0
	return eachElement(d, func() error {
		index++
		a, err := readAggregate(d, body)
		var odd oddError
		if errors.As(err, &odd) {
			r.Skipped++
			if r.SkippedErr == nil {
				r.SkippedErr = fmt.Errorf("aggregate %d: %w", index, odd)
			}
			return nil
		}
		if err == nil {
			r.Aggregates = append(r.Aggregates, a)
		}
		return err
	})
}

// An oddError is about one aggregate: the others are read.
type oddError string

func (e oddError) Error() string { return string(e) }

func readAggregate(d *jsontext.Decoder, body []byte) (Aggregate, error) {
	if d.PeekKind() != '{' {
		if err := d.SkipValue(); err != nil {
			return Aggregate{}, err
		}
		return Aggregate{}, oddError("not an object")
	}
	var (
		a             = Aggregate{Severity: DefaultSeverity}
		hasKey        bool
		countErr      error = oddError("no total_count")
		historyErr    error
		severity, key string
	)
	err := eachMember(d, func(name string) error {
		switch name {
		case "aggregation_key":
			hasKey = d.PeekKind() != 'n'
			return readText(d, &key)
		case "total_count":
			v, err := d.ReadValue()
			if err == nil {
				a.TotalCount, countErr = count(v)
			}
			return err
		case "history_count":
			v, err := d.ReadValue()
			if err == nil {
				a.History, historyErr = count(v)
			}
			return err
		case "first_seen":
			return readTime(d, &a.FirstSeen)
		case "severity":
			return readText(d, &severity)
		case "created_at":
			return readTime(d, &a.CreatedAt)
		case "latest_errors":
			v, err := d.ReadValue()
			if err == nil {
				end := d.InputOffset()
				a.Latest = body[end-int64(len(v)) : end : end]
			}
			return err
		}
		return d.SkipValue()
	})
	switch {
	case err != nil:
		return Aggregate{}, err
	case !hasKey:
		return Aggregate{}, oddError("no aggregation_key")
	case countErr != nil:
		return Aggregate{}, countErr
	case historyErr != nil || a.History > a.TotalCount:
		return Aggregate{}, oddError("history_count is no part of total_count")
	}
	a.TotalCount -= a.History
	a.Key = key
	if severity != "" {
		a.Severity = severity
	}
	return a, nil
}

// excerpt returns the beginning of b, for a message.
func excerpt(b []byte) []byte {
	const most = 20 // enough to tell what it is
	return b[:min(len(b), most)]
}

// quoteNonFinite returns b with bare NaN, Infinity and -Infinity put in quotes, and
// whether there were any. Strings are left alone.
func quoteNonFinite(b []byte) ([]byte, bool) {
	var out []byte
	copied := 0
	for i := 0; i < len(b); {
		switch b[i] {
		case '"':
			i = endOfString(b, i)
		case 'N', 'I', '-':
			n := nonFinite(b[i:])
			if n == 0 {
				i++
				break
			}
			out = append(out, b[copied:i]...)
			out = append(out, '"')
			out = append(out, b[i:i+n]...)
			out = append(out, '"')
			i += n
			copied = i
		default:
			i++
		}
	}
	if out == nil {
		return b, false
	}
	return append(out, b[copied:]...), true
}

func nonFinite(b []byte) int {
	for _, lit := range []string{"NaN", "Infinity", "-Infinity"} {
		if bytes.HasPrefix(b, []byte(lit)) {
			return len(lit)
		}
	}
	return 0
}

// endOfString returns the index behind the string that begins at b[start].
func endOfString(b []byte, start int) int {
	for i := start + 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}
