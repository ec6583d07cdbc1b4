package discovery

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/prometheus/discovery/targetgroup"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// maxTargetProblems is how many targets of a service that cannot be scraped are
// named one by one. Whoever broke ten thousand targets broke them in one place.
const maxTargetProblems = 5

// A roster is what is published of one service, and what it was made from. It
// belongs to the goroutine of [Discovery.Run].
type roster struct {
	logger  *slog.Logger
	service *service
	maker   *targetMaker

	// previous are the sources that a reload has replaced, as long as their targets
	// stay: until the new sources have answered. A target must not go and come back
	// because it is found in another way now. Since is when that began.
	previous []*source
	since    time.Time

	stamps  []stamp
	groups  map[*targetgroup.Group]*members
	skipped []string // why targets are not scraped, one sentence each
	current periskop.ServiceTargets
}

// members are the targets of one group. Discoverers send a new group when anything
// in it has changed, so members are good as long as their group is there.
type members struct {
	targets []*periskop.Target
	dropped int
	skipped []string
}

// update brings r up to date with its service and the problems of its sources, and
// reports whether what is published of it has changed.
func (r *roster) update(s *service, problems []string, now time.Time) bool {
	changed := false
	if s != r.service {
		r.take(s, now)
		changed = r.current.Service != s.Name
		r.current.Service = s.Name
	}
	if st := stamps(r.sources(now)); r.groups == nil || !slices.Equal(st, r.stamps) {
		r.stamps = st
		changed = r.rebuild() || changed
	}
	problems = append(problems, r.skippedProblems()...)
	if !slices.Equal(problems, r.current.Problems) {
		r.current.Problems, changed = problems, true
	}
	return changed
}

// take puts s in the place of the service that r had, which a reload has replaced.
func (r *roster) take(s *service, now time.Time) {
	if r.service != nil && !slices.Equal(r.service.sources, s.sources) {
		r.previous, r.since = r.sources(now), now
	}
	r.service, r.maker, r.groups = s, newTargetMaker(&s.Service), nil
}

// sources returns the ones whose targets are those of the service now.
func (r *roster) sources(now time.Time) []*source {
	if r.previous != nil && (r.service.complete(now) || now.Sub(r.since) >= patience) {
		r.previous = nil
	}
	if r.previous != nil {
		return r.previous
	}
	return r.service.sources
}

func stamps(sources []*source) []stamp {
	result := make([]stamp, len(sources))
	for i, src := range sources {
		result[i] = src.stamp()
	}
	return result
}

// rebuild makes the targets of all groups, anew only those of new groups.
func (r *roster) rebuild() bool {
	groups := make(map[*targetgroup.Group]*members, len(r.groups))
	var targets []*periskop.Target
	var skipped []string
	dropped := 0
	for _, st := range r.stamps {
		for _, group := range st.source.groupsInOrder() {
			m, ok := r.groups[group]
			if !ok {
				m = r.members(group)
			}
			groups[group] = m
			targets = append(targets, m.targets...)
			skipped = append(skipped, m.skipped...)
			dropped += m.dropped
		}
	}
	r.groups = groups
	r.logSkipped(len(r.skipped), skipped)
	r.skipped = skipped

	targets = r.adopt(targets)
	changed := dropped != r.current.Dropped || !slices.Equal(targets, r.current.Targets)
	r.current.Targets, r.current.Dropped = targets, dropped
	return changed
}

func (r *roster) members(group *targetgroup.Group) *members {
	m := &members{}
	for _, own := range group.Targets {
		t, err := r.maker.target(own, group.Labels)
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
func (r *roster) adopt(targets []*periskop.Target) []*periskop.Target {
	slices.SortStableFunc(targets, compareTargets)
	targets = slices.CompactFunc(targets, func(a, b *periskop.Target) bool { return compareTargets(a, b) == 0 })
	known := r.current.Targets
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

func (r *roster) skippedProblems() []string {
	if len(r.skipped) <= maxTargetProblems {
		return r.skipped
	}
	return append(slices.Clone(r.skipped[:maxTargetProblems]),
		fmt.Sprintf("%d more targets are not scraped for such reasons.", len(r.skipped)-maxTargetProblems))
}

func (r *roster) logSkipped(before int, skipped []string) {
	switch {
	case before == 0 && len(skipped) > 0:
		r.logger.Warn("targets cannot be scraped", "service", r.service.Name, "count", len(skipped), "reason", skipped[0])
	case before > 0 && len(skipped) == 0:
		r.logger.Info("all targets can be scraped again", "service", r.service.Name)
	}
}
