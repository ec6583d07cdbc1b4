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
// they ask, so that those who want much are not passed over for ever. No client has all of it
// for long: each has a share, and who holds some gives way to others after a while.
type Bytes struct {
	size    int64
	maxWait time.Duration
	slots   *semaphore.Weighted
	shares  *shares
	turns   turns
}

const (
	// leastTurn is for how long one may hold a few bytes while others wait, and leastRate is
	// how many bytes more he may hold for each second on top of that: they come as fast over a
	// network of 128 Mbit/s.
	leastTurn = 2 * time.Second
	leastRate = 16 << 20
)

// NewBytes returns a bound of so many bytes, for which nobody waits longer than that.
func NewBytes(size int64, maxWait time.Duration) *Bytes {
	return &Bytes{size: size, maxWait: maxWait, slots: semaphore.NewWeighted(size), shares: newShares(size, size)}
}

// Acquire waits until there is room for n bytes of the client, or for all that there may be if
// that is less, and returns what gives the room back. GiveUp is called, with ErrTooSlow, when
// that has to be done early. The error is ErrBusy, or that of ctx.
func (b *Bytes) Acquire(ctx context.Context, client string, n int64, giveUp context.CancelCauseFunc) (release func(), err error) {
	n = min(n, b.size)
	waiting, cancel := context.WithTimeout(ctx, b.maxWait)
	defer cancel()
	own, leave, err := b.shares.acquire(waiting, client, n)
	if err == nil {
		if err = b.wait(waiting, n); err != nil {
			leave()
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, ErrBusy
	}
	turn := leastTurn + time.Duration(n)*time.Second/leastRate
	done, doneAmongOwn := b.turns.hold(turn, giveUp), own.turns.hold(turn, giveUp)
	return func() {
		done()
		doneAmongOwn()
		Collect(n)
		b.slots.Release(n)
		leave()
	}, nil
}

// wait waits for room. Where there is some, nobody is refused because the wait was short and the
// machine slow.
func (b *Bytes) wait(ctx context.Context, n int64) error {
	if b.slots.TryAcquire(n) {
		return nil
	}
	defer b.turns.wait()()
	return b.slots.Acquire(ctx, n)
}
