//go:build e2e

package fidelity_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
)

// federationScenarios are the cases in which an exporter counts what others tell.
func federationScenarios() []scenario {
	return []scenario{
		{"exporter over exporters", "An exporter scrapes `/federate` of two others, which have half of the targets each; all three are killed in turn.", buildFederation},
		{"shards change in number", "An exporter scrapes `/federate` of shards, over which six targets are spread: three of them, then five, then two, and so on. Targets restart meanwhile.", buildShards},
		{"shard loses its disk", "An exporter scrapes `/federate` of three shards; they are killed in turn, and their storage deleted.", buildShardLost},
		{"exporter over replicas", "An exporter scrapes `/federate` of two others, which both have all targets; the targets restart.", buildReplicas},
		{"exporter over exporters over exporters", "An exporter scrapes `/federate` of one that does so, and of one that has targets of its own; the targets restart.", buildTower},
	}
}

// over has the exporter scrape what others tell of the service of the run.
func (r *run) over(exporter string, lower ...string) {
	r.world.configure(exporter, func() string {
		r.addresses[exporter] = nil
		for _, name := range lower {
			r.addresses[exporter] = append(r.addresses[exporter], strings.TrimPrefix(r.world.exporters[name].URL, "http://"))
		}
		return r.config(exporter, fmt.Sprintf("endpoint: /federate, params: {service_name: [%s]}", r.service))
	})
}

// countedOver adds a row for what the exporter counts of what any of the lower ones is told.
func (r *run) countedOver(exporter string, lower ...string) {
	row := r.countedBy(exporter)
	row.truth = func() fleet.Truth {
		var told []string
		for _, name := range lower {
			told = append(told, r.addresses[name]...)
		}
		return r.fleet.Truth(told...)
	}
	r.key = moreAndMore
}

func (r *run) lower(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s, below %d", r.name, i+1)
	}
	return names
}

func buildFederation(t *testing.T, r *run) {
	lower := r.lower(2)
	for i := range 4 {
		r.add(t, fleet.ProcessOptions{}, lower[i%2])
	}
	for _, name := range lower {
		r.scrapedBy(name)
	}
	r.over(r.name, lower...)
	r.countedOver(r.name, lower...)
	all := append(lower, r.name)
	r.disturb(2*time.Second, func(t *testing.T, i int) {
		r.world.exporters[all[i%len(all)]].Kill(t)
		r.world.exporters[all[i%len(all)]].Start(t)
	})
}

// spread are shards that find targets in files.
type spread struct {
	files     []string
	addresses func() []string
}

// over spreads the targets over so many shards, as a hash of their addresses does.
func (s *spread) over(t *testing.T, n int) {
	t.Helper()
	parts := make([][]string, len(s.files))
	for i, address := range s.addresses() {
		parts[i%n] = append(parts[i%n], address)
	}
	for i, file := range s.files {
		writeTargets(t, file, parts[i])
	}
}

// shards gives the run targets that are spread over the first of so many exporters.
func (r *run) shards(t *testing.T, exporters, first int) (*spread, []string) {
	t.Helper()
	lower, all := r.lower(exporters), r.name+", all shards"
	for range 6 {
		r.add(t, fleet.ProcessOptions{}, all)
	}
	s := &spread{addresses: func() []string { return r.addresses[all] }}
	for _, name := range lower {
		file := filepath.Join(t.TempDir(), "targets.json")
		s.files = append(s.files, file)
		r.world.configure(name, func() string { return r.fileConfig(file) })
	}
	s.over(t, first)
	r.over(r.name, lower...)
	r.countedOver(r.name, all)
	return s, lower
}

func buildShards(t *testing.T, r *run) {
	s, _ := r.shards(t, 5, 3)
	sizes := []int{5, 2, 3}
	r.disturb(2*time.Second, func(t *testing.T, i int) {
		s.over(t, sizes[i%len(sizes)])
		r.restartOne(t, i)
	})
}

// buildShardLost has no target end: what one told a shard just before that lost its disk, and
// is not there to tell again, is lost with it.
func buildShardLost(t *testing.T, r *run) {
	_, lower := r.shards(t, 3, 3)
	r.disturb(3*time.Second, func(t *testing.T, i int) {
		shard := r.world.exporters[lower[i%len(lower)]]
		shard.Kill(t)
		if err := os.RemoveAll(shard.Data); err != nil {
			t.Fatal(err)
		}
		shard.Start(t)
	})
}

func buildReplicas(t *testing.T, r *run) {
	lower := r.lower(2)
	for range 4 {
		r.add(t, fleet.ProcessOptions{}, lower...)
	}
	for _, name := range lower {
		r.scrapedBy(name)
	}
	r.over(r.name, lower...)
	r.countedOver(r.name, lower...)
	r.disturb(2*time.Second, r.restartOne)
}

func buildTower(t *testing.T, r *run) {
	lower, middle := r.lower(3), r.name+", in the middle"
	for i := range 6 {
		r.add(t, fleet.ProcessOptions{}, lower[i%3])
	}
	for _, name := range lower {
		r.scrapedBy(name)
	}
	r.over(middle, lower[0], lower[1])
	r.over(r.name, middle, lower[2])
	r.countedOver(r.name, lower...)
	r.disturb(2*time.Second, r.restartOne)
}
