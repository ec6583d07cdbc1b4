package collector

import (
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// exceptionFamilies returns the families that have metrics, sorted by name.
func exceptionFamilies(x *merge.Exposition, replica string) []*dto.MetricFamily {
	all := []*dto.MetricFamily{
		{
			Name: proto.String(names.ExceptionFirstSeen), Help: help(names.ExceptionFirstSeen),
			Type:   dto.MetricType_GAUGE.Enum(),
			Metric: gauges(x.Seen, func(s *merge.Seen) time.Time { return s.First }),
		},
		{
			Name: proto.String(names.ExceptionLastSeen), Help: help(names.ExceptionLastSeen),
			Type:   dto.MetricType_GAUGE.Enum(),
			Metric: gauges(x.Seen, func(s *merge.Seen) time.Time { return s.Last }),
		},
		{
			Name: proto.String(names.ExceptionMuted), Help: help(names.ExceptionMuted),
			Type: dto.MetricType_GAUGE.Enum(), Metric: muted(x.Muted),
		},
		{
			Name: proto.String(names.ExceptionsRegressedTotal), Help: help(names.ExceptionsRegressedTotal),
			Type: dto.MetricType_COUNTER.Enum(), Metric: counters(x.Regressed),
		},
		{
			Name: proto.String(names.ExceptionsTotal), Help: help(names.ExceptionsTotal),
			Type: dto.MetricType_COUNTER.Enum(), Metric: counters(x.Exceptions),
		},
	}
	out := all[:0]
	for _, f := range all {
		addReplica(f, replica)
		if len(f.Metric) > 0 {
			out = append(out, f)
		}
	}
	return out
}

func counters(series []*merge.Series) []*dto.Metric {
	out := make([]*dto.Metric, len(series))
	for i, s := range series {
		out[i] = &dto.Metric{
			Label: pairs(s.Labels),
			Counter: &dto.Counter{
				Value: proto.Float64(float64(s.Value)),
				// To the second, as the text format turns fractions into noise.
				CreatedTimestamp: timestamppb.New(s.Start.Truncate(time.Second)),
				Exemplar:         exemplar(s),
			},
		}
	}
	return out
}

func exemplar(s *merge.Series) *dto.Exemplar {
	uuid, ok := exemplarOf(s)
	if !ok {
		return nil
	}
	e := &dto.Exemplar{
		Label: []*dto.LabelPair{{Name: proto.String(names.Occurrence), Value: proto.String(uuid)}},
		Value: proto.Float64(1),
	}
	if !s.NewestAt.IsZero() {
		e.Timestamp = timestamppb.New(s.NewestAt)
	}
	return e
}

func gauges(seen []*merge.Seen, value func(*merge.Seen) time.Time) []*dto.Metric {
	out := make([]*dto.Metric, len(seen))
	for i, s := range seen {
		out[i] = &dto.Metric{
			Label: pairs(s.Labels),
			Gauge: &dto.Gauge{Value: proto.Float64(seconds(value(s)))},
		}
	}
	return out
}

func muted(list []merge.MutedException) []*dto.Metric {
	out := make([]*dto.Metric, len(list))
	for i, m := range list {
		out[i] = &dto.Metric{Label: pairs(mutedLabels(m)), Gauge: &dto.Gauge{Value: proto.Float64(1)}}
	}
	return out
}

// mutedLabels are sorted by name.
func mutedLabels(m merge.MutedException) periskop.Labels {
	return periskop.Labels{{Name: names.ExceptionID, Value: m.ID}, {Name: names.ServiceName, Value: m.Service}}
}

// addReplica adds the replica to the labels of a family, unless it is "".
func addReplica(f *dto.MetricFamily, replica string) {
	if replica == "" {
		return
	}
	for _, m := range f.GetMetric() {
		labels := make(periskop.Labels, 0, len(m.GetLabel())+1)
		for _, l := range m.GetLabel() {
			labels = append(labels, periskop.Label{Name: l.GetName(), Value: l.GetValue()})
		}
		m.Label = pairs(appendReplica(make(periskop.Labels, 0, len(labels)+1), labels, replica))
	}
}

func pairs(labels periskop.Labels) []*dto.LabelPair {
	out := make([]*dto.LabelPair, len(labels))
	for i := range labels {
		out[i] = &dto.LabelPair{Name: &labels[i].Name, Value: &labels[i].Value}
	}
	return out
}

// seconds returns t in seconds since 1970, to the millisecond, which is what
// Prometheus keeps of times.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
