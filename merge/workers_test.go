package merge_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A worker is one of a server that has a target_uuid for all. It raises k, and lists the newest
// occurrences.
type worker struct {
	name   string
	total  uint64
	raised []periskop.Occurrence // the newest first
	told   uint64
}

func (w *worker) raise(n int, at time.Time) {
	for i := range n {
		w.total++
		w.raised = append([]periskop.Occurrence{{UUID: fmt.Sprint(w.name, w.total), Timestamp: at.Add(time.Duration(i) * time.Microsecond)}}, w.raised...)
	}
}

func (w *worker) answer(at time.Time, created time.Time) answer {
	w.told = w.total
	return answer{uuid: "A", at: at, reports: []periskop.Aggregate{aggregate("k", w.total, created, w.raised[:min(10, len(w.raised))]...)}}
}

// TestWorkersThatGrow has two workers that meet a key in one second raise it at random, now and then so
// often between two answers that nothing is listed any more that was listed before, while the
// exporter is killed again and again. Never is more counted than was told, or less after a kill
// than before; nothing is missing once each of them has raised a few more in turn.
func TestWorkersThatGrow(t *testing.T) {
	for seed := range uint64(400) {
		random, kills := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
		m := newMemory()
		s := m.restart(settings(), noon)
		fold(s, started)
		now, created := at(1), at(1).Truncate(time.Second)
		var workers []*worker
		for i := range 2 {
			w := &worker{name: fmt.Sprint("w", i, "-")}
			w.raise(1+random.IntN(5), now.Add(time.Duration(random.IntN(900))*time.Millisecond))
			workers = append(workers, w)
		}
		told := func() (n uint64) {
			for _, w := range workers {
				n += w.told
			}
			return n
		}
		turn := 0
		scrape := func() {
			now = now.Add(time.Second)
			w := workers[turn%len(workers)]
			fold(s, w.answer(now, created))
			turn++
			if kills.IntN(4) == 0 {
				s.Commit()
			}
			if before := countedOf(s, "shop", "k"); kills.IntN(4) == 0 {
				s = m.restart(settings(), now)
				if got := countedOf(s, "shop", "k"); got != before {
					t.Errorf("seed %d: %d are counted after a kill, %d before", seed, got, before)
				}
			}
			if got := countedOf(s, "shop", "k"); got > told() {
				t.Errorf("seed %d: %d are counted, %d were told", seed, got, told())
			}
		}
		for range 30 {
			for _, w := range workers {
				if random.IntN(3) > 0 {
					w.raise(random.IntN(4), now.Add(time.Duration(random.IntN(900))*time.Millisecond))
				}
				if random.IntN(10) == 0 {
					w.raise(10+random.IntN(10), now.Add(time.Duration(900+random.IntN(90))*time.Millisecond))
				}
			}
			scrape()
		}
		for range 3 {
			for _, w := range workers {
				w.raise(1, now.Add(500*time.Millisecond))
				for range 3 * len(workers) {
					scrape()
				}
			}
		}
		if got := countedOf(s, "shop", "k"); got != told() {
			t.Errorf("seed %d: %d are counted, %d were told by %d workers", seed, got, told(), len(workers))
		}
	}
}
