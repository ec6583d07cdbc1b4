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
func (a *assignment) found() periskop.Found {
	found := periskop.Found{Services: make([]periskop.ServiceTargets, 0, len(a.blocks)+len(a.named))}
	refused := a.refusedByBlock()
	for _, b := range a.blocks {
		problems := append(slices.Clip(b.problems), refused[b.service.Name].problems(a.limits.services)...)
		if a.isFeeder(b) {
			found.Feeders = append(found.Feeders, periskop.Feeder{
				Block: b.service.Name, Services: servicesOf(b.targets), Targets: len(b.targets),
				Dropped: b.dropped, Problems: problems,
			})
			continue
		}
		st := a.serviceTargets(b.service.Name, b)
		st.Dropped, st.Problems = b.dropped, problems
		found.Services = append(found.Services, st)
	}
	for name, n := range a.named {
		switch b := a.settingsOf(n); {
		case a.byName[name] != nil: // it is leaving the file, and is there already
		case !n.admitted:
			found.Refused++
		case b != nil:
			found.Services = append(found.Services, a.serviceTargets(name, b))
		}
	}
	slices.SortFunc(found.Services, func(a, b periskop.ServiceTargets) int { return strings.Compare(a.Service, b.Service) })
	slices.SortFunc(found.Feeders, func(a, b periskop.Feeder) int { return strings.Compare(a.Block, b.Block) })
	a.noteEmpty(found.Services)
	return found
}

// serviceTargets returns the service of that name, which has the settings of b.
func (a *assignment) serviceTargets(name string, b *block) periskop.ServiceTargets {
	return periskop.ServiceTargets{
		Service: name, Block: b.service.Name, Targets: a.targets[name],
		NoDiscovery: len(b.service.Configs) == 0, Asked: b.asked, Answered: b.answered,
		Feeds: slices.ContainsFunc(b.targets, func(t *periskop.Target) bool { return t.Service != b.service.Name }),
	}
}

// settingsOf returns the block whose settings are those of n: when the one that it had
// is gone, the first of the file until another one finds its targets.
func (a *assignment) settingsOf(n *namedService) *block {
	if b := a.byName[n.block]; b != nil {
		return b
	}
	for _, b := range a.blocks {
		if !b.service.FixedName {
			return b
		}
	}
	return nil
}

// noteEmpty fills in since when services have no targets.
func (a *assignment) noteEmpty(services []periskop.ServiceTargets) {
	empty := make(map[string]time.Time)
	for i := range services {
		st := &services[i]
		if len(st.Targets) > 0 {
			continue
		}
		since, ok := a.empty[st.Service]
		switch n := a.named[st.Service]; {
		case ok:
		case n != nil:
			since = n.latest
		case a.own[st.Service].IsZero():
			since = st.Asked
		default:
			since = a.own[st.Service]
		}
		empty[st.Service], st.Empty = since, since
	}
	a.empty = empty
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

func (a *assignment) refusedByBlock() map[string]*refusedTargets {
	refused := map[string]*refusedTargets{}
	for name, n := range a.named {
		if n.admitted || a.byName[name] != nil {
			continue
		}
		for _, t := range a.targets[name] {
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
func (a *assignment) logRefused(count int) {
	switch {
	case count > 0 && a.refused == 0:
		a.logger.Warn("services past the limit are not scraped", "count", count, "limit", a.limits.services)
	case count == 0 && a.refused > 0:
		a.logger.Info("all services are scraped again")
	}
	a.refused = count
}
