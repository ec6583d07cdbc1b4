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

// A ledger is what the fleet remembers of a process. It outlives the process and is
// small, as there can be thousands.
type ledger struct {
	service, uuid string

	mu     sync.Mutex // guards what follows
	epochs []ledgerEpoch
	// told is by address, in the order of epochs.
	told  map[string][]told
	ended bool
}

type ledgerEpoch struct {
	key       string
	createdAt time.Time
	raised    uint64
}

type told struct {
	first, highest uint64
}

// raise adds to the epoch with this index, which is new when it is the next one. It
// returns false when the process has ended.
func (l *ledger) raise(index int, key string, createdAt time.Time, n uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	if index == len(l.epochs) {
		l.epochs = append(l.epochs, ledgerEpoch{key: key, createdAt: createdAt})
	}
	l.epochs[index].raised += n
	return true
}

// report notes the totals of a complete answer.
func (l *ledger) report(address string, totals []uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ts := l.told[address]
	for i, total := range totals {
		if i == len(ts) {
			ts = append(ts, told{first: total})
		}
		// An answer can be overtaken by a later one.
		ts[i].highest = max(ts[i].highest, total)
	}
	l.told[address] = ts
}

func (l *ledger) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
}

func (l *ledger) appendTo(t Truth, addresses []string) Truth {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, e := range l.epochs {
		epoch := Epoch{
			Service:    l.service,
			Key:        e.key,
			TargetUUID: l.uuid,
			CreatedAt:  e.createdAt,
			Raised:     e.raised,
			Ended:      l.ended,
		}
		for address, ts := range l.told {
			if i >= len(ts) || len(addresses) > 0 && !slices.Contains(addresses, address) {
				continue
			}
			if epoch.First == 0 || ts[i].first < epoch.First {
				epoch.First = ts[i].first
			}
			epoch.Reported = max(epoch.Reported, ts[i].highest)
		}
		t = append(t, epoch)
	}
	return t
}
