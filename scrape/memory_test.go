package scrape_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/scrape"
)

// large is a report with one exception of more than so many bytes.
func large(size int) string {
	return `{"aggregated_errors":[{"aggregation_key":"k","total_count":1,"latest_errors":[{"uuid":"u","error":{"class":"E","message":"` +
		strings.Repeat("m", size) + `"}}]}]}`
}

// TestMemory has one target stand still in the middle of a report that takes nearly all
// memory that there is for reports: others that need as much get it in the end, and those
// that need little never wait.
func TestMemory(t *testing.T) {
	inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
		report := large(9 << 20)
		b.net.serve(t, "stuck:80", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, report[:len(report)-100])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		b.net.serve(t, "large:80", reporting(report))
		b.net.serve(t, "small:80", reporting(emptyReport))
		stuck, big, small := target("http://stuck:80/"), target("http://large:80/"), target("http://small:80/")
		for _, tgt := range []*periskop.Target{stuck, big, small} {
			tgt.Interval, tgt.Timeout = time.Minute, 30*time.Second
		}
		b.pool.SetTargets(targetsOf("shop", stuck))
		pass(time.Minute)
		b.forget()
		b.pool.SetTargets(targetsOf("shop", stuck, big, small))
		pass(3 * time.Minute)
		failed := 0
		for _, s := range b.of(stuck.URL) {
			if s.Result != periskop.Timeout {
				t.Errorf("the one that stands still: got %s, want a timeout", s.Result)
			}
			if s.Err != nil && strings.Contains(s.Err.Error(), "while other targets waited") {
				failed++
			}
		}
		if failed == 0 {
			t.Error("the one that stands still never had to give way")
		}
		for _, tgt := range []*periskop.Target{big, small} {
			scrapes := b.of(tgt.URL)
			if len(scrapes) < 2 {
				t.Errorf("%s: got %d scrapes, want some", tgt.URL, len(scrapes))
			}
			for _, s := range scrapes {
				if s.Result != periskop.Success {
					t.Errorf("%s: got %s (%v), want success", tgt.URL, s.Result, s.Err)
				}
				if tgt == small && s.Duration != 0 {
					t.Errorf("the small report took %s, want no time", s.Duration)
				}
			}
		}
	})
}
