package redact_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/internal/redact/corpus"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// seeds are how many different tokens each entry of the corpus is tried with.
const seeds = 10

// placed redacts an entry where its kind says that it stands.
func placed(r *redact.Redactor, e corpus.Entry) string {
	header, ofHeader := strings.CutPrefix(e.Kind, "header ")
	switch {
	case e.Kind == "url":
		return r.Occurrence(periskop.Occurrence{HTTPContext: &periskop.HTTPContext{URL: e.Text}}).HTTPContext.URL
	case e.Kind == "body":
		return body(r, e.Text, "")
	case e.Kind == "form":
		return body(r, e.Text, "application/x-www-form-urlencoded")
	case e.Kind == "stack":
		o := periskop.Occurrence{Error: periskop.Exception{Stacktrace: strings.Split(e.Text, "\n")}}
		return strings.Join(r.Occurrence(o).Error.Stacktrace, "\n")
	case ofHeader:
		o := periskop.Occurrence{HTTPContext: &periskop.HTTPContext{Headers: []periskop.Header{{Name: header, Value: e.Text}}}}
		return r.Occurrence(o).HTTPContext.Headers[0].Value
	default:
		return r.Text(e.Text)
	}
}

// quotedPlaceholder is one in place of a number, which needs quotation marks.
var quotedPlaceholder = regexp.MustCompile(`(?:"|\\"|'|&quot;)?<redacted>(?:"|\\"|'|&quot;)?`)

func unquoted(s string) string { return quotedPlaceholder.ReplaceAllString(s, redact.Placeholder) }

// TestCorpusSecrets checks that every secret of the corpus is replaced, and nothing else.
func TestCorpusSecrets(t *testing.T) {
	r := redact.New(redact.Options{})
	for seed := range uint64(seeds) {
		for _, e := range append(corpus.Secrets(seed), corpus.Tokens(seed)...) {
			got, want := placed(r, e), strings.Join(e.Rest, redact.Placeholder)
			if unquoted(got) != unquoted(want) {
				t.Errorf("%s:\n from %s\n  got %s\n want %s", e.Name, e.Text, got, want)
			}
			if again := placed(r, corpus.Entry{Kind: e.Kind, Text: got}); again != got {
				t.Errorf("%s is not idempotent:\n once %s\ntwice %s", e.Name, got, again)
			}
		}
	}
}

// TestCorpusOrdinary checks that nothing is replaced in texts without secrets.
func TestCorpusOrdinary(t *testing.T) {
	r := redact.New(redact.Options{})
	for seed := range uint64(seeds) {
		for _, e := range corpus.Ordinary(seed) {
			if got := placed(r, e); got != e.Text {
				t.Errorf("%s:\n from %s\n  got %s", e.Kind, e.Text, got)
			}
		}
	}
}

// BenchmarkCorpus redacts the ordinary texts of the corpus, many of which speak of
// passwords and tokens.
func BenchmarkCorpus(b *testing.B) {
	r := redact.New(redact.Options{})
	list := corpus.Ordinary(0)
	bytes := 0
	for _, e := range list {
		bytes += len(e.Text)
	}
	b.SetBytes(int64(bytes))
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range list {
			r.Text(e.Text)
		}
	}
}
