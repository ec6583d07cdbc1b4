package discovery

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// evictableAfter is how long a service that labels named must have had no targets before
// another one evicts it: longer than a deployment is scaled down for a moment.
const evictableAfter = time.Hour

// limits are those of [Settings].
type limits struct {
	services  int
	retention time.Duration
}

// A serviceSet says which services there are and which targets each has. It belongs to
// the goroutine of [Discovery.Run].
//
// A block of the file is a service, with the targets that belong to no other, unless all
// that it finds belongs to others. Services that labels of targets name are admitted in
// the order in which they came, as many as the limit leaves. They stay until they have had
// no targets for long enough. When the limit is reached, a new service evicts the one that
// has had no targets for the longest time, and for an hour at least.
type serviceSet struct {
	logger *slog.Logger
	named  map[string]*namedService
	// configured are the services of the file, with the time since when they have been
	// asked for.
	configured map[string]time.Time
	// own is when a block had targets of its own last.
	own map[string]time.Time
	// empty is since when a service that is shown has no targets.
	empty   map[string]time.Time
	refused int
	next    time.Time // when something changes by itself; zero for never
}

// A namedService is there because labels name it.
type namedService struct {
	name     string
	block    string    // whose settings are the service's
	since    time.Time // when it came
	admitted bool
	latest   time.Time // when it had a target
}

func newServiceSet(known []NamedService, logger *slog.Logger) *serviceSet {
	s := &serviceSet{
		logger: logger, named: map[string]*namedService{}, configured: map[string]time.Time{},
		own: map[string]time.Time{}, empty: map[string]time.Time{},
	}
	for _, k := range known {
		s.named[k.Name] = &namedService{name: k.Name, block: k.Block, admitted: true, latest: k.Latest}
	}
	return s
}

// due reports whether assign is to be called because of the time.
func (s *serviceSet) due(now time.Time) bool { return !s.next.IsZero() && !now.Before(s.next) }

// An assignment is one run of [serviceSet.assign]: which service each target belongs to.
type assignment struct {
	*serviceSet
	limits  limits
	now     time.Time
	blocks  []*block // in the order of the file, those that left it last
	byName  map[string]*block
	targets map[string][]*periskop.Target // by service
}

// assign sorts the targets of all blocks into services.
func (s *serviceSet) assign(blocks map[string]*block, l limits, now time.Time) periskop.Found {
	a := &assignment{serviceSet: s, limits: l, now: now, byName: blocks, targets: map[string][]*periskop.Target{}}
	for _, b := range blocks {
		a.blocks = append(a.blocks, b)
	}
	slices.SortFunc(a.blocks, func(a, b *block) int {
		return cmp.Or(a.left.Compare(b.left), cmp.Compare(a.service.order, b.service.order), strings.Compare(a.service.Name, b.service.Name))
	})
	for _, b := range a.blocks {
		for _, t := range b.targets {
			a.targets[t.Service] = append(a.targets[t.Service], t)
		}
	}
	for name, targets := range a.targets {
		a.targets[name] = distinct(targets)
	}
	a.updateNamed()
	a.updateConfigured()
	a.admit()
	found := a.found()
	a.logRefused(found.Refused)
	return found
}

// distinct returns targets, which are in order within each block, in order. Of targets
// that several blocks have found, the one of the first block stays.
func distinct(targets []*periskop.Target) []*periskop.Target {
	if targets[0].Block == targets[len(targets)-1].Block {
		return targets
	}
	type key struct{ url, instance string }
	first := make(map[key]string, len(targets))
	targets = slices.DeleteFunc(targets, func(t *periskop.Target) bool {
		block, ok := first[key{t.URL, t.Instance}]
		if !ok {
			first[key{t.URL, t.Instance}] = t.Block
		}
		return ok && block != t.Block
	})
	slices.SortStableFunc(targets, compareTargets)
	return targets
}

// updateNamed notes which services labels name, and forgets those that have been
// without targets for long enough.
func (a *assignment) updateNamed() {
	for name, targets := range a.targets {
		if b := a.byName[name]; b != nil && b.left.IsZero() {
			continue
		}
		for _, t := range targets {
			if b := a.byName[t.Block]; b.left.IsZero() {
				a.noteNamed(name, b)
			}
		}
	}
	for name, n := range a.named {
		b := a.byName[name]
		if b != nil && b.left.IsZero() || len(a.targets[name]) == 0 && (!n.admitted || a.now.Sub(n.latest) >= a.limits.retention) {
			delete(a.named, name)
		}
	}
}

// updateConfigured notes which services are in the file, and which of them have
// targets.
func (a *assignment) updateConfigured() {
	clear(a.configured)
	for _, b := range a.blocks {
		name := b.service.Name
		a.configured[name] = b.asked
		if len(a.targets[name]) > 0 {
			a.own[name] = a.now
		}
	}
	for name := range a.own {
		if _, ok := a.configured[name]; !ok {
			delete(a.own, name)
		}
	}
}

// noteNamed says that b has found a target of a service that is not in the file. A service
// that was in the file until now stays admitted.
func (a *assignment) noteNamed(name string, b *block) {
	n := a.named[name]
	if n == nil {
		since, admitted := a.configured[name]
		if !admitted {
			since = a.now
		}
		n = &namedService{name: name, block: b.service.Name, since: since, admitted: admitted}
		a.named[name] = n
	}
	n.latest = a.now
	if before := a.byName[n.block]; before == nil || !before.left.IsZero() || b.service.order < before.service.order {
		n.block = b.service.Name
	}
}

// admit decides which of the services that labels name are shown.
func (a *assignment) admit() {
	var with, without []*namedService
	for _, n := range a.named {
		if n.admitted {
			with = append(with, n)
		} else {
			without = append(without, n)
		}
	}
	byAge := func(a, b *namedService) int {
		return cmp.Or(a.since.Compare(b.since), strings.Compare(a.name, b.name))
	}
	slices.SortFunc(without, byAge)
	// Those that have had no targets for long go first, and then the latest comers.
	slices.SortFunc(with, func(a, b *namedService) int { return cmp.Or(a.latest.Compare(b.latest), byAge(b, a)) })
	if limit := a.limits.services; limit > 0 && len(with) > limit { // as a reload has lowered it
		for _, n := range with[:len(with)-limit] {
			n.admitted = false
			if len(a.targets[n.name]) == 0 {
				delete(a.named, n.name)
			}
		}
		with = with[len(with)-limit:]
	}
	free := a.capacity() - len(with)
	for _, n := range without {
		if free <= 0 && len(with) > 0 && a.now.Sub(with[0].latest) >= evictableAfter {
			delete(a.named, with[0].name)
			with = with[1:]
			free++
		}
		if free <= 0 {
			break
		}
		n.admitted = true
		free--
	}
	a.scheduleNext()
}

// capacity returns how many services labels may name: what the services of the file leave
// of the limit.
func (a *assignment) capacity() int {
	if a.limits.services == 0 {
		return len(a.named)
	}
	capacity := a.limits.services
	for _, b := range a.blocks {
		if !b.service.FixedName && b.left.IsZero() && !a.isFeeder(b) {
			capacity--
		}
	}
	return capacity
}

// scheduleNext sets when the next service goes for lack of targets, sooner if others wait to
// be admitted.
func (a *assignment) scheduleNext() {
	after := a.limits.retention
	for _, n := range a.named {
		if !n.admitted {
			after = min(after, evictableAfter)
		}
	}
	a.next = time.Time{}
	for name, n := range a.named {
		at := n.latest.Add(after)
		if n.admitted && len(a.targets[name]) == 0 && (a.next.IsZero() || at.Before(a.next)) {
			a.next = at
		}
	}
}

// isFeeder reports whether all that the block finds belongs to other services, and has
// done so for long enough. One that finds nothing is no feeder, for somebody to notice.
func (a *assignment) isFeeder(b *block) bool {
	name := b.service.Name
	if b.service.FixedName || len(b.targets) == 0 || len(a.targets[name]) > 0 {
		return false
	}
	at, ok := a.own[name]
	return !ok || a.now.Sub(at) >= a.limits.retention
}
