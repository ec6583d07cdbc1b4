package export

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/merge"
)

const (
	// maxBatch is how many records go into one request, and maxBatchSize how many bytes of
	// text at about: with what is around it, less than the 4 MB that gRPC takes by default.
	maxBatch     = 500
	maxBatchSize = 1 << 20
	// linger is how long to wait for more, so that few requests are made when little happens.
	linger = time.Second
	// firstPause is how long to wait after a request that failed; it doubles up to longestPause.
	firstPause   = time.Second
	longestPause = time.Minute
	// caution is for how long no more is sent at a time than was not too much.
	caution = 10 * time.Minute
)

// Options of an [Exporter].
type Options struct {
	// Dir is where the queue is kept. It is made when something is exported. Empty keeps it in
	// memory.
	Dir string
	// UserAgent is what this program calls itself.
	UserAgent string
	// Registerer is given the exporter's own metrics. Nil registers none.
	Registerer prometheus.Registerer
	// Logger defaults to none.
	Logger *slog.Logger
	// Now defaults to time.Now.
	Now func() time.Time
}

// An Exporter is a merge.ExportQueue whose occurrences are sent. Its other methods are safe for
// concurrent use.
type Exporter struct {
	options Options
	metrics *metrics
	// changed has an element when there are other settings.
	changed chan struct{}

	mu       sync.Mutex // guards the rest
	settings Settings
	next     client // made of the settings, and not in use yet
	queue    *queue // nil until something is exported
	status   Status
}

// A Status says how exporting goes.
type Status struct {
	// Configured is set when there is where to send to, which is URL.
	Configured bool
	URL        string
	// Records wait in the queue, in so many bytes, the oldest since Oldest.
	Records int
	Bytes   int64
	Oldest  time.Time
	// Sent, Failed and Dropped count records since the start of the program.
	Sent, Failed, Dropped uint64
	// SentAt is when records were taken last; zero for never.
	SentAt time.Time
	// Err is why the last request failed, or why the queue cannot be written; nil if all is
	// well.
	Err error
}

// New returns an exporter that exports nothing before it is configured.
func New(o Options) *Exporter {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	e := &Exporter{options: o, changed: make(chan struct{}, 1)}
	e.metrics = newMetrics(o.Registerer, e)
	return e
}

// Configure replaces the settings. When it returns an error, they stay as they were.
func (e *Exporter) Configure(s Settings) error {
	var next client
	if s.URL != nil {
		var err error
		if next, err = s.newClient(e.options.UserAgent); err != nil {
			return fmt.Errorf("export.otlp: %w", err)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.next != nil {
		e.next.close()
	}
	e.settings, e.next = s, next
	e.status.Configured, e.status.URL, e.status.Err = s.URL != nil, "", nil
	if s.URL != nil {
		e.status.URL = redact.Hide(s.URL.String())
		if err := e.open(); err != nil {
			return err
		}
	}
	select {
	case e.changed <- struct{}{}:
	default:
	}
	return nil
}

// open opens the queue if that was not done. The caller holds mu.
func (e *Exporter) open() error {
	if e.queue != nil {
		e.queue.setSize(e.settings.QueueSize)
		return nil
	}
	q, err := openQueue(e.options.Dir, e.settings.QueueSize, e.options.Now, e.options.Logger, e.dropped)
	e.queue = q
	return err
}

// opened returns the queue, nil if nothing was ever exported.
func (e *Exporter) opened() *queue {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.queue
}

// Resume implements merge.ExportQueue.
func (e *Exporter) Resume(last uint64) {
	if q := e.opened(); q != nil {
		q.resumeAfter(last)
	}
}

// Put implements merge.ExportQueue.
func (e *Exporter) Put(items []merge.ExportItem, lost int) {
	if q := e.opened(); q != nil {
		q.put(items, lost)
	}
}

// Sync implements merge.ExportQueue.
func (e *Exporter) Sync() {
	if q := e.opened(); q != nil {
		q.sync()
	}
}

// dropped counts records that were given up.
func (e *Exporter) dropped(records int) {
	e.metrics.dropped.Add(float64(records))
	e.options.Logger.Warn("occurrences were given up before they were exported: the queue is full, or they waited for too long", "records", records)
}

// Status returns how exporting goes.
func (e *Exporter) Status() Status {
	e.mu.Lock()
	s, q := e.status, e.queue
	e.mu.Unlock()
	s.Sent, s.Failed, s.Dropped = count(e.metrics.sent), count(e.metrics.failed), count(e.metrics.dropped)
	if q == nil {
		return s
	}
	var err error
	if s.Records, s.Bytes, s.Oldest, err = q.status(); s.Err == nil {
		s.Err = err
	}
	return s
}

// Run sends what is put, until the context is cancelled. A request that is under way then is waited
// for, so that what it sends is not sent again at the next start.
func (e *Exporter) Run(ctx context.Context) error {
	s := sender{exporter: e, most: maxBatch, limit: maxBatch}
	defer s.close()
	sending, cancel := outlive(ctx, lastRequest)
	defer cancel()
	for ctx.Err() == nil {
		s.applySettings()
		if s.client == nil {
			e.wait(ctx, nil, -1)
			continue
		}
		q := e.opened()
		batch := q.next(s.limit, maxBatchSize)
		if len(batch) == 0 {
			e.wait(ctx, q.ready, -1)
			e.wait(ctx, nil, linger)
			continue
		}
		e.wait(ctx, nil, s.deliver(sending, q, batch))
	}
	return nil
}

// lastRequest is how long a request may take that is under way when the program ends.
const lastRequest = 10 * time.Second

// outlive returns a context that is cancelled so much later than ctx.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	timer := time.AfterFunc(time.Hour, cancel)
	timer.Stop()
	stop := context.AfterFunc(ctx, func() { timer.Reset(by) })
	return longer, func() {
		stop()
		timer.Stop()
		cancel()
	}
}

// wait waits for a time, for ever if it is below zero, for ready, or for other settings.
func (e *Exporter) wait(ctx context.Context, ready <-chan struct{}, pause time.Duration) {
	if pause == 0 {
		return
	}
	var elapsed <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		elapsed = timer.C
	}
	select {
	case <-ctx.Done():
	case <-ready:
	case <-elapsed:
	case <-e.changed:
		e.signal()
	}
}

// signal tells once more that there are other settings, for who looks at that next.
func (e *Exporter) signal() {
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

// A sender sends batches of the queue. Only the goroutine of Run uses it.
type sender struct {
	exporter *Exporter
	client   client
	age      time.Duration
	// limit is how many records are sent at a time now, and most how many may be, until
	// limitHeldUntil.
	limit, most    int
	limitHeldUntil time.Time
	// failures is how many requests in a row have failed.
	failures      int
	refusalLogged bool // that records were refused
}

func (s *sender) close() {
	if s.client != nil {
		s.client.close()
	}
}

// applySettings takes new settings if there are any.
func (s *sender) applySettings() {
	e := s.exporter
	select {
	case <-e.changed:
	default:
		return
	}
	e.mu.Lock()
	next, age := e.next, e.settings.QueueAge
	e.next = nil
	e.mu.Unlock()
	s.close()
	s.client, s.age, s.failures, s.limit, s.most, s.refusalLogged = next, age, 0, maxBatch, maxBatch, false
}

// deliver sends a batch and returns for how long to wait then.
func (s *sender) deliver(ctx context.Context, q *queue, batch []entry) time.Duration {
	e, now := s.exporter, s.exporter.options.Now()
	if n := s.expired(batch, now); n > 0 {
		e.dropped(q.ack(&batch[n-1]))
		return 0
	}
	out := s.client.send(ctx, batch)
	last := &batch[len(batch)-1]
	switch out.kind {
	case taken:
		n := q.ack(last)
		rejected := min(out.rejected, n)
		e.metrics.sent.Add(float64(n - rejected))
		s.succeeded(now)
		if rejected > 0 {
			s.failed(rejected, out.err)
		}
		return 0
	case smaller, refused:
		e.metrics.requests.Inc()
		if len(batch) > 1 {
			s.limit = len(batch) / 2
			if out.kind == smaller {
				s.holdLimit(now)
			}
			return 0
		}
		s.failed(q.ack(last), out.err)
		return 0
	case tooMuch:
		s.limit = max(len(batch)/2, 1)
		s.holdLimit(now)
	case again:
		if out.late {
			s.limit = max(len(batch)/2, 1)
		}
	}
	e.metrics.requests.Inc()
	return s.pause(out)
}

// holdLimit sends no more at a time than now, for a while.
func (s *sender) holdLimit(now time.Time) { s.most, s.limitHeldUntil = s.limit, now.Add(caution) }

// expired returns how many of the batch have waited for too long. The oldest are the first.
func (s *sender) expired(batch []entry, now time.Time) int {
	n := 0
	for n < len(batch) && now.Sub(batch[n].at) > s.age {
		n++
	}
	return n
}

// succeeded notes that a request was taken.
func (s *sender) succeeded(now time.Time) {
	e := s.exporter
	if s.failures > 0 {
		e.options.Logger.Info("occurrences are exported again")
	}
	s.failures = 0
	if now.After(s.limitHeldUntil) {
		s.most = maxBatch
	}
	s.limit = min(2*s.limit, s.most)
	e.setErr(nil, now)
}

// failed counts records that the other side does not want.
func (s *sender) failed(records int, err error) {
	e := s.exporter
	e.metrics.failed.Add(float64(records))
	if !s.refusalLogged {
		s.refusalLogged = true
		e.options.Logger.Error("exported occurrences were refused, and are not sent again; this is logged once, the metric counts", "records", records, "err", err)
	}
	e.setErr(err, time.Time{})
}

// pause notes that a request failed, and returns how long to wait.
func (s *sender) pause(out outcome) time.Duration {
	e := s.exporter
	if s.failures == 0 {
		e.options.Logger.Warn("occurrences cannot be exported, it is tried again", "err", out.err)
	}
	e.setErr(out.err, time.Time{})
	pause := min(firstPause<<min(s.failures, 10), longestPause)
	s.failures++
	pause += time.Duration(rand.Int64N(int64(pause) / 4)) // so that many do not come together
	return max(pause, out.after)
}

// setErr notes what came of the last request, and when it was taken.
func (e *Exporter) setErr(err error, sent time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status.Err = err
	if !sent.IsZero() {
		e.status.SentAt = sent
	}
}
