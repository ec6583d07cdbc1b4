package notify

import (
	"context"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A roster is the couriers that are under way. It is used by the goroutine of
// [Notifier.Run] only.
type roster struct {
	couriers map[place]*running
}

// A place is where a courier goes. A reload makes new destinations, and so new couriers.
type place struct {
	destination *destination
	url         string
}

type running struct {
	*courier
	destination *destination
	cancel      context.CancelFunc
	ended       chan struct{}
}

// start has the courier run until it is cancelled.
func start(ctx context.Context, d *destination, c *courier) *running {
	ctx, cancel := context.WithCancel(ctx)
	r := &running{courier: c, destination: d, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		c.run(ctx)
	}()
	return r
}

// update starts and ends couriers, so that there is one for each target.
func (r *roster) update(destinations []*destination, targets map[string][]*periskop.Target, start func(*destination, *periskop.Target) *running) {
	next := map[place]*running{}
	for _, d := range destinations {
		for _, t := range targets[d.Name] {
			p := place{d, t.URL}
			if next[p] != nil {
				continue
			}
			if next[p] = r.couriers[p]; next[p] == nil {
				next[p] = start(d, t)
			}
		}
	}
	for p, c := range r.couriers {
		if next[p] == nil {
			c.cancel()
			<-c.ended
		}
	}
	r.couriers = next
}

func (r *roster) hand(d *destination, h handed) {
	for _, c := range r.couriers {
		if c.destination == d {
			c.hand(h)
		}
	}
}

// begins reports whether one of them has not begun.
func (r *roster) begins() bool {
	for _, c := range r.couriers {
		if !c.begun.Load() {
			return true
		}
	}
	return false
}

// stop ends all couriers.
func (r *roster) stop() { r.update(nil, nil, nil) }
