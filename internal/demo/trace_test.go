package demo

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestParseTrace(t *testing.T) {
	lines := func(text string) []string { return strings.Split(text, "\n") }
	for _, tt := range []struct {
		name string
		got  *periskop.Exception
		want *periskop.Exception
	}{
		{
			"Java with a cause",
			exception(lines("a.B: outer: failed\n\tat x(Y.scala:1)\n\tat z(Z.java:2)\nCaused by: c.D: inner\n\tat w(W.java:3)")),
			&periskop.Exception{
				Class: "a.B", Message: "outer: failed", Stacktrace: []string{"x(Y.scala:1)", "z(Z.java:2)"},
				Cause: &periskop.Exception{Class: "c.D", Message: "inner", Stacktrace: []string{"w(W.java:3)"}},
			},
		},
		{
			"Ruby",
			exception(lines("Shop::Error: failed\napp.rb:1:in `x'")),
			&periskop.Exception{Class: "Shop::Error", Message: "failed", Stacktrace: []string{"app.rb:1:in `x'"}},
		},
		{
			"Node.js",
			exception(lines("TypeError: failed\n    at x (a.ts:1:2)")),
			&periskop.Exception{Class: "TypeError", Message: "failed", Stacktrace: []string{"    at x (a.ts:1:2)"}},
		},
		{
			"Python",
			pythonException(lines("Traceback (most recent call last):\n  File \"a.py\", line 1, in x\npkg.mod.Error: failed: twice")),
			&periskop.Exception{Class: "Error", Message: "failed: twice", Stacktrace: []string{
				"Traceback (most recent call last):", "  File \"a.py\", line 1, in x", "pkg.mod.Error: failed: twice",
			}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.got, tt.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// TestTraces reads every file, and finds each of them in use.
func TestTraces(t *testing.T) {
	used := map[string]bool{"payments/after-deploy": true}
	for _, s := range shop() {
		for _, f := range s.failures {
			used[f.what] = true
		}
		for _, d := range s.debuts {
			used[d.what] = true
		}
	}
	files, err := fs.Glob(traces, "traces/*/*.txt")
	if err != nil || len(files) < 16 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "traces/"), ".txt")
		e := readTrace(name)
		if e.Class == "" || e.Message == "" || len(e.Stacktrace) < 16 {
			t.Errorf("%s is poor: %s: %s, %d lines", name, e.Class, e.Message, len(e.Stacktrace))
		}
		if !used[e.Class] && !used[name] {
			t.Errorf("%s is raised by nobody", name)
		}
	}
}
