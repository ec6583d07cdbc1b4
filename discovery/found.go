package discovery

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// found puts together what is published.
func (g *grouping) found() periskop.Found {
	found := periskop.Found{Services: make([]periskop.ServiceTargets, 0, len(g.blocks)+len(g.named))}
	refused := g.refusedByBlock()
	for _, b := range g.blocks {
		problems := append(slices.Clip(b.problems), refused[b.service.Name].problems(g.limits.services)...)
		if g.isFeeder(b) {
			found.Feeders = append(found.Feeders, periskop.Feeder{
				Block: b.service.Name, Services: servicesOf(b.targets), Targets: len(b.targets),
				Dropped: b.dropped, Problems: problems,
			})
			continue
		}
		st := g.serviceTargets(b.service.Name, b)
		st.Dropped, st.Problems = b.dropped, problems
		found.Services = append(found.Services, st)
	}
	for name, n := range g.named {
		switch b := g.settingsOf(n); {
		case g.byName[name] != nil: // it is leaving the file, and is there already
		case !n.placed:
			found.Refused++
		case b != nil:
			found.Services = append(found.Services, g.serviceTargets(name, b))
		}
	}
	slices.SortFunc(found.Services, func(a, b periskop.ServiceTargets) int { return strings.Compare(a.Service, b.Service) })
	slices.SortFunc(found.Feeders, func(a, b periskop.Feeder) int { return strings.Compare(a.Block, b.Block) })
	g.noteEmpty(found.Services)
	return found
}

// serviceTargets returns the service of that name, which has the settings of b.
func (g *grouping) serviceTargets(name string, b *block) periskop.ServiceTargets {
	return periskop.ServiceTargets{
		Service: name, Block: b.service.Name, Targets: g.targets[name],
		NoDiscovery: len(b.service.Configs) == 0, Asked: b.asked, Answered: b.answered,
		Feeds: slices.ContainsFunc(b.targets, func(t *periskop.Target) bool { return t.Service != b.service.Name }),
	}
}

// settingsOf returns the block whose settings are those of n: when the one that it had
// is gone, the first of the file until another one finds its targets.
func (g *grouping) settingsOf(n *namedService) *block {
	if b := g.byName[n.block]; b != nil {
		return b
	}
	for _, b := range g.blocks {
		if !b.service.FixedName {
			return b
		}
	}
	return nil
}

// noteEmpty fills in since when services have no targets.
func (g *grouping) noteEmpty(services []periskop.ServiceTargets) {
	empty := make(map[string]time.Time)
	for i := range services {
		st := &services[i]
		if len(st.Targets) > 0 {
			continue
		}
		since, ok := g.empty[st.Service]
		switch n := g.named[st.Service]; {
		case ok:
		case n != nil:
			since = n.latest
		case g.own[st.Service].IsZero():
			since = st.Asked
		default:
			since = g.own[st.Service]
		}
		empty[st.Service], st.Empty = since, since
	}
	g.empty = empty
}

// servicesOf counts the services that the targets belong to.
func servicesOf(targets []*periskop.Target) int {
	names := map[string]struct{}{}
	for _, t := range targets {
		names[t.Service] = struct{}{}
	}
	return len(names)
}

// refusedTargets are the targets of a block that are not scraped because their services
// are past the limit.
type refusedTargets struct {
	targets  int
	services []string
}

func (g *grouping) refusedByBlock() map[string]*refusedTargets {
	refused := map[string]*refusedTargets{}
	for name, n := range g.named {
		if n.placed || g.byName[name] != nil {
			continue
		}
		for _, t := range g.targets[name] {
			r := refused[t.Block]
			if r == nil {
				r = &refusedTargets{}
				refused[t.Block] = r
			}
			r.targets++
			if len(r.services) == 0 || r.services[len(r.services)-1] != name {
				r.services = append(r.services, name)
			}
		}
	}
	return refused
}

// problems says what is not scraped, if anything.
func (r *refusedTargets) problems(limit int) []string {
	if r == nil {
		return nil
	}
	const most = 3
	slices.Sort(r.services)
	var examples []string
	for _, name := range r.services[:min(len(r.services), most)] {
		examples = append(examples, strconv.Quote(name))
	}
	list := strings.Join(examples, ", ")
	if more := len(r.services) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return []string{fmt.Sprintf("Not scraped, as limits.services is %d and so many services are there already: %s (targets: %d).", limit, list, r.targets)}
}

// logRefused logs when services begin to be refused, and when that ends.
func (g *grouping) logRefused(count int) {
	switch {
	case count > 0 && g.refused == 0:
		g.logger.Warn("services past the limit are not scraped", "count", count, "limit", g.limits.services)
	case count == 0 && g.refused > 0:
		g.logger.Info("all services are scraped again")
	}
	g.refused = count
}
