package collector

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"pgregory.net/rapid"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestTextEqualsExpfmt holds every byte against Prometheus' own encoder.
func TestTextEqualsExpfmt(t *testing.T) {
	value := rapid.OneOf(rapid.StringN(-1, 20, 60), rapid.SampledFrom([]string{"", "error", `a"b\c`, "x\ny"}))
	label := rapid.Custom(func(t *rapid.T) periskop.Label {
		name := rapid.SampledFrom([]string{"aggregation_key", "class", "env", "severity", "a.b", "ü", "replica", "exported_replica"}).Draw(t, "name")
		return periskop.Label{Name: name, Value: strings.ToValidUTF8(value.Draw(t, "value"), "?")}
	})
	labels := rapid.SliceOfNDistinct(label, 0, 4, func(l periskop.Label) string { return l.Name })
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(0, 7e9).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
	})
	series := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *merge.Series {
		return &merge.Series{
			Labels: labels.Draw(t, "labels"), Start: moment.Draw(t, "start"), NewestAt: moment.Draw(t, "newest at"),
			Value:  rapid.OneOf(rapid.Uint64Range(0, 3), rapid.Uint64Range(999_990, 1_000_010), rapid.Uint64Max(1<<53)).Draw(t, "value"),
			Newest: value.Draw(t, "newest"),
		}
	}), 0, 5)
	seen := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *merge.Seen {
		return &merge.Seen{Labels: labels.Draw(t, "labels"), First: moment.Draw(t, "first"), Last: moment.Draw(t, "last")}
	}), 0, 5)
	muted := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) merge.MutedException {
		return merge.MutedException{Service: strings.ToValidUTF8(value.Draw(t, "service"), "?"), ID: "0123456789abcdef"}
	}), 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		x := &merge.Exposition{Exceptions: series.Draw(t, "exceptions"), Regressed: series.Draw(t, "regressed"), Seen: seen.Draw(t, "seen"), Muted: muted.Draw(t, "muted")}
		replica := rapid.SampledFrom([]string{"", "exporter-0", "a \"b\""}).Draw(t, "replica")
		for _, format := range []expfmt.Format{
			expfmt.NewFormat(expfmt.TypeTextPlain), expfmt.NewFormat(expfmt.TypeOpenMetrics),
			expfmt.NewFormat(expfmt.TypeOpenMetrics) + "; escaping=underscores",
		} {
			var got, want bytes.Buffer
			if err := encode(&got, format, nil, x, replica); err != nil {
				t.Fatal(err)
			}
			encoder := expfmt.NewEncoder(&want, format)
			for _, f := range exceptionFamilies(x, replica) {
				if err := encoder.Encode(f); err != nil {
					t.Fatal(err)
				}
			}
			if closer, ok := encoder.(expfmt.Closer); ok {
				_ = closer.Close()
			}
			if diff := cmp.Diff(got.String(), want.String()); diff != "" {
				t.Fatalf("%s (-got +want):\n%s", format, diff)
			}
		}
	})
}
