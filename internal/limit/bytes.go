package limit

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/semaphore"
)

// ErrBusy is returned when there was no room for what somebody wants to hold, for as long
// as it may wait.
var ErrBusy = errors.New("too much is under way")

// Bytes bound how much is held at once. Those who want some get it in the order in which
// they ask, so that those who want much are not passed over for ever.
type Bytes struct {
	size     int64
	patience time.Duration
	slots    *semaphore.Weighted
}

// NewBytes returns a bound of so many bytes, for which nobody waits longer than that.
func NewBytes(size int64, patience time.Duration) *Bytes {
	return &Bytes{size: size, patience: patience, slots: semaphore.NewWeighted(size)}
}

// Acquire waits until there is room for n bytes, or for all that there may be if that is
// less, and returns what gives the room back. The error is ErrBusy, or that of ctx.
func (b *Bytes) Acquire(ctx context.Context, n int64) (release func(), err error) {
	n = min(n, b.size)
	waiting, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	// Where there is room, nobody is refused because the wait was short and the machine slow.
	if b.slots.TryAcquire(n) || b.slots.Acquire(waiting, n) == nil {
		return func() {
			Collect(n)
			b.slots.Release(n)
		}, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, ErrBusy
}
