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
	err := d.eachMember(func(name string) error {
		switch name {
		case "target_uuid":
			return d.text(&r.TargetUUID)
		case "aggregated_errors":
			found = true
			return r.readAggregates(d)
		}
		return d.skip()
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

func (r *Report) readAggregates(d *reader) error {
	r.Aggregates, r.Skipped, r.SkippedErr = nil, 0, nil // a member that occurs twice
	switch d.kind() {
	case 'n':
		return d.skip()
	case '[':
	default:
		if err := d.skip(); err != nil {
			return err
		}
		return errors.New("aggregated_errors is not a list")
	}
	index := 0
	return d.eachElement(func() error {
		index++
		a, err := readAggregate(d)
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

func readAggregate(d *reader) (Aggregate, error) {
	if d.kind() != '{' {
		if err := d.skip(); err != nil {
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
	err := d.eachMember(func(name string) error {
		switch name {
		case "aggregation_key":
			hasKey = d.kind() != 'n'
			return d.text(&key)
		case "total_count":
			v, err := d.value()
			if err == nil {
				a.TotalCount, countErr = count(v)
			}
			return err
		case "history_count":
			v, err := d.value()
			if err == nil {
				a.History, historyErr = count(v)
			}
			return err
		case "first_seen":
			return d.time(&a.FirstSeen)
		case "severity":
			return d.text(&severity)
		case "created_at":
			return d.time(&a.CreatedAt)
		case "latest_errors":
			v, err := d.value()
			a.Latest = v
			return err
		}
		return d.skip()
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
