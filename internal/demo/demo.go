package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
)

// Options are the settings of a [Demo]. The zero value will do.
type Options struct {
	// Seed makes the course of events repeatable, UUIDs included; 0 means a
	// different one each time.
	Seed uint64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger is told what goes wrong in the demo itself; nil means discard.
	Logger *slog.Logger
	// Out is told what happens in the shop, a line at a time; nil means discard.
	Out io.Writer
}

// Demo is the sample services. Only Run may go on while other methods are called.
type Demo struct {
	now      func() time.Time
	logger   *slog.Logger
	out      io.Writer
	fleet    *fleet.Fleet
	gen      gen
	services []*service
	timeline timeline
}

// A service is a program of the shop and its instances.
type service struct {
	sample
	instances []*instance
}

// An instance is one address of a service, with the process that answers there now.
type instance struct {
	name   string
	server *fleet.Server
	// One of the two is nil: checkout counts its exceptions with periskop-go.
	process  *fleet.Process
	checkout *checkout
}

// past is how long the services have been running when the demo starts, so that
// there is something old to see beside what is new.
const past = 30 * time.Minute

// step is how often Run looks what is due.
const step = 200 * time.Millisecond

// New starts the services: they can be scraped from now on, and report what they
// raised in the half hour before. The caller closes the demo.
func New(o Options) (*Demo, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	d := &Demo{
		now:    o.Now,
		logger: o.Logger,
		out:    o.Out,
		fleet:  fleet.New(fleet.Options{Seed: o.Seed, Now: o.Now}),
		gen:    gen{rand.New(rand.NewPCG(o.Seed, 1))},
	}
	for _, sample := range shop() {
		s, err := d.start(sample)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start %s: %w", sample.name, err), d.Close())
		}
		d.services = append(d.services, s)
	}
	now := o.Now()
	d.scheduleRoutine(now.Add(-past))
	d.timeline.advance(now)
	return d, nil
}

func (d *Demo) start(sample sample) (*service, error) {
	s := &service{sample: sample}
	for i := range sample.instances {
		in := &instance{name: fmt.Sprintf("%s-%d", sample.name, i+1)}
		var h http.Handler
		if sample.client == nil {
			in.checkout = newCheckout()
			h = in.checkout.exceptions
		} else {
			in.process = d.fleet.Start(fleet.ProcessOptions{Service: sample.name, Client: sample.client})
			h = in.process
		}
		var err error
		if in.server, err = d.fleet.Serve(h); err != nil {
			return nil, err
		}
		s.instances = append(s.instances, in)
	}
	return s, nil
}

// Run lets the shop go on until ctx is done, and returns nil. The first exception that
// nobody has seen before comes [FirstNew] after its call.
func (d *Demo) Run(ctx context.Context) error {
	d.scheduleStory(d.now())
	tick := time.NewTicker(step)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			d.timeline.advance(d.now())
		}
	}
}

// Close ends the services. Run must have returned.
func (d *Demo) Close() error { return d.fleet.Close() }

// say tells what happens in the shop.
func (d *Demo) say(at time.Time, format string, args ...any) {
	fmt.Fprintf(d.out, "%s  %s\n", at.Format(time.TimeOnly), fmt.Sprintf(format, args...))
}
