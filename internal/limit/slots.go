package limit

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrTooSlow is why somebody has to give up a place on a [Slots].
var ErrTooSlow = errors.New("others waited for too long")

// A Slots lets a few at a time hold what is large, in the order in which they come. Who has
// held it for long has to give it up as soon as others wait: nobody who is slow, or stands
// still, keeps it from all others.
type Slots struct {
	most  time.Duration
	slots chan struct{}

	mu      sync.Mutex // guards the rest
	waiting int
	holders map[*holder]struct{}
}

// A holder has a place on a lane.
type holder struct {
	giveUp context.CancelCauseFunc
	// overdue is set when it has held its place for long enough.
	overdue bool
	timer   *time.Timer
}

// NewSlots returns a lane for n at a time, each of which may hold its place for so long
// while others wait.
func NewSlots(n int, most time.Duration) *Slots {
	return &Slots{most: most, slots: make(chan struct{}, n), holders: map[*holder]struct{}{}}
}

// Enter waits for a place, and returns what leaves it again. The error is that of ctx.
// GiveUp is called, with ErrTooSlow, when the place has to be left early.
func (l *Slots) Enter(ctx context.Context, giveUp context.CancelCauseFunc) (leave func(), err error) {
	select {
	case l.slots <- struct{}{}:
	default:
		if err := l.wait(ctx); err != nil {
			return nil, err
		}
	}
	h := &holder{giveUp: giveUp}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holders[h] = struct{}{}
	h.timer = time.AfterFunc(l.most, func() { l.expire(h) })
	return func() { l.leave(h) }, nil
}

func (l *Slots) wait(ctx context.Context) error {
	l.mu.Lock()
	l.waiting++
	for h := range l.holders {
		if h.overdue {
			h.giveUp(ErrTooSlow)
		}
	}
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.waiting--
	}()
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// expire has the holder give up its place, now or when somebody waits for it.
func (l *Slots) expire(h *holder) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.overdue = true; l.waiting > 0 {
		h.giveUp(ErrTooSlow)
	}
}

func (l *Slots) leave(h *holder) {
	h.timer.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.holders, h)
	<-l.slots
}
