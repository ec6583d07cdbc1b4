package demo

import "time"

// A timeline is what will happen, and when.
type timeline struct {
	events []*event
}

// An event returns the pause after which it happens again; 0 means never.
type event struct {
	at  time.Time
	run func(at time.Time) time.Duration
}

func (t *timeline) add(at time.Time, run func(at time.Time) time.Duration) {
	t.events = append(t.events, &event{at, run})
}

// advance lets everything happen that is due by now, in order: the course of events
// does not depend on how often it is called.
func (t *timeline) advance(now time.Time) {
	for {
		next := t.next()
		if next == nil || next.at.After(now) {
			return
		}
		if pause := next.run(next.at); pause > 0 {
			next.at = next.at.Add(pause)
		} else {
			next.run = nil
		}
	}
}

// next is the earliest event that is still to happen; of two at the same time it is
// the one that was added first. There are a few dozen.
func (t *timeline) next() *event {
	var next *event
	for _, e := range t.events {
		if e.run != nil && (next == nil || e.at.Before(next.at)) {
			next = e
		}
	}
	return next
}
