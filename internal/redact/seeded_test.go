package redact_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/internal/redact/corpus"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// seeded is an aggregate and an occurrence with s in every text there is.
func seeded(s string) (periskop.Aggregate, periskop.Occurrence) {
	e := periskop.Exception{Class: s, Message: s, Stacktrace: []string{s, "  at " + s, s}}
	cause := e
	inner := e
	cause.Cause = &inner
	e.Cause = &cause
	o := periskop.Occurrence{
		UUID: s, Timestamp: time.Unix(1, 0), Severity: s, Instance: s, Labels: periskop.Labels{{Name: "version", Value: s}}, Error: e,
		HTTPContext: &periskop.HTTPContext{
			Method: s, URL: "https://x.example/a?q=" + s, Body: s,
			Headers: []periskop.Header{{Name: s, Value: "a"}, {Name: "X-Request", Value: s}, {Name: "Referer", Value: s}, {Name: "Cookie", Value: s}},
		},
	}
	return periskop.Aggregate{Key: s, Severity: s}, o
}

// TestSeeded puts a hundred secrets into every field of an occurrence and of an
// aggregate, whose texts are redacted as labels are, and looks for each.
func TestSeeded(t *testing.T) {
	r := redact.New(redact.Options{})
	for _, e := range corpus.Hundred(1) {
		a, o := seeded(e.Text)
		o = r.Occurrence(o)
		a.Key, a.Severity = r.Text(a.Key), r.Text(a.Severity)
		out, err := json.Marshal(struct {
			A any
			O any
			// What JSON escapes would not be found.
			Plain string
		}{a, o, fmt.Sprintf("%+v %+v %+v %+v %+v", a, o, o.Error.Cause, o.Error.Cause.Cause, o.HTTPContext)})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(out), e.Secrets[0]) {
			t.Errorf("%s: %q is left over in %s", e.Name, e.Secrets[0], out)
		}
	}
}

// TestSameEachTime checks that a text becomes the same wherever and whenever it is
// redacted: labels identify series.
func TestSameEachTime(t *testing.T) {
	list := slices.Concat(corpus.Tokens(2), corpus.Secrets(2), corpus.Ordinary(2))
	first := redact.New(redact.Options{})
	want := make([]string, len(list))
	for i, e := range list {
		want[i] = first.Text(e.Text)
	}
	for i, e := range slices.Backward(list) {
		if got := first.Text(e.Text); got != want[i] {
			t.Errorf("%q became %q, and then %q", e.Text, want[i], got)
		}
		if got := redact.New(redact.Options{}).Text(e.Text); got != want[i] {
			t.Errorf("%q became %q, and elsewhere %q", e.Text, want[i], got)
		}
	}
}
