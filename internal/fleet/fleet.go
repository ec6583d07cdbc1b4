package fleet

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Options are the settings of a [Fleet]. The zero value will do.
type Options struct {
	// Seed makes the UUIDs repeatable.
	Seed uint64
	// Now is the right time, from which the clocks of single processes can
	// differ; nil means time.Now.
	Now func() time.Time
}

// A Fleet makes processes and servers and knows the truth about them. It is safe for
// concurrent use.
type Fleet struct {
	seed uint64
	now  func() time.Time

	mu      sync.Mutex // guards the rest
	truths  []*processTruth
	servers []*Server
}

// New returns an empty fleet.
func New(o Options) *Fleet {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Fleet{seed: o.Seed, now: o.Now}
}

// Start begins the life of a process.
func (f *Fleet) Start(o ProcessOptions) *Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := newProcess(o, f.now, rand.New(rand.NewPCG(f.seed, uint64(len(f.truths)))))
	f.truths = append(f.truths, p.truth)
	return p
}

// Restart ends the process and begins another one with the same options, without its
// counts and, unless the options name one, with a new UUID.
func (f *Fleet) Restart(p *Process) *Process {
	p.Stop()
	return f.Start(p.options)
}

// Serve returns a server that listens on a free port of 127.0.0.1. The fleet closes
// it.
func (f *Fleet) Serve(h http.Handler) (*Server, error) {
	s := NewServer(h)
	if _, err := s.Listen(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.servers = append(f.servers, s)
	return s, nil
}

// Truth returns what is true of every epoch of the fleet, in the order in which the
// processes were started and the keys first raised. What was reported is what was
// reported on one of the addresses, or on any address when none is given: two
// scrapers that are given an address each learn different things.
func (f *Fleet) Truth(addresses ...string) Truth {
	f.mu.Lock()
	truths := f.truths[:len(f.truths):len(f.truths)]
	f.mu.Unlock()
	var list Truth
	for _, t := range truths {
		list = t.appendTo(list, addresses)
	}
	return list
}

// Close closes all servers. The truth remains.
func (f *Fleet) Close() error {
	f.mu.Lock()
	servers := f.servers
	f.servers = nil
	f.mu.Unlock()
	var errs []error
	for _, s := range servers {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
