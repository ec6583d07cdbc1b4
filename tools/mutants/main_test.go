package main

import (
	"os"
	"path/filepath"
	"testing"
)

const wired = `package wired

import "log/slog"

const maxNames = 2

type options struct {
	first, second string
}

type thing struct {
	options
	begun, ended bool
	names        []string
}

func newThing() *thing {
	t := &thing{options: options{first: "a", second: "b"}}
	t.begin()
	t.ended = true
	slog.Info("made")
	return t
}

func (t *thing) begin() { t.begun = true }

func (t *thing) add(name string) {
	if len(t.names) < maxNames {
		t.names = append(t.names, name)
	}
}
`

const wiredTest = `package wired

import "testing"

func TestNewThing(t *testing.T) {
	if x := newThing(); !x.begun || x.first != "a" {
		t.Error(x)
	}
}

func TestAdd(t *testing.T) {
	x := &thing{}
	for range 3 {
		x.add("a")
	}
	if len(x.names) != 2 {
		t.Error(x.names)
	}
}
`

func TestOutcomes(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module wired\n\ngo 1.26\n", "wired.go": wired, "wired_test.go": wiredTest} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]outcome{
		`wired.go:5: 2`: noticed,
		`wired.go:18: options: options{first: "a", second: "b"}`: noticed,
		`wired.go:18: first: "a",`:                               noticed,
		`wired.go:18: second: "b"`:                               survived,
		`wired.go:19: t.begin()`:                                 noticed,
		`wired.go:20: t.ended = true`:                            survived,
		`wired.go:25: t.begun = true`:                            noticed,
		`wired.go:29: t.names = append(t.names, name)`:           noticed,
	}
	mutants, err := find(dir)
	if err != nil {
		t.Fatal(err)
	}
	test := tester{dir: dir}
	for _, m := range mutants {
		got, out, err := test.test(m)
		if err != nil {
			t.Fatal(err)
		}
		if expected, ok := want[m.String()]; !ok || got != expected {
			t.Errorf("%s: %s, want %q\n%s", m, got, expected, out)
		}
		delete(want, m.String())
	}
	for name := range want {
		t.Errorf("not tried: %s", name)
	}
	if err := run([]string{"-only", "begin", dir}); err != nil {
		t.Error(err)
	}
	if err := run([]string{"-only", "ended", dir}); err == nil {
		t.Error("a line that no test notices is no error")
	}
	if err := run([]string{"-only", "nothing", dir}); err == nil {
		t.Error("nothing was tried, and that is no error")
	}
}
