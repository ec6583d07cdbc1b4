package demo

import (
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
)

// When the shop's troubles beside its exceptions begin, and how they go on.
const (
	restartEvery = time.Minute
	// An alert on a target that is down waits for some minutes.
	downAfter = 2 * time.Minute
	downFor   = 7 * time.Minute
	upFor     = 12 * time.Minute
	// From then on each deployment brings a new exception, when all others have
	// had their debut.
	deployAfter = 11 * time.Minute
	deployEvery = 4 * time.Minute
)

// scheduleRoutine begins with what goes on all the time.
func (d *Demo) scheduleRoutine(from time.Time) {
	for _, s := range d.services {
		for _, f := range s.failures {
			if s.client == nil {
				d.raiseBefore(s, f)
				continue
			}
			d.timeline.add(from.Add(d.gen.pause(f.every)), d.raising(s, f))
		}
	}
	restarting := d.instance("payments", 1)
	d.timeline.add(from.Add(restartEvery), func(time.Time) time.Duration {
		restarting.process = d.fleet.Restart(restarting.process)
		restarting.server.SetHandler(restarting.process)
		return restartEvery
	})
}

// raiseBefore lets checkout have a past: periskop-go knows no time but the present, so
// it is a short one.
func (d *Demo) raiseBefore(s *service, f failure) {
	now := d.now()
	for _, in := range s.instances {
		for range 1 + d.gen.IntN(6) {
			f.raise(in, now, d.gen)
		}
	}
	d.timeline.add(now.Add(d.gen.pause(f.every)), d.raising(s, f))
}

// raising raises the failure again and again in one of the instances, and in bursts if
// it has any.
func (d *Demo) raising(s *service, f failure) func(time.Time) time.Duration {
	left := 0 // of the burst
	return func(at time.Time) time.Duration {
		f.raise(s.instances[d.gen.IntN(len(s.instances))], at, d.gen)
		if left > 0 {
			left--
			return d.gen.pause(300 * time.Millisecond)
		}
		if f.burst > 0 && d.gen.Float64() < float64(f.every)/float64(f.burst) {
			left = 40 + d.gen.IntN(40)
		}
		return d.gen.pause(f.every)
	}
}

// scheduleStory begins with what is only to happen when there is somebody to see it.
func (d *Demo) scheduleStory(from time.Time) {
	for _, s := range d.services {
		for _, debut := range s.debuts {
			d.timeline.add(from.Add(debut.after), d.opening(s, debut.failure))
		}
	}
	d.timeline.add(from.Add(downAfter), d.goingDown(d.instance("recommendations", 1)))
	d.timeline.add(from.Add(deployAfter), d.deploying(d.service("payments")))
}

// opening raises a failure for the first time, and then again and again.
func (d *Demo) opening(s *service, f failure) func(time.Time) time.Duration {
	known := false
	again := d.raising(s, f)
	return func(at time.Time) time.Duration {
		if !known {
			known = true
			d.say(at, "%s has raised an exception nobody has seen before: %s", s.name, f.what)
		}
		return again(at)
	}
}

// goingDown takes the instance away and brings it back, for ever.
func (d *Demo) goingDown(in *instance) func(time.Time) time.Duration {
	down := false
	return func(at time.Time) time.Duration {
		fault, pause, what := fleet.Down, downFor, "does not answer any more"
		if down {
			fault, pause, what = fleet.NoFault, upFor, "answers again"
		}
		if err := in.server.SetFault(fault); err != nil {
			d.logger.Warn("an instance of the demo could not come back and will try again", "instance", in.name, "err", err)
			return 10 * time.Second
		}
		down = !down
		d.say(at, "%s %s", in.name, what)
		return pause
	}
}

// deploying brings a build whose failure has a key of its own, and which replaces the
// one before.
func (d *Demo) deploying(s *service) func(time.Time) time.Duration {
	template := readTrace("payments/after-deploy")
	var stop func()
	return func(at time.Time) time.Duration {
		if stop != nil {
			stop()
		}
		build := d.gen.build()
		e := fill(template, strings.NewReplacer("{build}", build, "{symbol}", d.gen.pick("currency", "rounding", "surcharge")))
		f := tracedAs(e, keyOf(e.Class, build), 15*time.Second, "error", paymentRequest)
		deployed := true
		stop = func() { deployed = false }
		raise := d.opening(s, f)
		d.timeline.add(at.Add(d.gen.pause(f.every)), func(at time.Time) time.Duration {
			if !deployed {
				return 0
			}
			return raise(at)
		})
		return deployEvery
	}
}

func (d *Demo) service(name string) *service {
	for _, s := range d.services {
		if s.name == name {
			return s
		}
	}
	panic("demo: no service " + name)
}

func (d *Demo) instance(service string, index int) *instance {
	return d.service(service).instances[index]
}
