package limit

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrTooSlow is why somebody had to give up what he held.
var ErrTooSlow = errors.New("others waited for too long")

// Turns have who has held something for long give it up as soon as others wait: nobody who is
// slow, or stands still, keeps it from all others.
type turns struct {
	mu      sync.Mutex // guards the rest
	waiting int
	holders map[*holder]struct{}
}

// A holder has something that others may wait for.
type holder struct {
	giveUp context.CancelCauseFunc
	// overdue is set when he has held it for long enough.
	overdue bool
	timer   *time.Timer
}

// wait notes that somebody waits, until done is called.
func (t *turns) wait() (done func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting++
	for h := range t.holders {
		if h.overdue {
			h.giveUp(ErrTooSlow)
		}
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.waiting--
	}
}

// hold notes that somebody holds something, which he may for so long while others wait, until
// done is called. GiveUp is called, with ErrTooSlow, when he has to give it up.
func (t *turns) hold(most time.Duration, giveUp context.CancelCauseFunc) (done func()) {
	h := &holder{giveUp: giveUp}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.holders == nil {
		t.holders = map[*holder]struct{}{}
	}
	t.holders[h] = struct{}{}
	h.timer = time.AfterFunc(most, func() { t.expire(h) })
	return func() {
		h.timer.Stop()
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.holders, h)
	}
}

// expire has the holder give up, now or when somebody waits.
func (t *turns) expire(h *holder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h.overdue = true; t.waiting > 0 {
		h.giveUp(ErrTooSlow)
	}
}
