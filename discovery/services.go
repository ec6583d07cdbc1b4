package discovery

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// givesWayAfter is how long a service that labels named must have had no targets to
// give way to another one: longer than a deployment is scaled down for a moment.
const givesWayAfter = time.Hour

// limits are those of [Settings].
type limits struct {
	services  int
	retention time.Duration
}

// A serviceSet says which services there are and which targets each has. It belongs to
// the goroutine of [Discovery.Run].
//
// A block of the file is a service, with the targets that belong to no other, unless all
// that it finds belongs to others. The services that labels of targets name have what
// places are left, in the order in which they came, and keep them until they have had no
// targets for long enough. When all are taken, the one that has had none for the longest
// time, and for an hour at least, gives way.
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
	name   string
	block  string    // whose settings are the service's
	since  time.Time // when it came
	placed bool
	latest time.Time // when it had a target
}

func newServiceSet(known []NamedService, logger *slog.Logger) *serviceSet {
	s := &serviceSet{
		logger: logger, named: map[string]*namedService{}, configured: map[string]time.Time{},
		own: map[string]time.Time{}, empty: map[string]time.Time{},
	}
	for _, k := range known {
		s.named[k.Name] = &namedService{name: k.Name, block: k.Block, placed: true, latest: k.Latest}
	}
	return s
}

// due reports whether group is to be called because of the time.
func (s *serviceSet) due(now time.Time) bool { return !s.next.IsZero() && !now.Before(s.next) }

// A grouping is what group works on.
type grouping struct {
	*serviceSet
	limits  limits
	now     time.Time
	blocks  []*block // in the order of the file, those that left it last
	byName  map[string]*block
	targets map[string][]*periskop.Target // by service
}

// group sorts the targets of all blocks into services.
func (s *serviceSet) group(blocks map[string]*block, l limits, now time.Time) periskop.Found {
	g := &grouping{serviceSet: s, limits: l, now: now, byName: blocks, targets: map[string][]*periskop.Target{}}
	for _, b := range blocks {
		g.blocks = append(g.blocks, b)
	}
	slices.SortFunc(g.blocks, func(a, b *block) int {
		return cmp.Or(a.left.Compare(b.left), cmp.Compare(a.service.order, b.service.order), strings.Compare(a.service.Name, b.service.Name))
	})
	for _, b := range g.blocks {
		for _, t := range b.targets {
			g.targets[t.Service] = append(g.targets[t.Service], t)
		}
	}
	for name, targets := range g.targets {
		g.targets[name] = distinct(targets)
	}
	g.updateNamed()
	g.updateConfigured()
	g.givePlaces()
	found := g.found()
	g.logRefused(found.Refused)
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
func (g *grouping) updateNamed() {
	for name, targets := range g.targets {
		if b := g.byName[name]; b != nil && b.left.IsZero() {
			continue
		}
		for _, t := range targets {
			if b := g.byName[t.Block]; b.left.IsZero() {
				g.note(name, b)
			}
		}
	}
	for name, n := range g.named {
		b := g.byName[name]
		if b != nil && b.left.IsZero() || len(g.targets[name]) == 0 && (!n.placed || g.now.Sub(n.latest) >= g.limits.retention) {
			delete(g.named, name)
		}
	}
}

// updateConfigured notes which services are in the file, and which of them have
// targets.
func (g *grouping) updateConfigured() {
	clear(g.configured)
	for _, b := range g.blocks {
		name := b.service.Name
		g.configured[name] = b.asked
		if len(g.targets[name]) > 0 {
			g.own[name] = g.now
		}
	}
	for name := range g.own {
		if _, ok := g.configured[name]; !ok {
			delete(g.own, name)
		}
	}
}

// note says that b has found a target of a service that is not in the file. A service
// that was in the file until now keeps its place.
func (g *grouping) note(name string, b *block) {
	n := g.named[name]
	if n == nil {
		since, placed := g.configured[name]
		if !placed {
			since = g.now
		}
		n = &namedService{name: name, block: b.service.Name, since: since, placed: placed}
		g.named[name] = n
	}
	n.latest = g.now
	if before := g.byName[n.block]; before == nil || !before.left.IsZero() || b.service.order < before.service.order {
		n.block = b.service.Name
	}
}

// givePlaces decides which of the services that labels name are shown.
func (g *grouping) givePlaces() {
	var with, without []*namedService
	for _, n := range g.named {
		if n.placed {
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
	if limit := g.limits.services; limit > 0 && len(with) > limit { // as a reload has lowered it
		for _, n := range with[:len(with)-limit] {
			n.placed = false
			if len(g.targets[n.name]) == 0 {
				delete(g.named, n.name)
			}
		}
		with = with[len(with)-limit:]
	}
	free := g.places() - len(with)
	for _, n := range without {
		if free <= 0 && len(with) > 0 && g.now.Sub(with[0].latest) >= givesWayAfter {
			delete(g.named, with[0].name)
			with = with[1:]
			free++
		}
		if free <= 0 {
			break
		}
		n.placed = true
		free--
	}
	g.plan()
}

// places returns how many services labels may name. The services of the file have
// places first.
func (g *grouping) places() int {
	if g.limits.services == 0 {
		return len(g.named)
	}
	places := g.limits.services
	for _, b := range g.blocks {
		if !b.service.FixedName && b.left.IsZero() && !g.isFeeder(b) {
			places--
		}
	}
	return places
}

// plan sets when the next service goes for lack of targets, sooner if others wait for
// its place.
func (g *grouping) plan() {
	after := g.limits.retention
	for _, n := range g.named {
		if !n.placed {
			after = min(after, givesWayAfter)
		}
	}
	g.next = time.Time{}
	for name, n := range g.named {
		at := n.latest.Add(after)
		if n.placed && len(g.targets[name]) == 0 && (g.next.IsZero() || at.Before(g.next)) {
			g.next = at
		}
	}
}

// isFeeder reports whether all that the block finds belongs to other services, and has
// done so for long enough. One that finds nothing is no feeder, for somebody to notice.
func (g *grouping) isFeeder(b *block) bool {
	name := b.service.Name
	if b.service.FixedName || len(b.targets) == 0 || len(g.targets[name]) > 0 {
		return false
	}
	at, ok := g.own[name]
	return !ok || g.now.Sub(at) >= g.limits.retention
}
