package fleet

import (
	"slices"
	"sync"
	"time"
)

// Truth is what is true of the epochs of a fleet.
type Truth []Epoch

// An Epoch is the count of one aggregation key in one process.
type Epoch struct {
	Service string
	Key     string
	// TargetUUID names the process, whether it reports it or not.
	TargetUUID string
	// CreatedAt is the right time, whatever the clock of the process says.
	CreatedAt time.Time
	// Raised is how many exceptions there were.
	Raised uint64
	// First and Reported are the total in the first complete answer that had this
	// key and the highest total in any; 0 when there was none. The baseline of an
	// epoch that is history is First.
	First, Reported uint64
	// Ended is whether the process has ended: what it has not reported by then it
	// never will.
	Ended bool
}

// Counts are sums over epochs.
type Counts struct {
	Raised, Reported uint64
}

// Key names an exception of a service.
type Key struct {
	Service, Key string
}

// Sums returns the counts per service and key.
func (t Truth) Sums() map[Key]Counts {
	sums := map[Key]Counts{}
	for _, e := range t {
		k := Key{e.Service, e.Key}
		c := sums[k]
		sums[k] = Counts{c.Raised + e.Raised, c.Reported + e.Reported}
	}
	return sums
}

// Settled is whether every process that still lives has reported all that was raised
// in it.
func (t Truth) Settled() bool {
	return !slices.ContainsFunc(t, func(e Epoch) bool { return !e.Ended && e.Reported < e.Raised })
}

// A processTruth is what the fleet remembers of a process. It outlives the process and is
// small, as there can be thousands.
type processTruth struct {
	service, uuid string

	mu     sync.Mutex // guards what follows
	epochs []epochTruth
	// reported is by address, in the order of epochs.
	reported map[string][]reportedTotal
	ended    bool
}

// An epochTruth is what was raised in one epoch.
type epochTruth struct {
	key       string
	createdAt time.Time
	raised    uint64
}

// A reportedTotal is the first and the highest total that one address answered.
type reportedTotal struct {
	first, highest uint64
}

// addRaised adds to the epoch with this index, which is new when it is the next one. It
// returns false when the process has ended.
func (t *processTruth) addRaised(index int, key string, createdAt time.Time, n uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return false
	}
	if index == len(t.epochs) {
		t.epochs = append(t.epochs, epochTruth{key: key, createdAt: createdAt})
	}
	t.epochs[index].raised += n
	return true
}

// addReported notes the totals of a complete answer.
func (t *processTruth) addReported(address string, totals []uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ts := t.reported[address]
	for i, total := range totals {
		if i == len(ts) {
			ts = append(ts, reportedTotal{first: total})
		}
		// An answer can be overtaken by a later one.
		ts[i].highest = max(ts[i].highest, total)
	}
	t.reported[address] = ts
}

func (t *processTruth) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
}

func (t *processTruth) appendTo(list Truth, addresses []string) Truth {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, e := range t.epochs {
		epoch := Epoch{
			Service:    t.service,
			Key:        e.key,
			TargetUUID: t.uuid,
			CreatedAt:  e.createdAt,
			Raised:     e.raised,
			Ended:      t.ended,
		}
		for address, ts := range t.reported {
			if i >= len(ts) || len(addresses) > 0 && !slices.Contains(addresses, address) {
				continue
			}
			if epoch.First == 0 || ts[i].first < epoch.First {
				epoch.First = ts[i].first
			}
			epoch.Reported = max(epoch.Reported, ts[i].highest)
		}
		list = append(list, epoch)
	}
	return list
}
