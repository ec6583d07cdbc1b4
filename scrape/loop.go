package scrape

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A loop scrapes one target at its pace.
type loop struct {
	pool   *Pool
	key    loopKey
	counts counts
	since  time.Time
	// service and target are replaced as a reload or discovery has it.
	service atomic.Pointer[service]
	target  atomic.Pointer[periskop.Target]
	// retargeted wakes the loop when target has changed.
	retargeted chan struct{}
	cancel     context.CancelFunc // nil before start
	state      atomic.Pointer[state]

	// The rest belongs to the loop's goroutine.

	interval time.Duration    // between the scrapes
	request  *http.Request    // nil before the first scrape
	of       *periskop.Target // the target that request was made for
	// connected says whether the request under way has got a connection.
	connected bool
	known     known
	memory    memoryUse // of the scrape under way
}

// state is what a loop publishes. It does not change.
type state struct {
	scraped   bool
	last      periskop.Scrape
	downSince time.Time
	next      time.Time
}

func newLoop(p *Pool, key loopKey, s *service, t *periskop.Target, c counts) *loop {
	l := &loop{pool: p, key: key, counts: c, since: time.Now(), retargeted: make(chan struct{}, 1)}
	l.service.Store(s)
	l.target.Store(t)
	l.state.Store(&state{})
	return l
}

// startAll starts loops, with the pool's lock held and the pool running.
func startAll(loops []*loop) {
	now := time.Now()
	for _, l := range loops {
		l.start(now, len(loops))
	}
}

// start is called once, for a loop that is one of so many that start together.
func (l *loop) start(now time.Time, together int) {
	ctx, cancel := context.WithCancel(l.pool.ctx)
	l.cancel = cancel
	t := l.target.Load()
	l.interval = t.Interval
	l.state.Store(&state{next: now.Add(firstWait(t, together))})
	l.pool.wg.Go(func() { l.run(ctx) })
}

// stop ends the loop without waiting for it.
func (l *loop) stop() {
	if l.cancel != nil {
		l.cancel()
	}
}

// retarget makes t, which s has found, the target from the next scrape on.
func (l *loop) retarget(s *service, t *periskop.Target) {
	l.service.Store(s)
	if l.target.Swap(t) == t {
		return
	}
	select {
	case l.retargeted <- struct{}{}:
	default: // the loop has not yet seen the previous change, and will see both
	}
}

func (l *loop) health() periskop.TargetHealth {
	st := l.state.Load()
	h := periskop.TargetHealth{Target: l.target.Load(), Since: l.since, DownSince: st.downSince, Next: st.next}
	if st.scraped {
		h.Last = &st.last
	}
	return h
}

func (l *loop) run(ctx context.Context) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { l.connected = true },
	})
	timer := time.NewTimer(time.Until(l.state.Load().next))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.retargeted:
			l.changeInterval(time.Now())
		case <-timer.C:
			l.scrapeAndPublish(ctx)
		}
		timer.Reset(time.Until(l.state.Load().next))
	}
}

// changeInterval sets the next scrape when the current target has another interval than
// before. The first scrape of all stays where it is.
func (l *loop) changeInterval(now time.Time) {
	t := l.target.Load()
	if t.Interval == l.interval {
		return
	}
	l.interval = t.Interval
	next := *l.state.Load()
	if next.scraped {
		next.next = firstScrapeTime(t, l.interval, now)
		l.state.Store(&next)
	}
}

// scrapeAndPublish scrapes once and passes on what came of it. Of a loop that was stopped meanwhile,
// that is a report that had arrived: it may be the last of a target that is going away.
// What a cancelled scrape says otherwise is about us, not about the target.
func (l *loop) scrapeAndPublish(ctx context.Context) {
	s := &periskop.Scrape{Target: l.target.Load(), Start: time.Now(), Result: periskop.Success}
	defer l.memory.leave()
	folded, bug := l.scrape(ctx, s)
	if bug != nil {
		s.Result, s.Err, s.Report = bug.result, bug, nil
	}
	if folded || ctx.Err() == nil {
		l.counts[s.Result].Add(1)
		l.publish(s)
	}
}

// scrape fetches and has the answer taken in, and returns whether it was. It returns a failure
// that is not told yet: of a panic, which is a bug of ours, but one that a single target must
// not be able to stop this program with.
func (l *loop) scrape(ctx context.Context, s *periskop.Scrape) (folded bool, bug *failure) {
	defer func() {
		if v := recover(); v != nil {
			l.known.forget()
			s.Duration = time.Since(s.Start)
			folded, bug = false, newBug("the answer could not be taken in", v)
		}
	}()
	intake, err := l.fetch(ctx, s)
	if intake == nil {
		intake = l.pool.begin(s)
	}
	if err == nil {
		s.Unread = s.Report.Unread()
	} else {
		s.Result, s.Err = err.result, err
	}
	if s.Duration = time.Since(s.Start); err == nil || ctx.Err() == nil {
		intake.Fold(s)
		return true, nil
	}
	return false, nil
}

// publish makes s the state of the target and logs what changed by it.
func (l *loop) publish(s *periskop.Scrape) {
	was := l.state.Load()
	is := &state{scraped: true, last: *s, next: nextScrapeTime(was.next, time.Now(), l.interval)}
	if !was.scraped {
		is.next = secondScrapeTime(s.Target, l.interval, time.Now())
	}
	is.last.Report = nil
	if s.Err != nil {
		is.downSince = was.downSince
		if is.downSince.IsZero() {
			is.downSince = s.Start
		}
	}
	l.state.Store(is)
	l.log(s, was.downSince)
	if s.Unread != nil && was.last.Unread == nil {
		l.logAt(slog.LevelWarn, "report is read in part", s, slog.Any("err", s.Unread))
	}
}

func (l *loop) log(s *periskop.Scrape, downSince time.Time) {
	switch {
	case s.Err != nil && downSince.IsZero():
		l.logAt(slog.LevelWarn, "target is down", s, slog.Any("err", s.Err))
		var bug *failure
		if errors.As(s.Err, &bug) && bug.stack != "" {
			l.logAt(slog.LevelError, "a scrape panicked", s, slog.String("stack", bug.stack))
		}
	case s.Err == nil && !downSince.IsZero():
		l.logAt(slog.LevelInfo, "target is back", s, slog.Duration("down_for", s.Start.Sub(downSince)))
	}
	if l.pool.logger.Enabled(context.Background(), slog.LevelDebug) {
		l.logAt(slog.LevelDebug, "scraped", s, slog.Any("err", s.Err),
			slog.Duration("duration", s.Duration), slog.Int("size_bytes", s.Size))
	}
}

func (l *loop) logAt(level slog.Level, msg string, s *periskop.Scrape, attrs ...slog.Attr) {
	attrs = append([]slog.Attr{
		slog.String("service", l.key.service),
		slog.String("target", redact.Hide(l.key.url)),
		slog.String("reason", string(s.Result)),
	}, attrs...)
	l.pool.logger.LogAttrs(context.Background(), level, msg, attrs...) //nolint:sloglint // every caller passes a constant
}
