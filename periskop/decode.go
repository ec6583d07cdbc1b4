package periskop

import (
	"bytes"
	"errors"
	"fmt"
)

// Decode reads the body of an answer. An error means that nothing of it can be
// used, and says in words for the operator what it is instead. What is wrong with
// single aggregates is no error: see [Report.Skipped].
//
// The program itself reads with a [Stream], which is held against this by tests.
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
	return decodeReport(body)
}

func decodeReport(body []byte) (*Report, error) {
	var (
		r     Report
		found bool
	)
	d := newReader(body)
	err := d.eachKnown(func(m member) error {
		switch m {
		case targetUUID:
			return r.readUUID(d.value())
		case aggregatedErrors:
			found = true
			return (&aggregateReader{reader: d, report: &r}).readAll()
		case processes:
			return readProcesses(d, &r)
		default:
			return d.skip()
		}
	})
	if err != nil {
		return nil, err
	}
	if d.kind(); d.at < len(body) {
		return nil, fmt.Errorf("more data after the report, from byte %d on", d.at) // two answers in one
	}
	if !found {
		return nil, errors.New("the body is JSON without aggregated_errors, not a Periskop report")
	}
	return &r, nil
}

// readUUID takes a value for the UUID of the process.
func (r *Report) readUUID(v []byte, err error) error {
	if r.TargetUUID = ""; err == nil && !isWord(v) {
		r.TargetUUID = text(v)
	}
	return err
}

// An oddError is about one aggregate: the others are read.
type oddError string

func (e oddError) Error() string { return string(e) }

// excerpt returns the beginning of b, for a message.
func excerpt(b []byte) []byte {
	const most = 20 // enough to tell what it is
	return b[:min(len(b), most)]
}
