package periskop

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxAggregates bounds what a report of tiny aggregates takes beside its body. It is fifty
// times as many keys as a service may have by default.
const maxAggregates = 100_000

// An aggregateReader reads the aggregates of a report.
type aggregateReader struct {
	*reader
	report *Report
	times  times
	index  int // of the current aggregate, from 1
	base   int // where in the whole body the reader's begins
}

// readAll reads aggregated_errors: a list, or, as PHP writes a list with gaps and others
// one with keys, an object whose values are the aggregates. One that is alone may stand
// for itself.
func (r *aggregateReader) readAll() error {
	r.report.Aggregates = nil // a member that occurs twice
	switch r.kind() {
	case '[':
		return r.eachElement(func() error { return r.element("") })
	case '{':
		if r.isOne(aggregationKey, totalCount) {
			return r.element("")
		}
		return r.eachMember(func(name []byte) error { return r.element(keyOf(name)) })
	}
	v, err := r.value()
	if err == nil && !isNothing(v) {
		err = fmt.Errorf("aggregated_errors is %s, not a list", kindOf(v))
	}
	return err
}

// isOne reports whether the object that r is at is one thing that has any of these
// members, and not a collection of such things.
func (r *reader) isOne(members ...member) bool {
	look := newReader(r.body)
	look.at = r.at
	one := false
	// What is wrong with it is found by who reads it.
	_ = look.eachMember(func(name []byte) error {
		m, _ := memberOf(name)
		for _, wanted := range members {
			one = one || m == wanted && look.kind() != '{'
		}
		return look.skip()
	})
	return one
}

// keyOf returns the name of a member that may stand for the key of its value: it does not
// if it is an index.
func keyOf(name []byte) string {
	key := text(name)
	if strings.Trim(key, "0123456789") == "" {
		return ""
	}
	return key
}

// element reads what is an aggregate, if it can be read, with the key that it has if it
// names none itself.
func (r *aggregateReader) element(key string) error {
	r.index++
	if r.index > maxAggregates {
		r.odd(oddError(fmt.Sprintf("there are more than %d", maxAggregates)))
		return r.skip()
	}
	kind, start := r.kind(), r.at
	if kind != '{' {
		v, err := r.value()
		if err == nil {
			r.odd(oddError("it is " + kindOf(v) + ", not an object"))
		}
		return err
	}
	a, err := r.aggregate(key)
	var (
		odd    oddError
		syntax *syntaxError
	)
	switch {
	case err == nil:
		r.report.Aggregates = append(r.report.Aggregates, a)
		return nil
	case errors.As(err, &odd):
		r.odd(odd)
		return nil
	case errors.As(err, &syntax): // the others are read, if it has an end
		r.at = start
		if err := r.skip(); err != nil {
			return err
		}
		r.odd(oddError((&syntaxError{syntax.offset + r.base, syntax.text}).Error()))
		return nil
	}
	return err
}

// odd notes that the current aggregate cannot be read.
func (r *aggregateReader) odd(err oddError) {
	r.report.Skipped++
	if r.report.SkippedErr == nil {
		r.report.SkippedErr = r.about(err)
	}
}

// about says of which aggregate an error is.
func (r *aggregateReader) about(err error) error {
	return fmt.Errorf("aggregate %d: %w", r.index, err)
}

// time reads a time. One that cannot be read is none.
func (r *aggregateReader) time(name string, v []byte) time.Time {
	t, err := r.times.read(v)
	if err != nil {
		r.report.UnreadableTimes++
		if r.report.UnreadableTimesErr == nil {
			r.report.UnreadableTimesErr = r.about(fmt.Errorf("%s cannot be read: %w", name, err))
		}
	}
	return t
}

func (r *aggregateReader) aggregate(key string) (Aggregate, error) {
	a := pending{
		Aggregate: Aggregate{Key: key, Severity: DefaultSeverity},
		hasKey:    key != "", countErr: oddError("it has no total_count"),
	}
	err := r.eachKnown(func(m member) error { return r.member(m, &a) })
	switch {
	case err != nil:
		return Aggregate{}, err
	case !a.hasKey:
		return Aggregate{}, oddError("it has no aggregation_key")
	case a.countErr != nil:
		return Aggregate{}, a.countErr
	case a.historyErr != nil:
		return Aggregate{}, a.historyErr
	case a.History > a.TotalCount:
		return Aggregate{}, oddError("its history_count is no part of its total_count")
	}
	a.TotalCount -= a.History
	return a.Aggregate, nil
}

// A pending aggregate is one of which not all members are read.
type pending struct {
	Aggregate
	hasKey               bool
	countErr, historyErr error
}

func (r *aggregateReader) member(m member, a *pending) error {
	v, err := r.value()
	if err != nil {
		return err
	}
	switch m {
	case aggregationKey:
		if !isWord(v) {
			a.Key, a.hasKey = text(v), true
		}
	case totalCount:
		a.TotalCount, a.countErr = count("total_count", v)
	case historyCount:
		a.History, a.historyErr = count("history_count", v)
	case firstSeen:
		a.FirstSeen = r.time("first_seen", v)
	case severity:
		if s := readSeverity(v); s != "" {
			a.Severity = s
		}
	case createdAt:
		a.CreatedAt = r.time("created_at", v)
	case latestErrors:
		a.Latest = v
	case exceptionID:
		_ = (*wireID)(&a.ID).UnmarshalText([]byte(scalarUpTo(v, wireIDLen+1))) // 0 for what is none
	default: // of something else
	}
	return nil
}
