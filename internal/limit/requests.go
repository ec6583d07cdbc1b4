package limit

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// RequestOptions say how many requests of one kind there may be.
type RequestOptions struct {
	// AtOnce is how many are answered at a time. Required.
	AtOnce int
	// Waiting is how many more may wait for that, and MaxWait for how long each. The others
	// are refused.
	Waiting int
	MaxWait time.Duration
	// Refused is told of each that is. Nil tells nobody.
	Refused func()
}

// Requests bounds the requests of one kind. They are answered in the order in which they
// come, and no client has all places at a time.
type Requests struct {
	options RequestOptions
	slots   *semaphore.Weighted
	shares  *shares
	waiting atomic.Int64
}

// NewRequests returns the bound.
func NewRequests(o RequestOptions) *Requests {
	return &Requests{options: o, slots: semaphore.NewWeighted(int64(o.AtOnce)), shares: newShares(int64(o.AtOnce), int64(o.Waiting))}
}

// Handler answers with next as long as that is within the bound, together with all other
// handlers of the same bound, and with the status 503 and when to come again otherwise.
func (r *Requests) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		leave, ok := r.enter(req)
		if !ok {
			r.refuse(w, req)
			return
		}
		defer leave()
		next.ServeHTTP(w, req)
	})
}

// enter waits for a place, and returns what leaves it again.
func (r *Requests) enter(req *http.Request) (leave func(), ok bool) {
	client := Client(req.RemoteAddr)
	release, ok := r.shares.tryAcquire(client)
	if ok && r.slots.TryAcquire(1) {
		return func() { r.slots.Release(1); release() }, true
	}
	defer r.waiting.Add(-1)
	waits := r.waiting.Add(1) <= int64(r.options.Waiting)
	ctx, cancel := context.WithTimeout(req.Context(), r.options.MaxWait)
	defer cancel()
	if waits && !ok {
		var err error
		_, release, err = r.shares.acquire(ctx, client, 1)
		ok = err == nil
	}
	if waits && ok && r.slots.Acquire(ctx, 1) == nil {
		return func() { r.slots.Release(1); release() }, true
	}
	if ok {
		release()
	}
	return nil, false
}

func (r *Requests) refuse(w http.ResponseWriter, req *http.Request) {
	if req.Context().Err() != nil {
		return // it was given up by who sent it
	}
	if r.options.Refused != nil {
		r.options.Refused()
	}
	Busy(w)
}

// Busy answers that there is too much to do.
func Busy(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, "too many requests of this kind are under way; try again in a few seconds", http.StatusServiceUnavailable)
}
