package limit_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/limit"
)

// TestSlots has somebody who holds the only place for ever: it gives it up when it has had
// its time and another one waits.
func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limit.NewSlots(1, 2*time.Second)
		start := time.Now()
		slow, giveUp := context.WithCancelCause(t.Context())
		leave, err := l.Enter(slow, giveUp)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-slow.Done()
			leave()
		}()
		time.Sleep(time.Minute)
		if slow.Err() != nil {
			t.Fatal("it had to leave although nobody waited")
		}
		next, giveUpNext := context.WithCancelCause(t.Context())
		leaveNext, err := l.Enter(next, giveUpNext)
		if err != nil {
			t.Fatal(err)
		}
		if !errors.Is(context.Cause(slow), limit.ErrTooSlow) || time.Since(start) != time.Minute {
			t.Errorf("got the place after %s, and the other one left for %v", time.Since(start), context.Cause(slow))
		}
		entered := make(chan func())
		go func() {
			leave, err := l.Enter(t.Context(), func(error) {})
			if err != nil {
				t.Error(err)
			}
			entered <- leave
		}()
		synctest.Wait()
		if next.Err() != nil {
			t.Error("it had to leave before its time")
		}
		go func() {
			<-next.Done()
			leaveNext()
		}()
		(<-entered)()
		if got := time.Since(start); got != time.Minute+2*time.Second {
			t.Errorf("the third got the place after %s, want when the second had had its time", got)
		}
	})
}

// TestSlotsGivenUp has somebody stop waiting.
func TestSlotsGivenUp(t *testing.T) {
	l := limit.NewSlots(1, time.Hour)
	leave, err := l.Enter(t.Context(), func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Enter(ctx, func(error) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of the context", err)
	}
	leave()
	leave, err = l.Enter(t.Context(), func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	leave()
}
