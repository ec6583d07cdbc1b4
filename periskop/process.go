package periskop

import (
	"fmt"
	"strconv"
	"time"
)

// A Process is what an exporter tells of one process that it knows: an exporter that
// scrapes exporters counts by process, so that it does not matter which of them tells.
// Clients do not send it, and a Periskop server ignores it.
type Process struct {
	// UUID names the process; empty when it sends none, and Address, the host and port at
	// which it answered last, stands for it.
	UUID, Address string
	// Instance is that of the target.
	Instance string
	// Skew is how far the clock of the process is ahead of that of the exporter.
	Skew   time.Duration
	Totals []ProcessTotal
}

// A ProcessTotal is the highest total of one epoch: of one key since one time of creation.
type ProcessTotal struct {
	// ID is the exception_id of the client's own key. There is an aggregate of that in the same
	// report, or, when the exporter groups the key with others, of Group, which is 0 else.
	ID, Group uint64
	// Severity is the one that was reported last.
	Severity string
	// CreatedAt is as the client reported it, zero when it did not.
	CreatedAt time.Time
	// Total is what was reported, and History the part of it that the exporter did not
	// count, because it was there before.
	Total, History uint64
}

// Aggregate returns the exception_id of the aggregate that it is part of.
func (t *ProcessTotal) Aggregate() uint64 {
	if t.Group != 0 {
		return t.Group
	}
	return t.ID
}

type wireProcess struct {
	UUID     string      `json:"target_uuid,omitempty"`
	Address  string      `json:"address,omitempty"`
	Instance string      `json:"instance,omitempty"`
	Skew     float64     `json:"clock_skew_seconds,omitempty"`
	Totals   []wireTotal `json:"totals"`
}

type wireTotal struct {
	ID        wireID    `json:"exception_id"`
	Group     wireID    `json:"group_id,omitzero"`
	Severity  string    `json:"severity"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	Total     uint64    `json:"total_count"`
	History   uint64    `json:"history_count,omitempty"`
}

// A wireID is an exception_id: 16 hexadecimal digits.
type wireID uint64

const wireIDLen = 16

// MarshalText implements encoding.TextMarshaler.
func (id wireID) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%016x", uint64(id)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *wireID) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	if err != nil || len(text) != wireIDLen {
		return fmt.Errorf("%q is no exception_id", text)
	}
	*id = wireID(n)
	return nil
}

func (p *Process) wire() wireProcess {
	out := wireProcess{
		UUID: p.UUID, Address: p.Address, Instance: p.Instance, Skew: p.Skew.Seconds(), Totals: make([]wireTotal, len(p.Totals)),
	}
	for i, t := range p.Totals {
		out.Totals[i] = wireTotal{ID: wireID(t.ID), Group: wireID(t.Group), Severity: t.Severity, CreatedAt: t.CreatedAt.UTC(), Total: t.Total, History: t.History}
		if t.CreatedAt.IsZero() {
			out.Totals[i].CreatedAt = time.Time{}
		}
	}
	return out
}

// readProcesses reads what [Encode] writes, one process at a time. One that is not as that
// writes it is skipped: its totals count nothing.
func readProcesses(d *reader, r *Report) error {
	r.Processes = []Process{}
	if d.kind() != '[' {
		return d.skip()
	}
	return d.eachElement(func() error {
		v, err := d.value()
		if err != nil {
			return err
		}
		r.addProcess(v)
		return nil
	})
}

func (r *Report) addProcess(raw []byte) {
	p, err := decodeProcess(raw)
	if err == nil && len(r.Processes) >= maxProcesses {
		err = oddError("there are too many")
	}
	if err == nil {
		r.Processes = append(r.Processes, p)
		return
	}
	r.Skipped++
	if r.SkippedErr == nil {
		r.SkippedErr = fmt.Errorf("process %d: %w", len(r.Processes)+1, err)
	}
}
