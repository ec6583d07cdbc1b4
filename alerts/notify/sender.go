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

// A sender sends alerts to one Alertmanager. Only the goroutine of run uses it, except
// for setAlerts and closedSent.
type sender struct {
	url     string
	client  *http.Client
	timeout time.Duration
	resend  time.Duration
	now     func() time.Time
	queue   *alertQueue
	metrics *metrics
	logger  *slog.Logger

	// pending holds the alerts of the last evaluation, until run takes them.
	pending chan alertSet
	// closedSent is set once the closed alerts were sent as ended, which a sender before this
	// one may not have done.
	closedSent atomic.Bool
	// sent are the alerts that Alertmanager has, by key of the alert.
	sent map[string]sentAlert
	// failures is how many attempts in a row have failed, and pause until when there
	// is no other one.
	failures int
	pause    time.Time
}

// A sentAlert is an alert that Alertmanager took, and when.
// A sentAlert is an alert that Alertmanager took, and when.
type sentAlert struct {
	alert *alert
	at    time.Time
}

// An alertSet has the current alerts, and the closed ones: those that there would be if
// nobody had resolved or muted their exceptions.
type alertSet struct{ current, closed []*alert }

// setAlerts replaces the alerts that run has not taken yet. It does not block, and is for
// one goroutine.
func (s *sender) setAlerts(alerts alertSet) {
	select {
	case <-s.pending:
	default:
	}
	s.pending <- alerts
}

func (s *sender) run(ctx context.Context) {
	defer s.client.CloseIdleConnections()
	for {
		select {
		case <-ctx.Done():
			return
		case alerts := <-s.pending:
			if !s.now().Before(s.pause) {
				s.deliver(ctx, alerts)
			}
		}
	}
}

// deliver sends what is due. What fails is due at the next evaluation, or after a pause
// that grows with the failures.
func (s *sender) deliver(ctx context.Context, alerts alertSet) {
	due := s.due(alerts.current)
	if !s.closedSent.Load() {
		for _, a := range alerts.closed {
			ended := *a
			ended.EndsAt = s.now()
			due = append(due, &ended)
		}
	}
	for batch := range slices.Chunk(due, batchSize) {
		err := s.post(ctx, batch)
		if ctx.Err() != nil {
			return // it may have arrived: that is told again after the next start
		}
		s.recordResult(err, len(batch))
		if err != nil {
			return
		}
		s.recordSent(batch)
	}
	s.closedSent.Store(true)
}

// due returns the alerts that Alertmanager does not have, has not had for a while, or
// is to have resolved.
func (s *sender) due(list []*alert) []*alert {
	now := s.now()
	var out []*alert
	present := make(map[string]bool, len(list))
	for _, a := range list {
		present[a.key] = true
		r, ok := s.sent[a.key]
		if !ok || !r.alert.StartsAt.Equal(a.StartsAt) || now.Sub(r.at) >= s.resend {
			out = append(out, a)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.sent)) {
		r := s.sent[key]
		switch {
		case present[key]:
		case r.alert.late || !r.alert.EndsAt.After(now): // Alertmanager ends it by itself
			delete(s.sent, key)
		default:
			resolved := *r.alert
			resolved.EndsAt = now
			out = append(out, &resolved)
		}
	}
	return out
}

// recordSent notes that Alertmanager has the alerts.
func (s *sender) recordSent(batch []*alert) {
	now := s.now()
	for _, a := range batch {
		if !a.EndsAt.After(now) {
			delete(s.sent, a.key)
			continue
		}
		s.sent[a.key] = sentAlert{a, now}
		s.queue.markDelivered(a)
	}
}

// recordResult counts the result of an attempt, and logs when it changes.
func (s *sender) recordResult(err error, alerts int) {
	if err == nil {
		if s.failures > 0 {
			s.logger.Info("alerts are sent again")
		}
		s.failures = 0
		s.metrics.sent.Add(float64(alerts))
		return
	}
	if s.failures == 0 {
		s.logger.Warn("alerts cannot be sent, it is tried again", "err", err)
	}
	s.metrics.failed.Add(float64(alerts))
	s.pause = s.now().Add(min(evaluationInterval<<min(s.failures, 10), s.resend))
	s.failures++
}

func (s *sender) post(ctx context.Context, batch []*alert) error {
	body, err := json.Marshal(batch)
	if err != nil {
		return fmt.Errorf("encode alerts: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("send alerts: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := s.client.Do(req)
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
