package discovery

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/relabel"
)

// targets10000 are 10,000 targets in 100 groups, with the meta labels that a
// Kubernetes pod may have.
func targets10000() []*targetgroup.Group {
	var groups []*targetgroup.Group
	for g := range 100 {
		group := &targetgroup.Group{
			Source: fmt.Sprintf("pod/%03d", g),
			Labels: model.LabelSet{"__meta_kubernetes_namespace": "prod", "__meta_kubernetes_pod_phase": "Running"},
		}
		for i := range 100 {
			group.Targets = append(group.Targets, model.LabelSet{
				"__address__":                       model.LabelValue(fmt.Sprintf("10.0.%d.%d:8080", g, i)),
				"__meta_kubernetes_pod_label_app":   "web",
				"__meta_kubernetes_pod_node_name":   model.LabelValue(fmt.Sprintf("node-%d", i)),
				"__meta_kubernetes_pod_uid":         model.LabelValue(fmt.Sprintf("%08d-%08d", g, i)),
				"__meta_kubernetes_pod_container_p": "8080",
			})
		}
		groups = append(groups, group)
	}
	return groups
}

// BenchmarkUpdate measures what one publication costs for a service with 10,000
// targets.
func BenchmarkUpdate(b *testing.B) {
	s := &configuredService{
		Service: Service{
			Name: "web", Path: "/-/exceptions", Interval: 30 * time.Second, Timeout: 10 * time.Second,
			Relabel: []*relabel.Config{{
				Action: relabel.LabelMap, Regex: relabel.MustNewRegexp("__meta_kubernetes_pod_label_(.+)"),
				Replacement: "$1", NameValidationScheme: model.UTF8Validation,
			}},
		},
		sources: []*source{{groups: map[string]*targetgroup.Group{}}},
	}
	src := s.sources[0]
	src.applyUpdate(targets10000())
	now := time.Now()
	newBlock := func() *block {
		b := &block{logger: slog.New(slog.DiscardHandler)}
		b.update(s, nil, now)
		return b
	}

	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			newBlock()
		}
	})
	b.Run("nothing new", func(b *testing.B) {
		r := newBlock()
		b.ReportAllocs()
		for b.Loop() {
			r.update(s, nil, now)
		}
	})
	b.Run("one group of 100 is new", func(b *testing.B) {
		r := newBlock()
		groups := targets10000()
		i := 0
		b.ReportAllocs()
		for b.Loop() {
			group := *groups[i%len(groups)]
			i++
			src.applyUpdate([]*targetgroup.Group{&group})
			if r.update(s, nil, now) {
				b.Fatal("something has changed")
			}
		}
	})
	b.Run("all groups are new and the same", func(b *testing.B) {
		r := newBlock()
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			src.applyUpdate(targets10000())
			b.StartTimer()
			if r.update(s, nil, now) {
				b.Fatal("something has changed")
			}
		}
	})
}
