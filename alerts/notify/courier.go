package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"
)

// batchSize is how many alerts go into one request: at a few kilobytes each, a request
// stays well below what proxies take.
const batchSize = 64

// A courier sends alerts to one Alertmanager. It is used by the goroutine of run, but
// for hand.
type courier struct {
	url     string
	client  *http.Client
	timeout time.Duration
	resend  time.Duration
	now     func() time.Time
	outbox  *outbox
	metrics *metrics
	logger  *slog.Logger

	// work holds the alerts of the last look, if they were not taken yet.
	work chan handed
	// begun is set once it has told what was closed before: by a courier before this one, which
	// may not have come to it.
	begun atomic.Bool
	// receipts are the alerts that Alertmanager has, by key.
	receipts map[string]receipt
	// failures is how many attempts in a row have failed, and pause until when there
	// is no other one.
	failures int
	pause    time.Time
}

type receipt struct {
	alert *alert
	at    time.Time
}

// handed are the alerts there are, and those that there would be if nobody had resolved or muted
// their exceptions.
type handed struct{ list, closed []*alert }

// hand gives the courier all alerts there are, in place of those before. It does not
// block, and is for one goroutine.
func (c *courier) hand(h handed) {
	select {
	case <-c.work:
	default:
	}
	c.work <- h
}

func (c *courier) run(ctx context.Context) {
	defer c.client.CloseIdleConnections()
	for {
		select {
		case <-ctx.Done():
			return
		case h := <-c.work:
			if !c.now().Before(c.pause) {
				c.deliver(ctx, h)
			}
		}
	}
}

// deliver sends what is due. What fails is due at the next look, or after a pause that
// grows with the failures.
func (c *courier) deliver(ctx context.Context, h handed) {
	due := c.due(h.list)
	if !c.begun.Load() {
		for _, a := range h.closed {
			ended := *a
			ended.EndsAt = c.now()
			due = append(due, &ended)
		}
	}
	for batch := range slices.Chunk(due, batchSize) {
		err := c.post(ctx, batch)
		if ctx.Err() != nil {
			return // it may have arrived: that is told again after the next start
		}
		c.judge(err, len(batch))
		if err != nil {
			return
		}
		c.note(batch)
	}
	c.begun.Store(true)
}

// due returns the alerts that Alertmanager does not have, has not had for a while, or
// is to have resolved.
func (c *courier) due(list []*alert) []*alert {
	now := c.now()
	var out []*alert
	present := make(map[string]bool, len(list))
	for _, a := range list {
		present[a.key] = true
		r, ok := c.receipts[a.key]
		if !ok || !r.alert.StartsAt.Equal(a.StartsAt) || now.Sub(r.at) >= c.resend {
			out = append(out, a)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.receipts)) {
		r := c.receipts[key]
		switch {
		case present[key]:
		case r.alert.late || !r.alert.EndsAt.After(now): // Alertmanager ends it by itself
			delete(c.receipts, key)
		default:
			resolved := *r.alert
			resolved.EndsAt = now
			out = append(out, &resolved)
		}
	}
	return out
}

// note takes the receipts for alerts that were sent.
func (c *courier) note(batch []*alert) {
	now := c.now()
	for _, a := range batch {
		if !a.EndsAt.After(now) {
			delete(c.receipts, a.key)
			continue
		}
		c.receipts[a.key] = receipt{a, now}
		c.outbox.delivered(a)
	}
}

// judge counts what an attempt came to, and logs when that changes.
func (c *courier) judge(err error, alerts int) {
	if err == nil {
		if c.failures > 0 {
			c.logger.Info("alerts are sent again")
		}
		c.failures = 0
		c.metrics.sent.Add(float64(alerts))
		return
	}
	if c.failures == 0 {
		c.logger.Warn("alerts cannot be sent, it is tried again", "err", err)
	}
	c.metrics.failed.Add(float64(alerts))
	c.pause = c.now().Add(min(lookInterval<<min(c.failures, 10), c.resend))
	c.failures++
}

func (c *courier) post(ctx context.Context, batch []*alert) error {
	body, err := json.Marshal(batch)
	if err != nil {
		return fmt.Errorf("encode alerts: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("send alerts: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.client.Do(req)
	if err != nil {
		var peeled *url.Error // which has the URL, and so what is secret in it
		if errors.As(err, &peeled) {
			err = peeled.Err
		}
		return fmt.Errorf("send alerts: %w", err)
	}
	defer res.Body.Close()
	const most = 512 // of an answer, to quote
	answer, err := io.ReadAll(io.LimitReader(res.Body, most))
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("send alerts: %s: %q", res.Status, answer)
	}
	if err != nil {
		return fmt.Errorf("send alerts: %w", err)
	}
	return nil
}
