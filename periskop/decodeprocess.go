package periskop

import (
	"fmt"
	"strconv"
	"time"
)

const (
	// maxProcesses bounds what a report of tiny processes takes beside its body. A service
	// has a few for each of its targets within retention.process.
	maxProcesses = 100_000
	// maxSkew is more than clocks differ that somebody has set once.
	maxSkew = 100 * 365 * 24 * time.Hour
)

// decodeProcess reads a process of which an exporter tells. It is read whole or not at all.
func decodeProcess(raw []byte) (Process, error) {
	if raw[0] != '{' {
		return Process{}, oddError("it is " + kindOf(raw) + ", not an object")
	}
	var (
		p   Process
		odd error
	)
	d := newReader(raw)
	err := d.eachMember(func(name []byte) error {
		v, err := d.value()
		if err != nil {
			return err
		}
		switch string(name) {
		case `"target_uuid"`:
			p.UUID = scalarUpTo(v, maxUUIDLen+1)
		case `"address"`:
			p.Address = scalarUpTo(v, maxInstance+1)
		case `"instance"`:
			p.Instance = textUpTo(v, maxInstance)
		case `"clock_skew_seconds"`:
			p.Skew = decodeSkew(v)
		case `"totals"`:
			p.Totals, odd = decodeTotals(v)
		}
		return nil
	})
	switch {
	case err != nil:
		return Process{}, err
	case odd != nil:
		return Process{}, odd
	case p.UUID == "" && p.Address == "":
		return Process{}, oddError("it has neither target_uuid nor address")
	case len(p.UUID) > maxUUIDLen:
		return Process{}, oddError(fmt.Sprintf("its target_uuid is longer than %d bytes", maxUUIDLen))
	case len(p.Address) > maxInstance:
		return Process{}, oddError(fmt.Sprintf("its address is longer than %d bytes", maxInstance))
	}
	return p, nil
}

// decodeSkew returns 0 for what is no number.
func decodeSkew(v []byte) time.Duration {
	seconds, err := strconv.ParseFloat(scalar(v), 64)
	if err != nil {
		return 0
	}
	return time.Duration(min(max(seconds, -maxSkew.Seconds()), maxSkew.Seconds()) * float64(time.Second))
}

func decodeTotals(raw []byte) ([]ProcessTotal, error) {
	switch {
	case isNothing(raw) && raw[0] != '{':
		return nil, nil
	case raw[0] != '[':
		return nil, oddError("totals is " + kindOf(raw) + ", not a list")
	}
	var (
		list  []ProcessTotal
		times times
		odd   error
		index int
	)
	d := newReader(raw)
	err := d.eachElement(func() error {
		v, err := d.value()
		if err != nil || odd != nil {
			return err
		}
		index++
		var t ProcessTotal
		if t, odd = decodeTotal(v, &times); odd != nil {
			odd = fmt.Errorf("total %d %w", index, odd)
			return nil
		}
		list = append(list, t)
		return nil
	})
	if odd == nil {
		odd = err
	}
	return list, odd
}

func decodeTotal(raw []byte, times *times) (ProcessTotal, error) {
	if raw[0] != '{' {
		return ProcessTotal{}, oddError("is " + kindOf(raw) + ", not an object")
	}
	t := ProcessTotal{Severity: DefaultSeverity}
	var (
		totalErr            error = oddError("it has no total_count")
		historyErr, timeErr error
		groupErr            error
		hasID               bool
	)
	d := newReader(raw)
	err := d.eachMember(func(name []byte) error {
		v, err := d.value()
		if err != nil {
			return err
		}
		switch string(name) {
		case `"exception_id"`:
			hasID = (*wireID)(&t.ID).UnmarshalText([]byte(scalarUpTo(v, wireIDLen+1))) == nil
		case `"group_id"`:
			groupErr = (*wireID)(&t.Group).UnmarshalText([]byte(scalarUpTo(v, wireIDLen+1)))
		case `"severity"`:
			if s := readSeverity(v); s != "" {
				t.Severity = s
			}
		case `"created_at"`:
			t.CreatedAt, timeErr = times.read(v)
		case `"total_count"`:
			t.Total, totalErr = count("total_count", v)
		case `"history_count"`:
			t.History, historyErr = count("history_count", v)
		}
		return nil
	})
	switch {
	case err != nil:
	case !hasID:
		return ProcessTotal{}, oddError("has no exception_id")
	case groupErr != nil:
		err = fmt.Errorf("group_id cannot be read: %w", groupErr)
	case totalErr != nil:
		err = totalErr
	case historyErr != nil:
		err = historyErr
	case timeErr != nil: // another epoch would be counted
		err = fmt.Errorf("created_at cannot be read: %w", timeErr)
	case t.History > t.Total:
		err = oddError("its history_count is no part of its total_count")
	default:
		return t, nil
	}
	return ProcessTotal{}, fmt.Errorf("cannot be read: %w", err)
}
