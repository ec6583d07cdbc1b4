package discovery

import (
	"context"
	"maps"
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
	p := &publisher{discovery: d, began: time.Now(), services: newServiceSet(d.known, d.logger)}
	p.loop(ctx)
	d.end()
	<-managed
	return nil
}

func (d *Discovery) begin() {
	d.applying.Lock()
	defer d.applying.Unlock()
	d.state = running
	services, _ := d.snapshot()
	d.applyToManager(services)
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
	// blocks are by name. Those that a reload took out are among them for a moment; nil
	// before the first publication.
	blocks   map[string]*block
	rounds   map[string]periskop.Round // by block
	services *serviceSet
	limits   limits
	api      []problem // what is wrong with Kubernetes
}

func (p *publisher) loop(ctx context.Context) {
	d := p.discovery
	due := time.NewTimer(0)
	defer due.Stop()
	armed := true
	look := time.NewTicker(checkInterval)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.manager.SyncCh():
			// The manager insists on handing over what the sources know already.
		case <-look.C:
			p.checkKubernetes()
			p.updateRounds(time.Now())
			if p.services.due(time.Now()) {
				d.wake()
			}
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
	services, limits := p.discovery.snapshot()
	isComplete := !slices.ContainsFunc(services, func(s *configuredService) bool { return !s.complete(now) })

	changed, waits := p.updateBlocks(services, isComplete, now)
	if changed || limits != p.limits || p.services.due(now) {
		p.limits = limits
		p.discovery.publish(p.services.assign(p.blocks, limits, now))
	}
	p.updateRounds(now)
	if !p.isReady && (isComplete || now.Sub(p.began) >= maxFirstAnswer) {
		p.isReady = true
		close(p.discovery.ready)
	}
	return waits || !p.isReady
}

// updateBlocks brings the blocks up to date. It reports whether one has changed, and
// whether one waits for something.
func (p *publisher) updateBlocks(services []*configuredService, isComplete bool, now time.Time) (changed, waits bool) {
	changed = p.blocks == nil
	left := maps.Clone(p.blocks)
	blocks := make(map[string]*block, len(services))
	for _, s := range services {
		b := p.blocks[s.Name]
		if b == nil {
			b = &block{logger: p.discovery.logger, checkName: p.discovery.checkName}
		}
		delete(left, s.Name)
		b.left = time.Time{}
		changed = b.update(s, p.problems(s), now) || changed
		if answered := p.rounds[s.Name].First; !answered.Equal(b.answered) {
			b.answered, changed = answered, true
		}
		waits = waits || b.previous != nil
		blocks[s.Name] = b
	}
	for name, b := range left {
		if b.left.IsZero() {
			b.left, changed = now, true
		}
		// Its targets may be about to be found by another block. They must not go and
		// come back.
		if isComplete || now.Sub(b.left) >= maxFirstAnswer {
			changed = true
			continue
		}
		waits = true
		blocks[name] = b
	}
	p.blocks = blocks
	return changed, waits
}

func (p *publisher) problems(s *configuredService) []string {
	problems := s.sentences()
	if s.usesKubernetes() {
		problems = append(problems, texts(p.api)...)
	}
	return problems
}

// checkKubernetes finds out whether the API answers, if anybody asks it.
func (p *publisher) checkKubernetes() {
	d, now := p.discovery, time.Now()
	var users []*configuredService
	var names []string
	services, _ := d.snapshot()
	for _, s := range services {
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
	d.api.check(now)
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
