package peers

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// A report that a process pushes reaches one replica, which passes it on to the others. Of what waits
// for a peer, only the newest report of a process is kept: its totals comprise those before.

const (
	// maxWaiting is how many bytes of reports wait for peers, compressed, those that are coming in
	// just now included: as many as those of a hundred thousand keys have.
	maxWaiting = 32 << 20
	// smallReport is how much of a report is kept as it is, since most are smaller: a compressor
	// takes more.
	smallReport = 64 << 10
	// mostWait is how long a push waits for peers that were there just now.
	mostWait = time.Second
)

// A Report is what a process pushed.
type Report struct {
	Service, Host string
	// Process is what it calls itself; what has none is known by its host.
	Process string
	// Received is when it came.
	Received time.Time
	copy     *Copy
}

// key is the same for reports of which the later one makes up for the earlier.
func (r *Report) key() string {
	if r.Process != "" {
		return r.Service + "\x00" + r.Process
	}
	return r.Service + "\x00\x00" + r.Host
}

// A Copy is made of a report while it is read.
type Copy struct {
	x          *Exchange
	buffer     bytes.Buffer
	compressor *gzip.Writer // nil for one that is small
	held       int          // bytes that are reserved
	lost       bool         // it was past the budget
	holders    int          // peers that it waits for; guarded by Exchange.holdersMu
}

// Copy returns a reader of the body, and the copy that is made meanwhile; nil when there is nobody to
// pass it on to. The copy has to be given to [Exchange.Forward], or released.
func (x *Exchange) Copy(body io.Reader) (io.Reader, *Copy) {
	if len(x.others()) == 0 {
		return body, nil
	}
	c := &Copy{x: x}
	return io.TeeReader(body, c), c
}

// Write takes what was read. It never fails: a report is not refused because its copy is past
// the budget.
func (c *Copy) Write(p []byte) (int, error) {
	if c.lost {
		return len(p), nil
	}
	if c.compressor == nil && c.buffer.Len()+len(p) > smallReport {
		small := bytes.Clone(c.buffer.Bytes())
		c.buffer.Reset()
		c.compressor, _ = gzip.NewWriterLevel(&c.buffer, gzip.BestSpeed) // which is a level
		_, _ = c.compressor.Write(small)                                 // into memory
	}
	if c.compressor != nil {
		_, _ = c.compressor.Write(p)
	} else {
		c.buffer.Write(p)
	}
	c.reserve()
	return len(p), nil
}

// reserve takes the bytes of the copy out of the budget, or gives the copy up.
func (c *Copy) reserve() {
	if more := c.buffer.Cap() - c.held; more > 0 && !c.lost {
		if c.x.budget.reserve(more) {
			c.held += more
		} else {
			c.lose()
		}
	}
}

func (c *Copy) lose() {
	c.lost = true
	c.Release()
}

// Release gives the bytes back to the budget. Nil has none.
func (c *Copy) Release() {
	if c == nil {
		return
	}
	c.x.budget.release(c.held)
	c.held, c.buffer, c.compressor = 0, bytes.Buffer{}, nil
}

// end completes the copy, and reports whether there is one.
func (c *Copy) end() bool {
	if c.compressor != nil && !c.lost {
		_ = c.compressor.Close() // into memory
		c.reserve()
	}
	return !c.lost
}

// A byteBudget bounds the bytes of the reports that wait for peers.
type byteBudget struct {
	mu   sync.Mutex // guards used
	used int
	// evict gives up what waits for longest; false when nothing waits. It is called without mu.
	evict func() bool
}

// reserve takes n bytes, and reports whether the budget allows them.
func (b *byteBudget) reserve(n int) bool {
	for {
		b.mu.Lock()
		if b.used+n <= maxWaiting {
			b.used += n
			b.mu.Unlock()
			return true
		}
		b.mu.Unlock()
		if !b.evict() {
			return false
		}
	}
}

func (b *byteBudget) release(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}

// others returns the peers that are not known to be this exporter itself.
func (x *Exchange) others() []*peer {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(x.peers), func(p *peer) bool { return p.currentStatus().Self })
}

// Forward passes a report on to all peers. It waits for a moment for those that were there just now;
// for the others, and for those that do not answer, the report waits.
func (x *Exchange) Forward(ctx context.Context, r Report, c *Copy) {
	if c == nil {
		return
	}
	others := x.others()
	if !c.end() || len(others) == 0 {
		c.Release()
		x.metrics.pushes.WithLabelValues(resultDropped).Add(float64(len(others)))
		return
	}
	r.copy, c.holders = c, len(others)
	awaited := make(chan struct{}, len(others))
	n := 0
	for _, p := range others {
		var tried chan<- struct{}
		if s := p.currentStatus(); s.Err == nil && !s.At.IsZero() && p.queue.isHealthy() {
			tried = awaited
			n++
		}
		p.queue.put(&queuedReport{Report: r, tried: tried})
	}
	timer := time.NewTimer(mostWait)
	defer timer.Stop()
	for ; n > 0; n-- {
		select {
		case <-awaited:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// The results of passing on, as values of the label result.
const (
	resultSent    = "sent"
	resultFailed  = "failed"
	resultDropped = "dropped"
)

// A queuedReport is a report in the queue of one peer.
type queuedReport struct {
	Report
	tried chan<- struct{} // gets one element, after the first attempt; nil for nobody
}

func (r *queuedReport) signalTried() {
	if r.tried != nil {
		r.tried <- struct{}{} // there is room for each
		r.tried = nil
	}
}

// A queue has the reports that wait for one peer.
type queue struct {
	x     *Exchange
	ready chan struct{} // of capacity 1

	mu     sync.Mutex // guards the rest
	list   []*queuedReport
	closed bool
	// stuck is set from an attempt that failed until one succeeds.
	stuck bool
}

// isHealthy reports whether the last attempt succeeded, if there was one.
func (q *queue) isHealthy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.stuck
}

// recordAttempt notes how an attempt ended. Nobody waits for a queue that is stuck.
func (q *queue) recordAttempt(stuck bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stuck = stuck
	for _, r := range q.list {
		if stuck {
			r.signalTried()
		}
	}
}

// put adds a report in place of an older one of the same process.
func (q *queue) put(r *queuedReport) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.IndexFunc(q.list, func(o *queuedReport) bool { return o.key() == r.key() }); i >= 0 {
		if q.list[i].Received.After(r.Received) {
			q.discard(r)
			return
		}
		q.discard(q.list[i])
		q.list = slices.Delete(q.list, i, i+1)
		q.x.metrics.waiting.Dec()
	}
	if q.closed {
		q.x.metrics.pushes.WithLabelValues(resultDropped).Inc()
		q.discard(r)
		return
	}
	q.list = append(q.list, r)
	q.x.metrics.waiting.Inc()
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// discard lets go of a report that is not in the list any more, or never was.
func (q *queue) discard(r *queuedReport) {
	r.signalTried()
	q.x.holdersMu.Lock()
	r.copy.holders--
	last := r.copy.holders == 0
	q.x.holdersMu.Unlock()
	if last {
		r.copy.Release()
	}
}

// take removes the first report, nil when there is none.
func (q *queue) take() *queuedReport {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return nil
	}
	r := q.list[0]
	q.list = slices.Delete(q.list, 0, 1)
	q.x.metrics.waiting.Dec()
	return r
}

// close gives up all that waits: the peer is gone.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	for r := q.take(); r != nil; r = q.take() {
		q.x.metrics.pushes.WithLabelValues(resultDropped).Inc()
		q.discard(r)
	}
}

// evict gives up the report that waits for longest, for whichever peer.
func (x *Exchange) evict() bool {
	x.mu.Lock()
	list := slices.Clone(x.peers)
	x.mu.Unlock()
	var oldest *queue
	var since time.Time
	for _, p := range list {
		p.queue.mu.Lock()
		if len(p.queue.list) > 0 && (oldest == nil || p.queue.list[0].Received.Before(since)) {
			oldest, since = p.queue, p.queue.list[0].Received
		}
		p.queue.mu.Unlock()
	}
	if oldest == nil {
		return false
	}
	if r := oldest.take(); r != nil {
		x.metrics.pushes.WithLabelValues(resultDropped).Inc()
		oldest.discard(r)
	}
	return true
}

// forward sends what waits until ctx ends. What was not taken is sent again after the interval.
func (p *peer) forward(ctx context.Context) {
	defer p.queue.close()
	for {
		r := p.queue.take()
		if r == nil {
			select {
			case <-ctx.Done():
				return
			case <-p.queue.ready:
			}
			continue
		}
		again, err := p.send(ctx, r)
		p.queue.recordAttempt(again)
		switch {
		case err == nil:
			p.metrics.pushes.WithLabelValues(resultSent).Inc()
			p.queue.discard(r)
			continue
		case !again:
			p.logger.Warn("a peer refuses a pushed report that is passed on", "service", r.Service, "err", err)
			p.metrics.pushes.WithLabelValues(resultFailed).Inc()
			p.queue.discard(r)
			continue
		}
		r.signalTried()
		p.queue.put(r)
		select {
		case <-ctx.Done():
			return
		case <-time.After(p.connection.Interval):
		}
	}
}

// send sends a report, and says whether it is to be sent again if that failed.
func (p *peer) send(ctx context.Context, r *queuedReport) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.connection.Timeout)
	defer cancel()
	u, err := url.Parse(p.url)
	if err != nil {
		return false, fmt.Errorf("pass on: %w", err)
	}
	u = &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host, Path: strings.TrimSuffix(strings.TrimRight(u.Path, "/"), names.DecisionsPath) + "/push/" + r.Service + "/errors"}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(r.copy.buffer.Bytes()))
	if err != nil {
		return false, fmt.Errorf("pass on: %w", err)
	}
	req.Header.Set("User-Agent", p.o.UserAgent)
	req.Header.Set("Content-Type", "application/json")
	if r.copy.compressor != nil {
		req.Header.Set("Content-Encoding", "gzip")
	}
	req.Header.Set(names.ForwardedBy, p.o.Process)
	req.Header.Set(names.ForwardedHost, r.Host)
	req.Header.Set(names.ForwardedAge, strconv.FormatFloat(p.o.Now().Sub(r.Received).Seconds(), 'f', 3, 64))
	res, err := p.connection.client.Do(req)
	if err != nil {
		return true, fmt.Errorf("pass on: %w", peeled(err))
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, smallReport) // so that the connection is used again
	if res.StatusCode/100 == 2 {
		return false, nil
	}
	final := res.StatusCode/100 == 4 && res.StatusCode != http.StatusRequestTimeout && res.StatusCode != http.StatusTooManyRequests &&
		res.StatusCode != http.StatusUnauthorized && res.StatusCode != http.StatusForbidden
	return !final, fmt.Errorf("pass on: it answered %s", res.Status)
}

// An Order knows which report of a process is the newest. The zero value knows of none. It is safe for
// concurrent use.
type Order struct {
	mu     sync.Mutex // guards newest
	newest map[string]time.Time
}

// maxOrdered is how many processes an [Order] knows. When there are more, it begins anew.
const maxOrdered = 10_000

// Next reports whether a report is to be taken in: unless it was passed on and a later one of its
// process is in already, from which it would seem to fall.
func (o *Order) Next(r *Report, forwarded bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if forwarded && r.Received.Before(o.newest[r.key()]) {
		return false
	}
	if o.newest == nil || len(o.newest) >= maxOrdered {
		o.newest = map[string]time.Time{}
	}
	o.newest[r.key()] = r.Received
	return true
}
