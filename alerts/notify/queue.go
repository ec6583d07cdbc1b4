package notify

import (
	"sync"
	"time"
)

const (
	// lateAlertLifetime is how long an alert is made to last that has ended before any
	// Alertmanager had it: longer than one usually waits before it tells of a group.
	lateAlertLifetime = 5 * time.Minute
	// maxUndelivered is how long such an alert is kept. News that is older is not worth a
	// message; the pages have it.
	maxUndelivered = time.Hour
)

// An alertQueue keeps alerts until an Alertmanager has them. Its methods are safe for
// concurrent use.
type alertQueue struct {
	mu     sync.Mutex              // guards alerts
	alerts map[string]*queuedAlert // by key of the alert
}

// A queuedAlert is an alert of the queue.
type queuedAlert struct {
	alert     *alert // as it was last
	delivered bool
}

// update takes in the alerts that are active, and returns those to send: these, and those
// that ended before they were delivered. What ended before its time was resolved, or is
// not configured any more, and is not told.
func (q *alertQueue) update(active []*alert, now time.Time) (all []*alert, dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	before := q.alerts
	q.alerts = make(map[string]*queuedAlert, len(active))
	for _, a := range active {
		queued := before[a.key]
		if queued == nil || !queued.alert.StartsAt.Equal(a.StartsAt) {
			queued = &queuedAlert{}
		}
		queued.alert = a
		q.alerts[a.key] = queued
	}
	all = active
	for key, queued := range before {
		ended := queued.alert.EndsAt
		switch {
		case q.alerts[key] != nil || queued.delivered || ended.After(now):
		case now.Sub(ended) > maxUndelivered:
			dropped++
		default:
			q.alerts[key] = queued
			late := *queued.alert
			late.EndsAt, late.late = now.Add(lateAlertLifetime), true
			all = append(all, &late)
		}
	}
	return all, dropped
}

// markDelivered notes that an Alertmanager has the alert, or is not to have it.
func (q *alertQueue) markDelivered(a *alert) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if queued := q.alerts[a.key]; queued != nil && queued.alert.StartsAt.Equal(a.StartsAt) {
		queued.delivered = true
	}
}
