package notify

import (
	"context"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A senderSet has the senders that run. Only the goroutine of [Notifier.Run] uses it.
type senderSet struct {
	senders map[senderKey]*runningSender
}

// A senderKey says where a sender sends. A reload makes new destinations, and so new senders.
type senderKey struct {
	destination *destination
	url         string
}

// A runningSender is a sender with the means to end it.
type runningSender struct {
	*sender
	destination *destination
	cancel      context.CancelFunc
	ended       chan struct{}
}

// start has the sender run until it is cancelled.
func start(ctx context.Context, d *destination, s *sender) *runningSender {
	ctx, cancel := context.WithCancel(ctx)
	running := &runningSender{sender: s, destination: d, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(running.ended)
		s.run(ctx)
	}()
	return running
}

// update starts and ends senders, so that there is one for each target.
func (s *senderSet) update(destinations []*destination, targets map[string][]*periskop.Target, start func(*destination, *periskop.Target) *runningSender) {
	next := map[senderKey]*runningSender{}
	for _, d := range destinations {
		for _, t := range targets[d.Name] {
			key := senderKey{d, t.URL}
			if next[key] != nil {
				continue
			}
			if next[key] = s.senders[key]; next[key] == nil {
				next[key] = start(d, t)
			}
		}
	}
	for key, running := range s.senders {
		if next[key] == nil {
			running.cancel()
			<-running.ended
		}
	}
	s.senders = next
}

// setAlerts hands the alerts to the senders of the destination.
func (s *senderSet) setAlerts(d *destination, alerts alertSet) {
	for _, running := range s.senders {
		if running.destination == d {
			running.setAlerts(alerts)
		}
	}
}

// needClosed reports whether a sender has not sent the closed alerts yet.
func (s *senderSet) needClosed() bool {
	for _, running := range s.senders {
		if !running.closedSent.Load() {
			return true
		}
	}
	return false
}

// stop ends all senders.
func (s *senderSet) stop() { s.update(nil, nil, nil) }
