package limit_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/limit"
)

func TestBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := limit.NewBytes(100, time.Second)
		free, err := b.Acquire(t.Context(), 60)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Acquire(t.Context(), 50); !errors.Is(err, limit.ErrBusy) {
			t.Errorf("beyond the bound: got %v, want ErrBusy", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := b.Acquire(ctx, 50); !errors.Is(err, context.Canceled) {
			t.Errorf("given up: got %v, want the error of the context", err)
		}
		got := make(chan error)
		go func() {
			free, err := b.Acquire(t.Context(), 1000)
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
		if free, err = b.Acquire(t.Context(), 100); err != nil {
			t.Fatalf("afterwards: %v", err)
		}
		free()
	})
}
