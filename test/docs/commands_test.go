//go:build e2e_docs

package docs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// dry says why a program is only asked whether it knows the command.
var dry = map[string]string{
	"make": "it builds, or runs this very test",
}

// elsewhere says where what such a command installs or starts is tested.
var elsewhere = map[string]string{
	"docker": "make e2e-image, and test/deploy for the compose file",
	"sudo":   "make e2e-packages",
	"tar":    "make e2e-release",
	"cd":     "make e2e-release",
}

// A command is a line that users type, and what it is said to print.
type command struct {
	block
	line string
	want string
}

// commandsOf returns the commands of a block. Where some are marked by a dollar, the
// other lines are what they print.
func commandsOf(b block) []command {
	var out []command
	marked := strings.Contains("\n"+b.text, "\n$ ")
	for line := range strings.Lines(b.text) {
		line = strings.TrimRight(line, "\n")
		typed, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case line == "":
		case isCommand || !marked:
			out = append(out, command{block: b, line: typed})
		case len(out) > 0:
			out[len(out)-1].want += line
		}
	}
	return out
}

// testCommands runs every command of every block.
func (d *demo) testCommands(t *testing.T) {
	w := newWorkplace(t).beside(t, d)
	for _, b := range ofKind(t, commands) {
		for _, c := range commandsOf(b) {
			t.Run(fmt.Sprintf("%s:%d %s", c.page, c.block.line, c.line), func(t *testing.T) { w.try(t, c) })
		}
	}
}

// typed are commands in the text.
var typed = regexp.MustCompile("`(periskop_exporter [^`]+)`")

// testInline runs the commands that stand in the text.
func (d *demo) testInline(t *testing.T) {
	w := newWorkplace(t).beside(t, d)
	stands := strings.NewReplacer("FILE", "config.yaml", "…", "http://periskop.example.com")
	for _, p := range pages(t) {
		for _, m := range typed.FindAllStringSubmatch(p.prose, -1) {
			line := stands.Replace(m[1])
			if line == "periskop_exporter rules" || line == "periskop_exporter dashboards" {
				continue // the name of a command, and not what is typed
			}
			w.try(t, command{block: block{page: p.path}, line: line})
		}
	}
}

func (w *workplace) try(t *testing.T, c command) {
	t.Helper()
	line := w.demoNames.Replace(someID.ReplaceAllString(c.line, w.demo.exceptionID))
	word, rest, _ := strings.Cut(line, " ")
	if strings.Contains(c.want, `"status":"error"`) {
		line = strings.ReplaceAll(line, "curl", "/usr/bin/curl") // which does not fail
	}
	switch {
	case elsewhere[word] != "", strings.HasPrefix(line, "helm install"):
	case dry[word] != "":
		w.run(t, word+" --dry-run -C "+w.root+" "+rest+" >/dev/null")
	case serves(line):
		w.serve(t, line)
	default:
		got := w.run(t, line)
		if c.want != "" && strings.HasPrefix(c.want, "{") || strings.HasPrefix(c.want, "[") {
			sameShape(t, line, got, c.want)
		} else if c.want != "" && strings.TrimSpace(got) != c.want {
			t.Errorf("%s\nprints %q, want %q", line, got, c.want)
		}
	}
}

// someID is the ID of an exception in an example.
var someID = regexp.MustCompile(`\b[0-9a-f]{16}\b`)

// serves reports whether the command runs until it is stopped.
func serves(line string) bool {
	program, args, _ := strings.Cut(line, " ")
	return strings.HasSuffix(program, "periskop_exporter") && strings.HasPrefix(args, "-")
}

// run runs a line as a shell does, and returns what it prints.
func (w *workplace) run(t *testing.T, line string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", "set -o pipefail; "+line)
	cmd.Dir, cmd.Env = w.dir, w.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s\n%v\n%s%s", line, err, out, &stderr)
	}
	return string(out)
}

// sameShape fails when two JSON texts have other members.
func sameShape(t *testing.T, line, got, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		t.Errorf("%s\nprints no JSON: %v in %s", line, err, got)
		return
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Errorf("%s\nthe example of what it prints is no JSON: %v in %s", line, err, want)
		return
	}
	if at := differs(a, b); at != "" {
		t.Errorf("%s\nprints something else than the example: %s\n%s", line, at, got)
	}
}

// differs returns where two values have other members, or are of another kind. Of lists
// the first entries count; what is empty or null fits everything, and the members of what
// has one for each service are names.
func differs(got, want any) string {
	if got == nil || want == nil {
		return ""
	}
	if g, w := fmt.Sprintf("%T", got), fmt.Sprintf("%T", want); g != w {
		return fmt.Sprintf("it has a %s in place of a %s", g, w)
	}
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		have, wanted := slices.Sorted(maps.Keys(g)), slices.Sorted(maps.Keys(w))
		if !slices.Equal(have, wanted) && !slices.Contains(wanted, "checkout") {
			return fmt.Sprintf("it has %v, and the example has %v", have, wanted)
		}
		for _, name := range wanted {
			if free[name] {
				continue
			}
			if at := differs(g[name], w[name]); at != "" {
				return name + ": " + at
			}
		}
	case []any:
		g, _ := got.([]any)
		if len(g) > 0 && len(w) > 0 {
			return differs(g[0], w[0])
		}
	}
	return ""
}

// free are members whose own members are names that users choose.
var free = map[string]bool{"group": true, "labels": true, "discovered_labels": true, "request_headers": true, "inconsistencies": true}
