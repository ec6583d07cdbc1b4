package limit

import (
	"context"
	"time"
)

// A Slots lets a few at a time hold what is large, in the order in which they come. Who has
// held it for long has to give it up as soon as others wait.
type Slots struct {
	most  time.Duration
	slots chan struct{}
	turns turns
}

// NewSlots returns n places, each of which one may hold for so long while others wait.
func NewSlots(n int, most time.Duration) *Slots {
	return &Slots{most: most, slots: make(chan struct{}, n)}
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
	done := s.turns.hold(s.most, giveUp)
	return func() {
		done()
		<-s.slots
	}, nil
}

func (s *Slots) wait(ctx context.Context) error {
	defer s.turns.wait()()
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
