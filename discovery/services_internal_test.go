package discovery

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	promdiscovery "github.com/prometheus/prometheus/discovery"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// blocksOf makes blocks from lines such as "cluster: cart pay pay", in the order of the
// file: the block, and the services of its targets, each at an address of its own.
func blocksOf(now time.Time, lines ...string) map[string]*block {
	blocks := map[string]*block{}
	for i, line := range lines {
		name, services, _ := strings.Cut(line, ":")
		gone := strings.HasPrefix(name, "-")
		name = strings.TrimPrefix(name, "-")
		b := &block{asked: now, service: &configuredService{
			Service: Service{Name: name, Configs: promdiscovery.Configs{promdiscovery.StaticConfig{}}}, order: i,
		}}
		if gone {
			b.left = now
		}
		for n, of := range strings.Fields(services) {
			b.targets = append(b.targets, &periskop.Target{Service: of, Block: name, URL: fmt.Sprintf("http://%s-%d", name, n)})
		}
		slices.SortStableFunc(b.targets, compareTargets)
		blocks[name] = b
	}
	return blocks
}

// described writes what was found as "cart 2 cluster", the service, how many targets it
// has, and the block whose settings it has.
func described(found *periskop.Found) []string {
	var list []string
	for i := range found.Services {
		s := &found.Services[i]
		list = append(list, fmt.Sprintf("%s %d %s", s.Service, len(s.Targets), s.Block))
	}
	for _, f := range found.Feeders {
		list = append(list, fmt.Sprintf("%s feeds %d with %d", f.Block, f.Services, f.Targets))
	}
	if found.Refused > 0 {
		list = append(list, fmt.Sprintf("%d refused", found.Refused))
	}
	return list
}

func TestServiceSet(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	type step struct {
		after  time.Duration // since the step before
		blocks []string
		limit  int
		want   []string
	}
	for name, steps := range map[string][]step{
		"without labels": {
			{0, []string{"shop: shop shop", "idle:"}, 10, []string{"idle 0 idle", "shop 2 shop"}},
		},
		"one block for all": {
			{0, []string{"cluster:"}, 10, []string{"cluster 0 cluster"}},
			{0, []string{"cluster: cart pay pay"}, 10, []string{"cart 1 cluster", "pay 2 cluster", "cluster feeds 2 with 3"}},
			{0, []string{"cluster: pay"}, 10, []string{"cart 0 cluster", "pay 1 cluster", "cluster feeds 1 with 1"}},
			{6 * time.Hour, []string{"cluster: pay"}, 10, []string{"cart 0 cluster", "pay 1 cluster", "cluster feeds 1 with 1"}},
			{18 * time.Hour, []string{"cluster: pay"}, 10, []string{"pay 1 cluster", "cluster feeds 1 with 1"}},
			{0, []string{"cluster:"}, 10, []string{"cluster 0 cluster", "pay 0 cluster"}},
		},
		"a block with targets of its own": {
			{0, []string{"cluster: cluster pay"}, 10, []string{"cluster 1 cluster", "pay 1 cluster"}},
			{0, []string{"cluster: pay pay"}, 10, []string{"cluster 0 cluster", "pay 2 cluster"}},
			{24 * time.Hour, []string{"cluster: pay pay"}, 10, []string{"pay 2 cluster", "cluster feeds 1 with 2"}},
		},
		"the settings are those of the block of the name": {
			{0, []string{"a: pay", "pay:", "b: pay"}, 10, []string{"pay 2 pay", "a feeds 1 with 1", "b feeds 1 with 1"}},
		},
		"or else of the first in the file": {
			{0, []string{"a:", "b: pay"}, 10, []string{"a 0 a", "pay 1 b", "b feeds 1 with 1"}},
			{0, []string{"a: pay", "b: pay"}, 10, []string{"pay 2 a", "a feeds 1 with 1", "b feeds 1 with 1"}},
			{0, []string{"a:", "b: pay"}, 10, []string{"a 0 a", "pay 1 a", "b feeds 1 with 1"}},
			{0, []string{"b: pay"}, 10, []string{"pay 1 b", "b feeds 1 with 1"}},
		},
		"at the limit, the first stay": {
			{0, []string{"shop: shop", "cluster: d c"}, 3, []string{"c 1 cluster", "d 1 cluster", "shop 1 shop", "cluster feeds 2 with 2"}},
			{0, []string{"shop: shop", "cluster: d c a"}, 3, []string{"c 1 cluster", "d 1 cluster", "shop 1 shop", "cluster feeds 3 with 3", "1 refused"}},
			{0, []string{"shop: shop", "cluster: c a b"}, 3, []string{"c 1 cluster", "d 0 cluster", "shop 1 shop", "cluster feeds 3 with 3", "2 refused"}},
			{time.Minute, []string{"shop: shop", "cluster: d c a b"}, 3, []string{"c 1 cluster", "d 1 cluster", "shop 1 shop", "cluster feeds 4 with 4", "2 refused"}},
			{time.Minute, []string{"shop: shop", "cluster: d c b"}, 3, []string{"c 1 cluster", "d 1 cluster", "shop 1 shop", "cluster feeds 3 with 3", "1 refused"}},
			{time.Minute, []string{"shop: shop", "cluster: c a b"}, 3, []string{"c 1 cluster", "d 0 cluster", "shop 1 shop", "cluster feeds 3 with 3", "2 refused"}},
			// One without targets gives way to the one that waits longest.
			{time.Hour, []string{"shop: shop", "cluster: c a b"}, 3, []string{"b 1 cluster", "c 1 cluster", "shop 1 shop", "cluster feeds 3 with 3", "1 refused"}},
		},
		"at the limit, in the order of their names": {
			{0, []string{"cluster: d c b a"}, 2, []string{"a 1 cluster", "b 1 cluster", "cluster feeds 4 with 4", "2 refused"}},
		},
		"the file has more than the limit": {
			{0, []string{"a: a", "b: b x", "c: c"}, 2, []string{"a 1 a", "b 1 b", "c 1 c", "1 refused"}},
		},
		"the limit is lowered": {
			{0, []string{"cluster: a b"}, 3, []string{"a 1 cluster", "b 1 cluster", "cluster feeds 2 with 2"}},
			{time.Minute, []string{"cluster: a b c"}, 3, []string{"a 1 cluster", "b 1 cluster", "c 1 cluster", "cluster feeds 3 with 3"}},
			{time.Minute, []string{"cluster: a b c"}, 2, []string{"a 1 cluster", "b 1 cluster", "cluster feeds 3 with 3", "1 refused"}},
			{time.Minute, []string{"cluster: a b c"}, 3, []string{"a 1 cluster", "b 1 cluster", "c 1 cluster", "cluster feeds 3 with 3"}},
		},
		"a service of the file comes when all places are taken": {
			{0, []string{"cluster: a b"}, 2, []string{"a 1 cluster", "b 1 cluster", "cluster feeds 2 with 2"}},
			{0, []string{"cluster: a b", "shop: shop"}, 2, []string{"a 1 cluster", "b 1 cluster", "shop 1 shop", "cluster feeds 2 with 2"}},
			{0, []string{"cluster: a b c", "shop: shop"}, 2, []string{"a 1 cluster", "b 1 cluster", "shop 1 shop", "cluster feeds 3 with 3", "1 refused"}},
		},
		"a service moves from a block of its own to a label": {
			{0, []string{"shop: shop", "cluster: a"}, 2, []string{"a 1 cluster", "shop 1 shop", "cluster feeds 1 with 1"}},
			{0, []string{"shop: shop", "cluster: a b"}, 2, []string{"a 1 cluster", "shop 1 shop", "cluster feeds 2 with 2", "1 refused"}},
			// The new block has not answered yet.
			{0, []string{"new:", "cluster: a b", "-shop: shop"}, 2, []string{"a 1 cluster", "new 0 new", "shop 1 shop", "cluster feeds 2 with 2", "1 refused"}},
			{0, []string{"new: shop shop", "cluster: a b", "-shop: shop"}, 2, []string{"a 1 cluster", "shop 3 shop", "cluster feeds 2 with 2", "new feeds 1 with 2", "1 refused"}},
			{0, []string{"new: shop shop", "cluster: a b"}, 2, []string{"a 1 cluster", "shop 2 new", "cluster feeds 2 with 2", "new feeds 1 with 2", "1 refused"}},
			// And back.
			{0, []string{"shop: shop", "cluster: a"}, 2, []string{"a 1 cluster", "shop 1 shop", "cluster feeds 1 with 1"}},
			{0, []string{"cluster: a"}, 2, []string{"a 1 cluster", "cluster feeds 1 with 1"}},
		},
		"the block of a service without targets goes": {
			{0, []string{"x: pay", "y: y"}, 5, []string{"pay 1 x", "y 1 y", "x feeds 1 with 1"}},
			{0, []string{"x:", "y: y"}, 5, []string{"pay 0 x", "x 0 x", "y 1 y"}},
			{0, []string{"y: y"}, 5, []string{"pay 0 y", "y 1 y"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServiceSet(nil, slog.New(slog.DiscardHandler))
			now := start
			for i, step := range steps {
				now = now.Add(step.after)
				found := s.assign(blocksOf(now, step.blocks...), limits{step.limit, 24 * time.Hour}, now)
				if diff := cmp.Diff(described(&found), step.want); diff != "" {
					t.Errorf("step %d, %q (-got +want):\n%s", i, step.blocks, diff)
				}
			}
		})
	}
}

// Services that were there before a restart come first, also when others are found first.
func TestServiceSetKnown(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	known := []NamedService{
		{Name: "z", Block: "cluster", Latest: now.Add(-time.Minute)},
		{Name: "old", Block: "cluster", Latest: now.Add(-23 * time.Hour)},
		{Name: "older", Block: "cluster", Latest: now.Add(-24 * time.Hour)},
		{Name: "shop", Block: "gone", Latest: now.Add(-time.Minute)},
	}
	s := newServiceSet(known, slog.New(slog.DiscardHandler))
	group := func(limit int, lines ...string) periskop.Found {
		return s.assign(blocksOf(now, lines...), limits{limit, 24 * time.Hour}, now)
	}
	found := group(4, "cluster:", "shop:")
	if diff := cmp.Diff(described(&found), []string{"cluster 0 cluster", "old 0 cluster", "shop 0 shop", "z 0 cluster"}); diff != "" {
		t.Errorf("at the start (-got +want):\n%s", diff)
	}
	if want := now.Add(-23 * time.Hour); !found.Services[1].Empty.Equal(want) {
		t.Errorf("old is empty since %v, want %v", found.Services[1].Empty, want)
	}
	if want := now.Add(time.Hour); !s.next.Equal(want) {
		t.Errorf("the next one goes at %v, want %v", s.next, want)
	}
	found = group(3, "cluster: a b z", "shop: shop")
	if diff := cmp.Diff(described(&found), []string{"a 1 cluster", "shop 1 shop", "z 1 cluster", "cluster feeds 3 with 3", "1 refused"}); diff != "" {
		t.Errorf("when targets are found (-got +want):\n%s", diff)
	}
}

// One target that two blocks find is one, that of the first block.
func TestServiceSetDistinct(t *testing.T) {
	now := time.Now()
	blocks := blocksOf(now, "a: pay pay", "b: pay pay")
	blocks["b"].targets[0] = &periskop.Target{Service: "pay", Block: "b", URL: "http://a-1"}
	s := newServiceSet(nil, slog.New(slog.DiscardHandler))
	found := s.assign(blocks, limits{}, now)
	var got []string
	for _, target := range found.Services[0].Targets {
		got = append(got, target.Block+" "+target.URL)
	}
	if diff := cmp.Diff(got, []string{"a http://a-0", "a http://a-1", "b http://b-1"}); diff != "" {
		t.Errorf("targets (-got +want):\n%s", diff)
	}
}

// A block whose targets are no services' does not care for their labels, and has no
// place.
func TestServiceSetFixedName(t *testing.T) {
	now := time.Now()
	blocks := blocksOf(now, "alertmanagers: alertmanagers", "cluster: a b")
	blocks["alertmanagers"].service.FixedName = true
	s := newServiceSet(nil, slog.New(slog.DiscardHandler))
	found := s.assign(blocks, limits{services: 2}, now)
	if diff := cmp.Diff(described(&found), []string{"a 1 cluster", "alertmanagers 1 alertmanagers", "b 1 cluster", "cluster feeds 2 with 2"}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// What is refused is told as a problem of the block, and logged once.
func TestServiceSetTellsOfRefused(t *testing.T) {
	now := time.Now()
	var logs strings.Builder
	s := newServiceSet(nil, slog.New(slog.NewTextHandler(&logs, nil)))
	for range 3 {
		found := s.assign(blocksOf(now, "cluster: a a b b c d e"), limits{services: 1}, now)
		want := []string{`Not scraped, as limits.services is 1 and so many services are there already: "b", "c", "d" and 1 more (targets: 5).`}
		if diff := cmp.Diff(found.Feeders[0].Problems, want); diff != "" {
			t.Errorf("problems (-got +want):\n%s", diff)
		}
	}
	s.assign(blocksOf(now, "cluster: a"), limits{services: 1}, now)
	if got := strings.Count(logs.String(), "past the limit"); got != 1 || !strings.Contains(logs.String(), "scraped again") {
		t.Errorf("the log:\n%s", &logs)
	}
}

// BenchmarkServiceSet measures what one publication costs for 10,000 targets of 300
// services.
func BenchmarkServiceSet(b *testing.B) {
	var services []string
	for i := range 10000 {
		services = append(services, fmt.Sprintf("service-%03d", i%300))
	}
	now := time.Now()
	blocks := blocksOf(now, "cluster: "+strings.Join(services, " "))
	s := newServiceSet(nil, slog.New(slog.DiscardHandler))
	b.ReportAllocs()
	for b.Loop() {
		s.assign(maps.Clone(blocks), limits{services: 1000}, now)
	}
}
