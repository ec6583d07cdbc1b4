package collector

import (
	"bufio"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A text writes the families of exceptions in one of the text formats, byte for byte as
// package expfmt does, without a value of several allocations per line in between: there
// can be some 100,000 of them. The formats are those of
// https://prometheus.io/docs/instrumenting/exposition_formats/ and
// https://prometheus.io/docs/specs/om/open_metrics_spec/.
type text struct {
	w           *bufio.Writer
	openMetrics bool
	line        []byte
	labels      []byte // of the line
	replica     string // in each line, "" for none
	all         periskop.Labels
	err         error
}

// isLegacy reports whether the label names of all families can be written without
// quotation marks. Those of series next to each other are nearly always the same.
func isLegacy(x *merge.Exposition) bool {
	var before periskop.Labels
	ok := true
	check := func(labels periskop.Labels) {
		for i, l := range labels {
			if ok && (i >= len(before) || before[i].Name != l.Name) {
				ok = model.LegacyValidation.IsValidLabelName(l.Name)
			}
		}
		before = labels
	}
	for _, s := range x.Exceptions {
		check(s.Labels)
	}
	for _, s := range x.Regressed {
		check(s.Labels)
	}
	for _, s := range x.Seen {
		check(s.Labels)
	}
	return ok
}

// header writes what stands above the samples of a family.
func (t *text) header(name, kind string) {
	help := names.Find(name).Help
	if t.openMetrics {
		name = strings.TrimSuffix(name, "_total")
	}
	t.line = append(t.line[:0], "# HELP "...)
	t.line = append(t.line, name...)
	t.line = append(t.line, ' ')
	t.line = append(t.line, help...)
	t.line = append(t.line, "\n# TYPE "...)
	t.line = append(t.line, name...)
	t.line = append(t.line, ' ')
	t.line = append(t.line, kind...)
	t.flush()
}

// flush writes the line and ends it.
func (t *text) flush() {
	t.line = append(t.line, '\n')
	if t.err == nil {
		_, t.err = t.w.Write(t.line)
	}
	t.line = t.line[:0]
}

func (t *text) counters(name string, series []*merge.Series) error {
	if len(series) == 0 {
		return nil
	}
	t.header(name, "counter")
	for _, s := range series {
		t.labels = t.appendLabels(s.Labels)
		t.sample(name, float64(s.Value))
		if t.openMetrics {
			t.exemplar(s)
		}
		t.flush()
	}
	return t.err
}

func (t *text) gauges(name string, seen []*merge.Seen, value func(*merge.Seen) time.Time) error {
	if len(seen) == 0 {
		return nil
	}
	t.header(name, "gauge")
	for _, s := range seen {
		t.labels = t.appendLabels(s.Labels)
		t.sample(name, seconds(value(s)))
		t.flush()
	}
	return t.err
}

func (t *text) muted(list []merge.MutedException) error {
	if len(list) == 0 {
		return nil
	}
	t.header(names.ExceptionMuted, "gauge")
	for _, m := range list {
		t.labels = t.appendLabels(mutedLabels(m))
		t.sample(names.ExceptionMuted, 1)
		t.flush()
	}
	return t.err
}

func (t *text) sample(name string, value float64) {
	t.line = append(t.line, name...)
	t.line = append(t.line, t.labels...)
	t.line = append(t.line, ' ')
	t.float(value)
}

// appendLabels returns the labels of a line.
func (t *text) appendLabels(labels periskop.Labels) []byte {
	if t.replica != "" {
		t.all = appendReplica(t.all[:0], labels, t.replica)
		labels = t.all
	}
	return appendLabels(t.labels[:0], labels)
}

func appendLabels(b []byte, labels periskop.Labels) []byte {
	separator := byte('{')
	for i := range labels {
		b = append(b, separator)
		b = appendLabel(b, labels[i].Name, labels[i].Value)
		separator = ','
	}
	if len(labels) > 0 {
		b = append(b, '}')
	}
	return b
}

func appendLabel(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, `="`...)
	if strings.IndexByte(value, '\\') < 0 && strings.IndexByte(value, '"') < 0 && strings.IndexByte(value, '\n') < 0 {
		b = append(b, value...)
		return append(b, '"')
	}
	for i := range len(value) {
		switch c := value[i]; c {
		case '\n':
			b = append(b, `\n`...)
		case '\\', '"':
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// float appends f, which is not negative, as expfmt does: in OpenMetrics with a point or
// an exponent always.
func (t *text) float(f float64) {
	const smallest = 1_000_000 // that is written with an exponent
	if n := uint64(f); float64(n) == f && n < smallest {
		t.line = strconv.AppendUint(t.line, n, 10)
		if t.openMetrics {
			t.line = append(t.line, ".0"...)
		}
		return
	}
	t.line = strconv.AppendFloat(t.line, f, 'g', -1, 64)
}

// exemplar names the newest occurrence.
func (t *text) exemplar(s *merge.Series) {
	uuid, ok := exemplarOf(s)
	if !ok {
		return
	}
	t.line = append(t.line, " # {"...)
	t.line = appendLabel(t.line, names.Occurrence, uuid)
	t.line = append(t.line, "} 1.0"...)
	if !s.NewestAt.IsZero() {
		t.line = append(t.line, ' ')
		t.float(float64(s.NewestAt.UnixNano()) / 1e9)
	}
}

// exemplarOf returns the UUID of the newest occurrence, and whether there is one to be
// shown: OpenMetrics gives name and value of its label 128 characters together, and no
// UUID comes near.
func exemplarOf(s *merge.Series) (string, bool) {
	if s.Newest == "" || s.Value == 0 || utf8.RuneCountInString(s.Newest) > 100 {
		return "", false
	}
	return strings.ToValidUTF8(s.Newest, "\ufffd"), true
}
