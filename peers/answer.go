package peers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// maxAnswer is how many bytes one part of an answer may have: a thousand decisions with the longest
// reasons.
const maxAnswer = 8 << 20

// An answer is one part of what a replica tells.
type answer struct {
	Process    string      `json:"process"`
	Replica    string      `json:"replica"`
	Next       uint64      `json:"next"`
	More       bool        `json:"more"`
	Exceptions []exception `json:"exceptions"`
}

type exception struct {
	Service     string     `json:"service_name"`
	ID          string     `json:"exception_id"`
	ResolvedAgo *float64   `json:"resolved_seconds_ago"`
	Decisions   []decision `json:"decisions"`
}

type decision struct {
	Kind    triage.Kind `json:"kind"`
	At      time.Time   `json:"at"`
	By      string      `json:"by"`
	Reason  string      `json:"reason"`
	Time    time.Time   `json:"until"`
	Growth  uint64      `json:"until_grown_by"`
	Version bool        `json:"until_new_version"`
	Of      time.Time   `json:"of"`
}

// longestName is how many bytes a process or a replica may be called by.
const longestName = 256

// readAnswer reads an answer, as far as it can be one.
func readAnswer(r io.Reader) (*answer, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	if err != nil {
		return nil, peeled(err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("its answer has more than %d bytes", maxAnswer)
	}
	var envelope struct {
		Data *answer `json:"data"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return nil, fmt.Errorf("its answer is not that of an exporter: %w", err)
	}
	a := envelope.Data
	if a == nil || a.Process == "" || len(a.Process) > longestName || len(a.Replica) > longestName {
		return nil, errors.New("its answer is not that of an exporter")
	}
	return a, nil
}

// decided returns what it tells, with our time in place of how long ago something was.
func (a *answer) decided(now time.Time) []merge.Decided {
	out := make([]merge.Decided, len(a.Exceptions))
	for i := range a.Exceptions {
		e := &a.Exceptions[i]
		out[i] = merge.Decided{Service: e.Service, ID: e.ID, Decisions: make([]triage.Decision, len(e.Decisions))}
		// Within a century, which a duration can hold.
		if ago := e.ResolvedAgo; ago != nil && *ago < 1e9 && *ago > -1e9 {
			out[i].Made = now.Add(-time.Duration(*ago * float64(time.Second)))
		}
		for j, d := range e.Decisions {
			out[i].Decisions[j] = triage.Decision{
				Kind: d.Kind, At: d.At, By: d.By, Reason: d.Reason, Of: d.Of,
				Until: triage.Until{Time: d.Time, Growth: d.Growth, Version: d.Version},
			}
		}
	}
	return out
}

const (
	// maxCursors is how many processes are remembered as read: those of some restarts of each peer.
	maxCursors = 64
	// rereadInterval is after how long everything is read once more.
	rereadInterval = 10 * time.Minute
)

// cursors are how far processes have been read, at whatever address. The zero value has read nothing.
type cursors struct {
	mu   sync.Mutex // guards the rest
	list []cursor   // the one that was read first is the first
	// forgotten is how often something was forgotten: an answer to a request of before that tells
	// nothing of where to go on.
	forgotten int
}

type cursor struct {
	process string
	next    uint64
	begun   time.Time // when it was read from the beginning
}

// points are those up to which processes were read, for a request.
type points struct {
	since     []string
	forgotten int
}

// points returns those of all. What was read from the beginning long ago is read so again.
func (c *cursors) points(now time.Time) points {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.list)
	c.list = slices.DeleteFunc(c.list, func(p cursor) bool { return now.Sub(p.begun).Abs() > rereadInterval })
	if len(c.list) < n {
		c.forgotten++
	}
	out := points{make([]string, len(c.list)), c.forgotten}
	for i, p := range c.list {
		out.since[i] = p.process + "." + strconv.FormatUint(p.next, 10)
	}
	return out
}

// reached notes how far the answer to a request went, and reports whether that is any further than
// before.
func (c *cursors) reached(from points, a *answer, now time.Time) (further bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgotten != from.forgotten {
		return true
	}
	i := slices.IndexFunc(c.list, func(p cursor) bool { return p.process == a.Process })
	if i >= 0 {
		further = a.Next > c.list[i].next
		c.list[i].next = max(a.Next, c.list[i].next)
		return further
	}
	if len(c.list) >= maxCursors {
		c.list = slices.Delete(c.list, 0, 1)
	}
	c.list = append(c.list, cursor{a.Process, a.Next, now})
	return a.Next > 0
}

// forget makes everything be read once more.
func (c *cursors) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = nil
	c.forgotten++
}
