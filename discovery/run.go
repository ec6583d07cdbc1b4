package discovery

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

const (
	// pause is how long changes are collected before they are published. Some
	// discoverers send every target in an update of its own.
	pause = 200 * time.Millisecond
	// stopWithin bounds the wait for discoverers at the end. Some notice only after
	// a request or a pause that they have been stopped.
	stopWithin = 5 * time.Second
)

// Run discovers and publishes until ctx ends, then stops the discoverers and returns
// nil. The first publication comes at once, with the services as far as they are
// known; see Ready. A Discovery runs once.
func (d *Discovery) Run(ctx context.Context) error {
	managed := make(chan struct{})
	go func() {
		defer close(managed)
		_ = d.manager.Run() // returns when it is cancelled, and says so
	}()
	d.begin()
	p := &publisher{discovery: d, began: time.Now()}
	p.loop(ctx)
	d.end()
	<-managed
	return nil
}

func (d *Discovery) begin() {
	d.applying.Lock()
	defer d.applying.Unlock()
	d.state = running
	d.applyToManager(d.snapshot())
}

// end stops the discoverers, and waits for them and for an Apply that is under way.
func (d *Discovery) end() {
	d.cancel()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		d.applying.Lock()
		d.state = ended // from here on Apply starts nothing
		d.applying.Unlock()
		d.runs.Wait()
	}()
	select {
	case <-stopped:
	case <-time.After(stopWithin):
		d.logger.Warn("discoverers did not stop in time")
	}
}

// A publisher is what the goroutine of Run knows.
type publisher struct {
	discovery *Discovery
	began     time.Time
	isReady   bool
	rosters   map[string]*roster        // by service; nil before the first publication
	rounds    map[string]periskop.Round // by block
	api       []problem                 // what is wrong with Kubernetes
}

func (p *publisher) loop(ctx context.Context) {
	d := p.discovery
	due := time.NewTimer(0)
	defer due.Stop()
	armed := true
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.manager.SyncCh():
			// The manager insists on handing over what the sources know already.
		case <-look.C:
			p.lookAtKubernetes()
			p.lookAtRounds(time.Now())
		case <-d.changed:
			if !armed {
				due.Reset(pause)
				armed = true
			}
		case <-due.C:
			armed = p.update()
			if armed {
				due.Reset(pause)
			}
		}
	}
}

// update publishes what has changed. It reports whether it is to be called again even
// if nothing happens, because it waits for a source to be complete.
func (p *publisher) update() bool {
	now := time.Now()
	services := p.discovery.snapshot()
	isComplete := !slices.ContainsFunc(services, func(s *service) bool { return !s.complete(now) })

	rosters := make(map[string]*roster, len(services))
	all := make([]periskop.ServiceTargets, 0, len(services))
	changed := len(services) != len(p.rosters) || p.rosters == nil
	waits := false
	for _, s := range services {
		r := p.rosters[s.Name]
		if r == nil {
			r = &roster{logger: p.discovery.logger}
		}
		changed = r.update(s, p.problems(s), now) || changed
		waits = waits || r.previous != nil
		rosters[s.Name] = r
		all = append(all, r.current)
	}
	p.rosters = rosters
	if changed {
		p.discovery.publish(all)
	}
	p.lookAtRounds(now)
	if !p.isReady && (isComplete || now.Sub(p.began) >= patience) {
		p.isReady = true
		close(p.discovery.ready)
	}
	return waits || !p.isReady
}

func (p *publisher) problems(s *service) []string {
	problems := s.sentences()
	if s.usesKubernetes() {
		problems = append(problems, texts(p.api)...)
	}
	return problems
}

// lookAtKubernetes finds out whether the API answers, if anybody asks it.
func (p *publisher) lookAtKubernetes() {
	d, now := p.discovery, time.Now()
	var users []*service
	var names []string
	for _, s := range d.snapshot() {
		if s.usesKubernetes() {
			users = append(users, s)
			names = append(names, s.Name)
		}
	}
	before := p.api
	p.api = nil
	if len(users) == 0 {
		return
	}
	d.api.look(now)
	p.api = d.api.problems()
	logTransitions(d.logger.With("service", strings.Join(names, ", "), "discovery", kubernetesName), before, p.api)
	if len(p.api) > 0 || !p.isReady && d.api.answered(now) {
		for _, s := range users {
			s.giveUpKubernetes(now)
		}
	}
	if !slices.Equal(before, p.api) {
		d.wake()
	}
}
