package notify

import (
	"sync"
	"time"
)

const (
	// overtime is how long an alert is made to last that has ended before any
	// Alertmanager had it: longer than one usually waits before it tells of a group.
	overtime = 5 * time.Minute
	// patience is how long such an alert is kept. News that is older is not worth a
	// message; the pages have it.
	patience = time.Hour
)

// An outbox keeps alerts until an Alertmanager has them. Its methods are safe for
// concurrent use.
type outbox struct {
	mu      sync.Mutex
	letters map[string]*letter // guarded by mu; by key of the alert
}

// A letter is an alert on its way.
type letter struct {
	alert     *alert // as it was last
	delivered bool
}

// fill takes in the alerts that are active, and returns those to send: these, and those
// that ended before they were delivered. What ended before its time was resolved, or is
// not configured any more, and is not told.
func (o *outbox) fill(active []*alert, now time.Time) (all []*alert, dropped int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := o.letters
	o.letters = make(map[string]*letter, len(active))
	for _, a := range active {
		l := before[a.key]
		if l == nil || !l.alert.StartsAt.Equal(a.StartsAt) {
			l = &letter{}
		}
		l.alert = a
		o.letters[a.key] = l
	}
	all = active
	for key, l := range before {
		ended := l.alert.EndsAt
		switch {
		case o.letters[key] != nil || l.delivered || ended.After(now):
		case now.Sub(ended) > patience:
			dropped++
		default:
			o.letters[key] = l
			late := *l.alert
			late.EndsAt, late.late = now.Add(overtime), true
			all = append(all, &late)
		}
	}
	return all, dropped
}

// delivered notes that an Alertmanager has the alert, or is not to have it.
func (o *outbox) delivered(a *alert) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if l := o.letters[a.key]; l != nil && l.alert.StartsAt.Equal(a.StartsAt) {
		l.delivered = true
	}
}
