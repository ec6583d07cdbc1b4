package main

import (
	"context"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// observeInterval is how often what grew is looked at: a few times per step of the
// charts.
const observeInterval = merge.GrowthStep / 8

// observe keeps what the charts of the pages show.
func (e *exporter) observe(ctx context.Context) error {
	ticker := time.NewTicker(observeInterval)
	defer ticker.Stop()
	e.recent.Observe(e.state.Snapshot(), time.Now())
	for {
		select {
		case now := <-ticker.C:
			e.recent.Observe(e.state.Snapshot(), now)
		case <-ctx.Done():
			return nil
		}
	}
}
