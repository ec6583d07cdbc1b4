package peers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// A peer is one address that is asked.
type peer struct {
	*Exchange
	connection *connection
	url        string
	name       string // in metrics
	shown      string
	logger     *slog.Logger
	cancel     context.CancelFunc
	ended      chan struct{} // closed when run and forward have ended
	queue      *queue

	statusMu sync.Mutex // guards status
	status   Status
}

func (p *peer) currentStatus() Status {
	p.statusMu.Lock()
	defer p.statusMu.Unlock()
	s := p.status
	s.Address = p.shown
	return s
}

// run asks at once and then at the interval, also while it fails: a peer that is back is read within
// the interval.
func (p *peer) run(ctx context.Context) {
	defer p.connection.client.CloseIdleConnections()
	ticker := time.NewTicker(p.connection.Interval)
	defer ticker.Stop()
	for {
		a, err := p.ask(ctx)
		if ctx.Err() != nil {
			return
		}
		p.note(a, err)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// maxParts is how many parts are read in a row. What is left is read the next time.
const maxParts = 100

// ask reads all that is new.
func (p *peer) ask(ctx context.Context) (a *answer, err error) {
	refused := 0
	for range maxParts {
		from := p.read.points(p.o.Now())
		if a, err = p.request(ctx, from); err != nil {
			return nil, err
		}
		if a.Process == p.o.Process {
			p.read.reached(from, a, p.o.Now())
			return a, nil
		}
		refused += p.o.Take(a.decided(p.o.Now()))
		if further := p.read.reached(from, a, p.o.Now()); !a.More || !further {
			break
		}
	}
	if refused > 0 {
		return a, fmt.Errorf("%d decisions are not taken in, as they are too far in the future: the clocks of the two differ by minutes", refused)
	}
	return a, nil
}

// errSameName is what is wrong with two replicas of one name.
var errSameName = errors.New("it has the name of this replica, so that the series of the two are one; give each another --peers.replica")

// note takes down how a request ended, and logs when that changes.
func (p *peer) note(a *answer, err error) {
	now := p.o.Now()
	if err == nil && a.Process != p.o.Process && a.Replica == p.o.Replica {
		err = errSameName
	}
	p.statusMu.Lock()
	before := p.status.Err
	p.status.Err = err
	if a != nil {
		p.status.At, p.status.Replica, p.status.Self = now, a.Replica, a.Process == p.o.Process
	}
	p.statusMu.Unlock()
	switch {
	case err != nil && before == nil:
		p.logger.Warn("a peer cannot be read, it is tried again", "err", err)
	case err == nil && before != nil:
		p.logger.Info("a peer is read again")
	}
	p.metrics.asked(p.name, a != nil, now)
}

// request asks for one part of what is new after these points.
func (p *peer) request(ctx context.Context, from points) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, p.connection.Timeout)
	defer cancel()
	u, err := url.Parse(p.url)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	q := u.Query()
	q["since"] = from.since
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	req.Header.Set("User-Agent", p.o.UserAgent)
	res, err := p.connection.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", peeled(err))
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return nil, fmt.Errorf("ask: it answered %s; an older version has no decisions to tell", res.Status)
	default:
		return nil, fmt.Errorf("ask: it answered %s", res.Status)
	}
	a, err := readAnswer(res.Body)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	return a, nil
}

// peeled returns the error without the URL, and so without what is secret in that.
func peeled(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
