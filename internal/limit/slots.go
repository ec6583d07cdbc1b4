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

// A holder has one of the places.
type holder struct {
	giveUp context.CancelCauseFunc
	// overdue is set when it has held its place for long enough.
	overdue bool
	timer   *time.Timer
}

// NewSlots returns n places, each of which one may hold for so long while others wait.
func NewSlots(n int, most time.Duration) *Slots {
	return &Slots{most: most, slots: make(chan struct{}, n), holders: map[*holder]struct{}{}}
}

// Enter waits for a place, and returns what leaves it again. The error is that of ctx.
// GiveUp is called, with ErrTooSlow, when the place has to be left early.
func (s *Slots) Enter(ctx context.Context, giveUp context.CancelCauseFunc) (leave func(), err error) {
	select {
	case s.slots <- struct{}{}:
	default:
		if err := s.wait(ctx); err != nil {
			return nil, err
		}
	}
	h := &holder{giveUp: giveUp}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holders[h] = struct{}{}
	h.timer = time.AfterFunc(s.most, func() { s.expire(h) })
	return func() { s.leave(h) }, nil
}

func (s *Slots) wait(ctx context.Context) error {
	s.mu.Lock()
	s.waiting++
	for h := range s.holders {
		if h.overdue {
			h.giveUp(ErrTooSlow)
		}
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waiting--
	}()
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// expire has the holder give up its place, now or when somebody waits for it.
func (s *Slots) expire(h *holder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.overdue = true; s.waiting > 0 {
		h.giveUp(ErrTooSlow)
	}
}

func (s *Slots) leave(h *holder) {
	h.timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.holders, h)
	<-s.slots
}
