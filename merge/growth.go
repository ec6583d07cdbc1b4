package merge

import (
	"math"
	"time"
)

// Growth is remembered in steps of GrowthStep, GrowthSteps of them: an hour, in bars
// that are still apart in a chart a thumb wide.
const (
	GrowthStep  = 2 * time.Minute
	GrowthSteps = 30
)

// Increments are how often something was counted per step, the oldest step first.
type Increments [GrowthSteps]uint32

// Sum is the growth over the last so many steps.
func (i *Increments) Sum(steps int) uint64 {
	var sum uint64
	for _, n := range i[max(GrowthSteps-steps, 0):] {
		sum += uint64(n)
	}
	return sum
}

// Growth is what was counted of late, per service and per exception. It is immutable.
// Nil knows of none.
type Growth struct {
	// Since is when its observation began, or the beginning of its first step.
	Since time.Time

	step                 int64 // the newest
	services, exceptions map[string]*increments
}

// Service returns the growth of all exceptions of the service of that name.
func (g *Growth) Service(name string) Increments {
	if g == nil {
		return Increments{}
	}
	return g.services[name].at(g.step)
}

// Exception returns the growth of the exception of that ID.
func (g *Growth) Exception(id string) Increments {
	if g == nil {
		return Increments{}
	}
	return g.exceptions[id].at(g.step)
}

// next returns the growth that is still remembered at that step, for more to be added.
func (g *Growth) next(step int64) *Growth {
	out := &Growth{step: step, services: map[string]*increments{}, exceptions: map[string]*increments{}}
	if g == nil {
		return out
	}
	for name, i := range g.services {
		if step-i.newest < GrowthSteps {
			out.services[name] = i
		}
	}
	for id, i := range g.exceptions {
		if step-i.newest < GrowthSteps {
			out.exceptions[id] = i
		}
	}
	return out
}

// add notes that an exception was counted. What was handed out is copied, not changed.
func (g *Growth) add(service, id string, n uint64) {
	g.services[service] = g.services[service].plus(g.step, n)
	g.exceptions[id] = g.exceptions[id].plus(g.step, n)
}

// increments are [Increments] up to the newest step in which there was one, so that
// they stay as they are while time goes on. Nil has none.
type increments struct {
	newest int64
	counts Increments
}

// at returns the increments up to a step that is not before the newest.
func (i *increments) at(step int64) Increments {
	var out Increments
	if i == nil {
		return out
	}
	if shift := step - i.newest; shift < GrowthSteps {
		copy(out[:], i.counts[shift:])
	}
	return out
}

func (i *increments) plus(step int64, n uint64) *increments {
	out := &increments{newest: step, counts: i.at(step)}
	last := &out.counts[GrowthSteps-1]
	*last = uint32(min(uint64(*last)+n, math.MaxUint32))
	return out
}
