package merge_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A manner is how clients of one kind name themselves and what they tell, right or wrong.
type manner struct{ uuid, created, lists, index string }

func (m manner) String() string {
	return fmt.Sprintf("uuid %s, created_at %s, listing %s, %s", m.uuid, m.created, m.lists, m.index)
}

func manners() []manner {
	var all []manner
	for _, uuid := range []string{"own", "none", "made up", "shared"} {
		for _, created := range []string{"exact", "in seconds", "none", "now", "newest"} {
			for _, lists := range []string{"the newest", "the first", "nothing"} {
				for _, place := range []string{"alone", "balanced", "twice"} {
					all = append(all, manner{uuid, created, lists, place})
				}
			}
		}
	}
	return all
}

// A liar is a process that tells of itself in a manner.
type liar struct {
	manner
	rand   *rand.Rand
	number int // of the process
	keys   map[string]*lieState
}

type lieState struct {
	created, newest time.Time
	occurrences     []periskop.Occurrence
}

func (l *liar) raise(key string, n int, now time.Time) {
	k := l.keys[key]
	if k == nil {
		k = &lieState{created: now}
		l.keys[key] = k
	}
	for range n {
		k.newest = now
		k.occurrences = append(k.occurrences, periskop.Occurrence{
			UUID: fmt.Sprintf("%d-%s-%d", l.number, key, len(k.occurrences)), Timestamp: now, Severity: "error", Error: periskop.Exception{Class: "E"},
		})
		now = now.Add(time.Duration(l.rand.IntN(1000)) * time.Microsecond)
	}
}

func (l *liar) answer(now time.Time, address string) answer {
	a := answer{at: now, target: address}
	switch l.uuid {
	case "own":
		a.uuid = fmt.Sprintf("process-%d", l.number)
	case "made up":
		a.uuid = fmt.Sprintf("answer-%d", l.rand.Uint64())
	case "shared":
		a.uuid = "everybody"
	}
	keys := slices.Sorted(maps.Keys(l.keys))
	l.rand.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	for _, key := range keys {
		k := l.keys[key]
		a.reports = append(a.reports, aggregate(key, uint64(len(k.occurrences)), l.createdAt(k, now), l.listed(k)...))
	}
	return a
}

func (l *liar) createdAt(k *lieState, now time.Time) time.Time {
	switch l.created {
	case "exact":
		return k.created
	case "in seconds":
		return k.created.Truncate(time.Second)
	case "now":
		return now
	case "newest":
		return k.newest
	}
	return time.Time{}
}

func (l *liar) listed(k *lieState) []periskop.Occurrence {
	const most = 10
	n := min(most, len(k.occurrences))
	switch l.lists {
	case "the newest":
		return k.occurrences[len(k.occurrences)-n:]
	case "the first":
		return k.occurrences[:n]
	}
	return nil
}

// names reports whether anything that it tells tells this process from another.
func (m manner) names() bool {
	return m.uuid == "own" || m.lists != "nothing" || m.index == "alone"
}

// isPlain reports whether nothing that it tells is made up, or missing, that names an epoch.
func (m manner) isPlain() bool {
	return m.uuid == "own" || m.created == "exact" || m.created == "in seconds"
}

// TestNothingIsInvented has processes tell in every manner what is not so, and restart.
// Whatever they say, no more is counted than they raised. Of those whose names are all made
// up, it can be a few more in some run, when many occurrences arise between two answers, and
// far fewer are counted in all.
func TestNothingIsInvented(t *testing.T) {
	const seeds = 6
	for _, m := range manners() {
		if !m.names() {
			continue
		}
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			raised, counted := 0, 0
			for seed := range uint64(seeds) {
				r, c, log := lie(m, seed)
				if raised, counted = raised+r, counted+c; m.isPlain() && c > r {
					t.Errorf("seed %d: %d counted, %d raised:\n%s", seed, c, r, log)
				}
			}
			if counted > raised {
				t.Errorf("%d counted, %d raised", counted, raised)
			}
			if counted == 0 && m.isPlain() {
				t.Error("nothing was counted")
			}
		})
	}
}

// lie returns how many were raised and how many counted.
func lie(m manner, seed uint64) (raised, counted int, log string) {
	random := rand.New(rand.NewPCG(seed, 1))
	memory := newMemory()
	s := memory.restart(settings(), noon)
	keys := []string{"a", "b", "c"}
	now := noon
	addresses, processes := []string{"a:80"}, make([]*liar, 1)
	switch m.index {
	case "balanced":
		processes = make([]*liar, 1+random.IntN(3))
	case "twice":
		addresses = []string{"a:80", "b:80"}
	}
	number := 0
	begin := func(i int) {
		number++
		processes[i] = &liar{manner: m, rand: random, number: number, keys: map[string]*lieState{}}
	}
	for i := range processes {
		begin(i)
	}
	turn := 0
	for range 40 {
		now = now.Add(time.Duration(1+random.IntN(15_000_000)) * time.Microsecond)
		s.now = now
		l := processes[random.IntN(len(processes))]
		if random.IntN(10) == 0 {
			i := slices.Index(processes, l)
			log += fmt.Sprintf("process %d restarts\n", l.number)
			begin(i)
			l = processes[i]
		}
		if random.IntN(3) > 0 {
			n := 1 + random.IntN(4)
			if random.IntN(4) == 0 {
				n = 5 + random.IntN(20)
			}
			key := keys[random.IntN(len(keys))]
			l.raise(key, n, now)
			raised += n
			log += fmt.Sprintf("process %d raises %d of %s\n", l.number, n, key)
			now = now.Add(time.Duration(random.IntN(5_000_000)) * time.Microsecond)
			s.now = now
		}
		for _, address := range addresses {
			turn++
			a := processes[turn%len(processes)].answer(now, address)
			log += fmt.Sprintf("%s %s: %s", now.Format("05.000000"), address, a.uuid)
			for _, r := range a.reports {
				log += fmt.Sprintf(" %s=%d(%s)", r.Key, r.TotalCount, r.CreatedAt.Format("05.000000"))
			}
			fold(s, a)
			log += fmt.Sprintf(" counted a %d, b %d, c %d of %d; %v\n", countedOf(s, "shop", "a"), countedOf(s, "shop", "b"), countedOf(s, "shop", "c"), raised, inconsistencies(s))
			now = now.Add(time.Duration(random.IntN(1_000_000)) * time.Microsecond)
			s.now = now
		}
		switch random.IntN(30) {
		case 0:
			s = memory.restart(settings(), now)
			log += "kill\n"
		case 1:
			s.Flush()
			s = memory.restart(settings(), now)
			log += "restart\n"
		}
	}
	for _, key := range keys {
		counted += int(countedOf(s, "shop", key))
	}
	return raised, counted, log
}

// BenchmarkFoldMadeUp folds reports of which every name is another each time: what one takes must
// grow with the number of its keys, and not with the square of it.
func BenchmarkFoldMadeUp(b *testing.B) {
	for _, uuid := range []string{"none", "own", "made up"} {
		for _, keys := range []int{1, 10_000} {
			for _, n := range []int{2_500, 10_000} {
				b.Run(fmt.Sprintf("uuid %s, %d totals of %d keys", uuid, n, min(n, keys)), func(b *testing.B) {
					s := newState(settings())
					fold(s, started)
					for i := 0; b.Loop(); i++ {
						a := answer{at: at(1 + i)}
						s.now = a.at
						switch uuid {
						case "own":
							a.uuid = "A"
						case "made up":
							a.uuid = fmt.Sprint(i)
						}
						for k := range n {
							a.reports = append(a.reports, aggregate(fmt.Sprint(k%keys), uint64(100+i), a.at.Add(-time.Duration(k)*time.Microsecond)))
						}
						fold(s, a)
					}
				})
			}
		}
	}
}
