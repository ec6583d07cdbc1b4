package bench

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

const (
	readersFor  = 20 * time.Second
	readersRate = 10 // of each kind of page, in a second
)

// measureServing asks for ten lists and ten searches in a second, and for metrics meanwhile.
func measureServing(b *testing.B, exporter *process.Program) {
	quiet := median(scrapeFive(b, exporter))
	var (
		mu    sync.Mutex
		took  []time.Duration
		pages sync.WaitGroup
	)
	end := time.Now().Add(readersFor)
	for i := 0; time.Now().Before(end); i++ {
		for _, path := range []string{
			fmt.Sprintf("/exceptions?sort=%s&page=%d", []string{"last_seen", "count", "first_seen"}[i%3], 1+i%5),
			fmt.Sprintf("/exceptions?q=%s+%d", distinctWords[i%len(distinctWords)], i%100),
		} {
			pages.Go(func() {
				began := time.Now()
				if _, err := process.Get(b.Context(), exporter.URL+path); err != nil {
					b.Errorf("%s: %v", path, err)
				}
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(began))
			})
		}
		if i == 5*readersRate { // in the middle
			pages.Go(func() {
				busy := median(scrapeFive(b, exporter))
				report(b, float64(busy)/float64(quiet), "metrics-busy/quiet")
			})
		}
		time.Sleep(time.Second / readersRate)
	}
	pages.Wait()
	slices.Sort(took)
	report(b, float64(took[len(took)/2].Milliseconds()), "p50-ms/page")
	report(b, float64(took[len(took)*99/100].Milliseconds()), "p99-ms/page")
	report(b, float64(quiet.Milliseconds()), "ms/metrics-quiet")
}

// scrapeFive returns how long five scrapes of the metrics took.
func scrapeFive(b *testing.B, exporter *process.Program) []time.Duration {
	b.Helper()
	took := make([]time.Duration, 5)
	for i := range took {
		began := time.Now()
		metrics(b, exporter)
		took[i] = time.Since(began)
		time.Sleep(time.Second)
	}
	return took
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}
