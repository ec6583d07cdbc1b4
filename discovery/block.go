package discovery

import (
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/discovery/targetgroup"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// maxTargetProblems is how many targets of a service that cannot be scraped are
// named one by one. Whoever broke ten thousand targets broke them in one place.
const maxTargetProblems = 5

// spareTargets are made at least beyond the limit of a block.
const spareTargets = 100

// A block is what is known of the targets of one configured service, and what it was
// made from. It belongs to the goroutine of [Discovery.Run].
type block struct {
	logger    *slog.Logger
	checkName func(string) error
	service   *configuredService
	maker     *targetMaker
	// left is when a reload took the block out; zero while it is configured.
	left time.Time

	// previous are the sources that a reload has replaced, as long as their targets
	// stay: until the new sources have answered. A target must not go and come back
	// because it is found in another way now. Since is when that began.
	previous []*source
	since    time.Time

	// asked is since when the present sources are asked, and answered when there was a
	// complete round of them first; zero before.
	asked, answered time.Time

	versions []sourceVersion
	groups   map[*targetgroup.Group]*groupTargets
	skipped  []string // why targets are not scraped, one sentence each
	targets  []*periskop.Target
	tooMany  int // of those that were found
	dropped  int
	problems []string
}

// groupTargets are the targets of one group. Discoverers send a new group when anything
// in it has changed, so its targets are good as long as it is there.
type groupTargets struct {
	targets []*periskop.Target
	cut     int // that were not made, past the budget
	dropped int
	skipped []string
}

// update brings b up to date with its service and the problems of its sources, and
// reports whether anything of it has changed.
func (b *block) update(s *configuredService, problems []string, now time.Time) bool {
	changed := false
	if s != b.service {
		changed = true // of the settings, one may concern services
		b.setService(s, now)
	}
	if st := versionsOf(b.sources(now)); b.groups == nil || !slices.Equal(st, b.versions) {
		b.versions = st
		changed = b.rebuild() || changed
	}
	problems = append(problems, b.skippedProblems()...)
	if b.tooMany > 0 {
		problems = append(problems, fmt.Sprintf("Not scraped, as limits.targets_per_block is %d: %d targets more.", b.service.TargetLimit, b.tooMany))
	}
	if !slices.Equal(problems, b.problems) {
		b.problems, changed = problems, true
	}
	return changed
}

// setService puts s in the place of the service that b had, which a reload has replaced.
func (b *block) setService(s *configuredService, now time.Time) {
	if b.service == nil || !slices.Equal(b.service.sources, s.sources) {
		b.asked = now
	}
	if b.service != nil && !slices.Equal(b.service.sources, s.sources) {
		b.previous, b.since = b.sources(now), now
	}
	b.service, b.maker, b.groups = s, newTargetMaker(&s.Service, b.checkName), nil
}

// sources returns the ones whose targets are those of the service now.
func (b *block) sources(now time.Time) []*source {
	if b.previous != nil && (b.service.complete(now) || now.Sub(b.since) >= maxFirstAnswer) {
		b.previous = nil
	}
	if b.previous != nil {
		return b.previous
	}
	return b.service.sources
}

func versionsOf(sources []*source) []sourceVersion {
	result := make([]sourceVersion, len(sources))
	for i, src := range sources {
		result[i] = src.currentVersion()
	}
	return result
}

// rebuild makes the targets of all groups, anew only those of new groups.
func (b *block) rebuild() bool {
	groups := make(map[*targetgroup.Group]*groupTargets, len(b.groups))
	var targets []*periskop.Target
	var skipped []string
	dropped, cut := 0, 0
	for _, st := range b.versions {
		for _, group := range st.source.groupsInOrder() {
			m, ok := b.groups[group]
			if budget := b.targetBudget(len(targets)); !ok || m.cut > 0 || len(m.targets) > budget {
				m = b.makeTargets(group, budget)
			}
			groups[group] = m
			targets, cut = append(targets, m.targets...), cut+m.cut
			skipped = append(skipped, m.skipped...)
			dropped += m.dropped
		}
	}
	b.groups = groups
	b.logSkipped(len(b.skipped), skipped)
	b.skipped = skipped

	targets = b.limit(b.adopt(targets), cut)
	changed := dropped != b.dropped || !slices.Equal(targets, b.targets)
	b.targets, b.dropped = targets, dropped
	return changed
}

// targetBudget returns how many targets may be made beside that many: somewhat more than are scraped, so
// that those that were there before can stay when others are found.
func (b *block) targetBudget(made int) int {
	limit := b.service.TargetLimit
	if limit == 0 {
		return math.MaxInt
	}
	return max(limit+max(limit/4, spareTargets)-made, 0)
}

// makeTargets makes the targets of a group, as many as the budget allows.
func (b *block) makeTargets(group *targetgroup.Group, budget int) *groupTargets {
	m := &groupTargets{}
	for i, own := range group.Targets {
		if len(m.targets) >= budget {
			m.cut = len(group.Targets) - i
			break
		}
		t, err := b.maker.target(own, group.Labels)
		switch {
		case err != nil:
			m.skipped = append(m.skipped, skipped(own, group.Source, err))
		case t == nil:
			m.dropped++
		default:
			m.targets = append(m.targets, t)
		}
	}
	return m
}

// adopt sorts targets, removes those that occur twice, and puts the known ones in
// place of new ones that are the same: who compares pointers sees what has changed.
func (b *block) adopt(targets []*periskop.Target) []*periskop.Target {
	slices.SortStableFunc(targets, compareTargets)
	targets = slices.CompactFunc(targets, func(a, b *periskop.Target) bool { return compareTargets(a, b) == 0 })
	known := b.targets
	for i, t := range targets {
		for len(known) > 0 && compareTargets(known[0], t) < 0 {
			known = known[1:]
		}
		if len(known) > 0 && compareTargets(known[0], t) == 0 && sameTarget(known[0], t) {
			targets[i] = known[0]
		}
	}
	return targets
}

// limit leaves as many targets as are scraped: those that were there before, and then the
// first ones. That many more were not made.
func (b *block) limit(targets []*periskop.Target, cut int) []*periskop.Target {
	limit, before := b.service.TargetLimit, b.tooMany
	b.tooMany = cut
	if limit > 0 && len(targets) > limit {
		b.tooMany += len(targets) - limit
		was := make(map[*periskop.Target]bool, len(b.targets))
		for _, t := range b.targets {
			was[t] = true
		}
		old := 0 // that stay
		for _, t := range targets {
			if was[t] && old < limit {
				old++
			}
		}
		quota := map[bool]int{true: old, false: limit - old}
		targets = slices.DeleteFunc(targets, func(t *periskop.Target) bool {
			quota[was[t]]--
			return quota[was[t]] < 0
		})
	}
	switch {
	case before == 0 && b.tooMany > 0:
		b.logger.Warn("targets past the limit are not scraped", "service", b.service.Name, "count", b.tooMany, "limit", limit)
	case before > 0 && b.tooMany == 0:
		b.logger.Info("no target is past the limit any more", "service", b.service.Name)
	}
	return targets
}

func (b *block) skippedProblems() []string {
	if len(b.skipped) <= maxTargetProblems {
		return b.skipped
	}
	return append(slices.Clone(b.skipped[:maxTargetProblems]),
		fmt.Sprintf("%d more targets are not scraped for such reasons.", len(b.skipped)-maxTargetProblems))
}

func (b *block) logSkipped(before int, skipped []string) {
	switch {
	case before == 0 && len(skipped) > 0:
		b.logger.Warn("targets cannot be scraped", "service", b.service.Name, "count", len(skipped), "reason", skipped[0])
	case before > 0 && len(skipped) == 0:
		b.logger.Info("all targets can be scraped again", "service", b.service.Name)
	}
}
