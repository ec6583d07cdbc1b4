package limit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/limit"
)

func patient(error) {}

func TestBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := limit.NewBytes(100, time.Second)
		free, err := b.Acquire(t.Context(), "a", 60, patient)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Acquire(t.Context(), "b", 50, patient); !errors.Is(err, limit.ErrBusy) {
			t.Errorf("beyond the bound: got %v, want ErrBusy", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := b.Acquire(ctx, "b", 50, patient); !errors.Is(err, context.Canceled) {
			t.Errorf("given up: got %v, want the error of the context", err)
		}
		got := make(chan error)
		go func() {
			free, err := b.Acquire(t.Context(), "b", 1000, patient)
			if err == nil {
				free()
			}
			got <- err
		}()
		synctest.Wait()
		free()
		if err := <-got; err != nil {
			t.Errorf("more than there ever is: got %v, want all of it", err)
		}
		if free, err = b.Acquire(t.Context(), "a", 100, patient); err != nil {
			t.Fatalf("afterwards: %v", err)
		}
		free()
	})
}

// TestBytesGiveWay has one client hold all there is again and again, and read nothing: another
// one gets its part within seconds.
func TestBytesGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 64 << 20
		b := limit.NewBytes(size, 10*time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		var slow sync.WaitGroup
		for range 50 {
			slow.Go(func() {
				for ctx.Err() == nil {
					held, giveUp := context.WithCancelCause(ctx)
					free, err := b.Acquire(held, "slow", size, giveUp)
					if err == nil {
						<-held.Done() // until it is made to
						free()
					}
					giveUp(nil)
				}
			})
		}
		synctest.Wait()
		for _, n := range []int64{100, size} {
			time.Sleep(time.Minute)
			start := time.Now()
			free, err := b.Acquire(t.Context(), "good", n, func(error) { t.Error("the good one had to give up") })
			if took := time.Since(start); err != nil || took > 7*time.Second {
				t.Errorf("%d bytes: got %v after %s, want them within 7s", n, err, took)
			}
			if err == nil {
				free()
			}
		}
		cancel()
		slow.Wait()
	})
}

// TestBytesShares has one client ask for many parts: what it may not have is for others, at once.
func TestBytesShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := limit.NewBytes(100, time.Second)
		for i := range 10 {
			free, err := b.Acquire(t.Context(), "2001:db8::/64", 25, patient)
			if (err == nil) != (i < 3) {
				t.Fatalf("the part %d of 25: got %v", i, err)
			}
			if err == nil {
				defer free()
			}
		}
		start := time.Now()
		free, err := b.Acquire(t.Context(), "other", 25, patient)
		if err != nil || time.Since(start) > 0 {
			t.Fatalf("another client: got %v after %s", err, time.Since(start))
		}
		free()
	})
}

func TestClient(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1", "[::ffff:192.0.2.1]:80": "::ffff:192.0.2.1", "[2001:db8:1:2:3::4]:80": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80": "fe80::/64", "@": "@", "": "", "host:1": "host",
	} {
		if got := limit.Client(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}
