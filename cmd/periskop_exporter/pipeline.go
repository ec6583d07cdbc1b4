package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// endTimeout is how long the pipeline may take to end, beside the requests that are under way:
// together less than the 30 seconds that Kubernetes gives. What targets told is in the journal
// by then, so that nothing is lost with what does not end.
const endTimeout = 15 * time.Second

// A pipeline is the parts that run beside the server and end after it.
type pipeline struct {
	ctx   context.Context
	stop  context.CancelFunc
	parts errgroup.Group

	mu      sync.Mutex // guards running
	running map[string]bool
}

func newPipeline(ctx context.Context) *pipeline {
	p := &pipeline{running: map[string]bool{}}
	p.ctx, p.stop = context.WithCancel(ctx)
	return p
}

// start runs a part until the pipeline ends.
func (p *pipeline) start(name string, run func(context.Context) error) {
	p.set(name, true)
	p.parts.Go(func() error {
		defer p.set(name, false)
		return run(p.ctx)
	})
}

func (p *pipeline) set(name string, running bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if running {
		p.running[name] = true
	} else {
		delete(p.running, name)
	}
}

// end stops all parts, and has last done when they have ended. It waits for that no longer than
// it may take, and names what has not ended by then.
func (p *pipeline) end(within time.Duration, name string, last func() error) error {
	p.set(name, true)
	p.stop()
	done := make(chan error, 1)
	go func() {
		err := p.parts.Wait()
		done <- errors.Join(err, last())
	}()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		p.mu.Lock()
		defer p.mu.Unlock()
		return fmt.Errorf("did not end within %s: %s", within, strings.Join(slices.Sorted(maps.Keys(p.running)), ", "))
	}
}
