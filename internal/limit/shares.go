package limit

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Shares bound how much each client may have of something, so that none can have all of it.
type shares struct {
	size int64 // that one client may have
	most int   // how many of one client may have some, or wait

	mu sync.Mutex // guards the rest
	// clients are those that have a part, or wait for one.
	clients map[string]*share
}

// A share is what one client has.
type share struct {
	*semaphore.Weighted
	turns turns
	users int // guarded by shares.mu
}

// part is what one client may have of so much: what is left is for others.
func part(size int64) int64 { return size - size/4 }

// newShares returns the shares of so much, for which so many may wait.
func newShares(size, waiting int64) *shares {
	return &shares{size: part(size), most: int(part(size + waiting)), clients: map[string]*share{}}
}

// acquire waits until the client may have n more, or all that it may have if that is less, and
// returns what gives it back. Others of the same client that hold some too long give way. The
// error is that of ctx, or ErrBusy when too many of it wait.
func (s *shares) acquire(ctx context.Context, client string, n int64) (own *share, release func(), err error) {
	n = min(n, s.size)
	if own = s.enter(client); own == nil {
		return nil, nil, ErrBusy
	}
	if err := own.wait(ctx, n); err != nil {
		s.leave(client, own)
		return nil, nil, err
	}
	return own, func() {
		own.Release(n)
		s.leave(client, own)
	}, nil
}

func (s *share) wait(ctx context.Context, n int64) error {
	if s.TryAcquire(n) {
		return nil
	}
	defer s.turns.wait()()
	return s.Acquire(ctx, n)
}

// tryAcquire is acquire of one that does not wait, and reports whether it has it.
func (s *shares) tryAcquire(client string) (release func(), ok bool) {
	own := s.enter(client)
	if own == nil {
		return nil, false
	}
	if !own.TryAcquire(1) {
		s.leave(client, own)
		return nil, false
	}
	return func() {
		own.Release(1)
		s.leave(client, own)
	}, true
}

// enter returns the share of the client, nil when too many of it have some, or wait.
func (s *shares) enter(client string) *share {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.clients[client]
	if own == nil {
		own = &share{Weighted: semaphore.NewWeighted(s.size)}
		s.clients[client] = own
	}
	if own.users >= s.most {
		return nil
	}
	own.users++
	return own
}

func (s *shares) leave(client string, own *share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own.users--; own.users == 0 {
		delete(s.clients, client)
	}
}

// Client returns what tells clients apart by their addresses. One that has an address of version
// 6 has 2^64 of them.
func Client(remoteAddr string) string {
	host, _, err := net.SplitHostPort(remoteAddr)
	if err != nil {
		return remoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Unmap().Is4() {
		return host
	}
	const network = 64
	prefix, err := addr.WithZone("").Prefix(network)
	if err != nil {
		return host
	}
	return prefix.String()
}
