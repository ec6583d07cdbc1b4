package merge

import (
	"encoding/json"
	"fmt"
	"time"
)

// A recentRecord is what [Recent] knows, in the form in which it is kept over a restart. It is
// JSON, which takes no more memory than what it is read from says.
type recentRecord struct {
	Since                time.Time
	Step                 int64
	Services, Exceptions map[string]stepsRecord
	Departed             []Departure // the oldest first
}

// A stepsRecord has the increments of the steps that have any, by how many steps they are
// before the newest.
type stepsRecord struct {
	Newest int64
	Counts map[uint8]uint32
}

// Save returns what is known of growth and of exceptions that are gone, for [Recent.Restore]
// to take up after a restart. It is of the size of what grew within the hour.
func (r *Recent) Save() ([]byte, error) {
	r.mu.Lock()
	record := recentRecord{Since: r.since}
	for _, id := range r.order {
		record.Departed = append(record.Departed, *r.departed[id])
	}
	r.mu.Unlock()
	if growth := r.growth.Load(); growth != nil {
		record.Step = growth.step
		record.Services, record.Exceptions = recordSteps(growth.services), recordSteps(growth.exceptions)
	}
	b, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("encode growth: %w", err)
	}
	return b, nil
}

// Restore takes up what was saved. It is to be called before the first observation, and
// changes nothing when it returns an error. What was counted while nobody observed is not
// growth. Of growth that was saved by a clock ahead of now nothing is kept: it would stand
// still until then.
func (r *Recent) Restore(saved []byte, now time.Time) error {
	var record recentRecord
	if err := json.Unmarshal(saved, &record); err != nil {
		return fmt.Errorf("decode growth: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.departed, r.order = map[string]*Departure{}, nil
	for _, d := range record.Departed[max(len(record.Departed)-maxDepartures, 0):] {
		r.departed[d.ID] = &d
		r.order = append(r.order, d.ID)
	}
	if record.Step == 0 || record.Step > now.UnixNano()/int64(GrowthStep) {
		return nil
	}
	// The first observation is what later ones are compared with, as that of a service that
	// was not there before is.
	r.since, r.before = record.Since, &Snapshot{}
	r.growth.Store(&Growth{
		Since: record.Since, step: record.Step,
		services: restoreSteps(record.Services, record.Step), exceptions: restoreSteps(record.Exceptions, record.Step),
	})
	return nil
}

func recordSteps(all map[string]*increments) map[string]stepsRecord {
	out := make(map[string]stepsRecord, len(all))
	for name, i := range all {
		s := stepsRecord{Newest: i.newest, Counts: map[uint8]uint32{}}
		for ago := range GrowthSteps {
			if n := i.counts[GrowthSteps-1-ago]; n > 0 {
				s.Counts[uint8(ago)] = n
			}
		}
		out[name] = s
	}
	return out
}

func restoreSteps(all map[string]stepsRecord, step int64) map[string]*increments {
	out := make(map[string]*increments, len(all))
	for name, s := range all {
		if s.Newest > step || s.Newest <= step-GrowthSteps {
			continue
		}
		i := &increments{newest: s.Newest}
		for ago, n := range s.Counts {
			if int(ago) < GrowthSteps {
				i.counts[GrowthSteps-1-int(ago)] = n
			}
		}
		out[name] = i
	}
	return out
}
