package merge

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Recent tells what has changed between the snapshots that it is shown: what grew, and
// what is gone. It keeps nothing on disk, and its memory is bounded: 30 small numbers
// for each key that grew within the hour, and the names of maxDepartures keys. Its
// methods are safe for concurrent use; the zero value is ready.
type Recent struct {
	growth atomic.Pointer[Growth]

	// mu guards the rest. Methods that are not exported expect it to be held.
	mu       sync.Mutex
	before   *Snapshot
	since    time.Time
	departed map[string]*Departure
	order    []string // the IDs of departed, the oldest first
}

// maxDepartures is how many exceptions are remembered that are gone: those of a few
// services that were renamed, at a few hundred bytes each.
const maxDepartures = 2000

// A Departure is what is still known of an exception that is gone.
type Departure struct {
	ID, Service, Key, Class string
	Total                   uint64
	FirstSeen, LastSeen     time.Time
	// At is when it was found to be gone.
	At time.Time
}

// Growth returns the growth up to the last observation, nil before the first.
func (r *Recent) Growth() *Growth { return r.growth.Load() }

// Departed returns what is known of an exception that is gone, or nil.
func (r *Recent) Departed(id string) *Departure {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.departed[id]
}

// Observe takes in what is known now. The first observation is what later ones are
// compared with, and so is the first of each service. It is to be called a few times
// per step.
func (r *Recent) Observe(s *Snapshot, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	step := now.UnixNano() / int64(GrowthStep)
	growth := r.growth.Load()
	if growth != nil {
		step = max(step, growth.step) // the clock was set back
	}
	growth = growth.next(step)
	if r.before == nil {
		r.before, r.since = s, now
	}
	growth.Since = r.since
	if first := time.Unix(0, (step-GrowthSteps+1)*int64(GrowthStep)); first.After(r.since) {
		growth.Since = first
	}
	for _, before := range r.before.Services {
		r.compare(before, s.Service(before.Name), growth, now)
	}
	r.before = s
	r.growth.Store(growth)
}

// compare walks through the exceptions of both, which are sorted by key.
func (r *Recent) compare(before, after *Service, growth *Growth, now time.Time) {
	var left []*Exception
	if after != nil {
		left = after.Exceptions
	}
	for _, b := range before.Exceptions {
		for len(left) > 0 && left[0].Key < b.Key {
			r.grew(left[0], left[0].Counted(), growth)
			left = left[1:]
		}
		if len(left) == 0 || left[0].Key != b.Key {
			r.depart(b, now)
			continue
		}
		// What has not changed is the same.
		if a := left[0]; a != b {
			if n, m := a.Counted(), b.Counted(); n > m {
				r.grew(a, n-m, growth)
			}
		}
		left = left[1:]
	}
	for _, e := range left {
		r.grew(e, e.Counted(), growth)
	}
}

func (r *Recent) grew(e *Exception, n uint64, growth *Growth) {
	r.forget(e.ID)
	if n > 0 {
		growth.add(e.Service, e.ID, n)
	}
}

func (r *Recent) depart(e *Exception, now time.Time) {
	if r.departed == nil {
		r.departed = map[string]*Departure{}
	}
	if r.departed[e.ID] == nil {
		r.order = append(r.order, e.ID)
	}
	r.departed[e.ID] = &Departure{
		ID: e.ID, Service: e.Service, Key: strings.Clone(e.Label), Class: strings.Clone(e.Class), Total: e.Total(),
		FirstSeen: e.FirstSeen, LastSeen: e.LastSeen, At: now,
	}
	for len(r.order) > maxDepartures {
		delete(r.departed, r.order[0])
		r.order = r.order[1:]
	}
}

// forget takes back that an exception is gone.
func (r *Recent) forget(id string) {
	if r.departed[id] == nil {
		return
	}
	delete(r.departed, id)
	r.order = slices.DeleteFunc(r.order, func(s string) bool { return s == id })
}
