package collector

import (
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// appendReplica appends the labels of a series with that of the replica that tells of it, sorted by
// name. A label of that name that it has already is renamed, as Prometheus does.
func appendReplica(dst, labels periskop.Labels, replica string) periskop.Labels {
	for _, l := range labels {
		if l.Name == names.Replica {
			l.Name = exportedName(labels)
		}
		dst = append(dst, l)
	}
	dst = append(dst, periskop.Label{Name: names.Replica, Value: replica})
	slices.SortFunc(dst, func(a, b periskop.Label) int { return strings.Compare(a.Name, b.Name) })
	return dst
}

// exportedName returns a name for a label whose own is taken.
func exportedName(labels periskop.Labels) string {
	name := model.ExportedLabelPrefix + names.Replica
	for slices.ContainsFunc(labels, func(l periskop.Label) bool { return l.Name == name }) {
		name = model.ExportedLabelPrefix + name
	}
	return name
}

// Labels returns the function by which merge labels its series: the labels of the
// key and of its group, relabelled as Prometheus relabels samples. The rules see the
// metric's name as __name__ and cannot change it. A label that a group shares with
// the key is the key's.
func Labels(rules []*relabel.Config) func(merge.SeriesKey) (periskop.Labels, bool) {
	return func(k merge.SeriesKey) (periskop.Labels, bool) {
		m := make(map[string]string, 5+len(k.Group))
		for _, l := range k.Group {
			m[l.Name] = l.Value
		}
		m[names.ServiceName] = k.Service
		m[names.AggregationKey] = k.Key
		m[names.ExceptionID] = k.ID
		m[names.Class] = k.Class
		if k.Severity != "" {
			m[names.Severity] = k.Severity
		}
		if len(rules) == 0 {
			return periskop.NewLabels(m), true
		}
		m[model.MetricNameLabel] = names.ExceptionsTotal
		return relabelled(m, rules)
	}
}

func relabelled(m map[string]string, rules []*relabel.Config) (periskop.Labels, bool) {
	b := labels.NewBuilder(labels.FromMap(m))
	if !relabel.ProcessBuilder(b, rules...) {
		return nil, false
	}
	b.Del(model.MetricNameLabel)
	out := periskop.Labels{}
	b.Labels().Range(func(l labels.Label) {
		out = append(out, periskop.Label{Name: l.Name, Value: l.Value})
	})
	return out, true
}
