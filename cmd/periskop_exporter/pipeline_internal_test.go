package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestPipelineEnds waits for parts in order, and for none that does not end.
func TestPipelineEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipeline(t.Context())
		var order []string
		p.start("scraping", func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Second)
			order = append(order, "scraping")
			return errors.New("it failed")
		})
		err := p.end(endTimeout, "state", func() error {
			order = append(order, "state")
			return nil
		})
		if err == nil || err.Error() != "it failed" || len(order) != 2 || order[1] != "state" {
			t.Errorf("got %v, and the order %v", err, order)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := newPipeline(t.Context())
		release := make(chan struct{})
		p.start("scraping", func(context.Context) error {
			<-release
			return nil
		})
		p.start("discovery", func(ctx context.Context) error {
			<-ctx.Done()
			return nil
		})
		start := time.Now()
		err := p.end(endTimeout, "state", func() error { return nil })
		if want := "did not end within 15s: scraping, state"; err == nil || err.Error() != want || time.Since(start) != endTimeout {
			t.Errorf("got %v after %s, want %q", err, time.Since(start), want)
		}
		close(release)
	})
}
