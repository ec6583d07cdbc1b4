// Command redaction measures the redactor on its corpora, and gitleaks beside it: which
// of the secrets they find, which ordinary texts they touch, and how long they take. The
// table is that of docs/decisions/0008-redaction.md.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/internal/redact/corpus"
)

func main() {
	detector, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	detector.MaxDecodeDepth = 4
	own := redact.New(redact.Options{})
	fmt.Println("| | secrets | tokens | ordinary texts touched | MB/s |")
	fmt.Println("| --- | --- | --- | --- | --- |")
	row("own", own.Text)
	row("gitleaks", func(s string) string {
		for _, f := range detector.DetectString(s) {
			if f.Secret != "" {
				s = strings.ReplaceAll(s, f.Secret, redact.Placeholder)
			}
		}
		return s
	})
}

// row prints what a finder does. Every text is looked at as a message, wherever it would
// stand in an occurrence: gitleaks knows no other places.
func row(name string, find func(string) string) {
	const seed = 0
	secrets, tokens, ordinary := messages(corpus.Secrets(seed)), messages(corpus.Tokens(seed)), messages(corpus.Ordinary(seed))
	touched := 0
	for _, e := range ordinary {
		if find(e.Text) != e.Text {
			touched++
		}
	}
	fmt.Printf("| %s | %d of %d | %d of %d | %d of %d | %.1f |\n", name,
		found(secrets, find), len(secrets), found(tokens, find), len(tokens), touched, len(ordinary), speed(ordinary, find))
}

// messages are the entries that stand anywhere, rather than in a header or body alone.
func messages(entries []corpus.Entry) []corpus.Entry {
	return slices.DeleteFunc(entries, func(e corpus.Entry) bool { return e.Kind != "message" && e.Kind != "key" })
}

// found counts the entries none of whose secrets is left.
func found(entries []corpus.Entry, find func(string) string) int {
	n := 0
	for _, e := range entries {
		got := find(e.Text)
		isLeft := func(secret string) bool {
			return strings.Count(got, secret) > strings.Count(strings.Join(e.Rest, "\x00"), secret)
		}
		if !slices.ContainsFunc(e.Secrets, isLeft) {
			n++
		}
	}
	return n
}

// speed is how many megabytes a second a finder gets through.
func speed(entries []corpus.Entry, find func(string) string) float64 {
	const long = time.Second
	bytes := 0
	start := time.Now()
	for time.Since(start) < long {
		for _, e := range entries {
			find(e.Text)
			bytes += len(e.Text)
		}
	}
	return float64(bytes) / 1e6 / time.Since(start).Seconds()
}
