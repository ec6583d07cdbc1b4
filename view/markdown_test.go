package view_test

import (
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestMarkdownIsText has what strangers send break out of the code that it is in.
func TestMarkdownIsText(t *testing.T) {
	const evil = "``` `` ` ````\n# heading\n@everyone <img src=x> [x](http://evil.test) **b**\n| a | b |\n```\nafter"
	w := newWorld(merge.ServiceSettings{Name: "s`" + evil})
	w.serve("s`"+evil, "i`"+evil, nil, reportOf("`"+evil+"`", periskop.Exception{
		Class: evil, Message: evil, Stacktrace: []string{evil, "\tat com.example.A.f(A.java:1)"},
		Cause: &periskop.Exception{Class: evil, Message: evil},
	}))
	id := w.state.Snapshot().Services[0].Exceptions[0].ID
	body := get(t, w.handler(t), "/trace/"+id+"/markdown").Body.String()
	for i, line := range outsideOfCode(body) {
		for _, s := range []string{"evil.test", "@everyone", "<img", "heading", "| a"} {
			if strings.Contains(line, s) {
				t.Errorf("line %d is markup: %q", i, line)
			}
		}
	}
	if strings.Count(body, "after") < 5 {
		t.Errorf("what was sent is not there:\n%s", body)
	}
}

// outsideOfCode returns what of Markdown is not code, as CommonMark has it
// (https://spec.commonmark.org/0.31.2/#fenced-code-blocks, #code-spans).
func outsideOfCode(markdown string) []string {
	var out []string
	fence := ""
	for line := range strings.SplitSeq(markdown, "\n") {
		run := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(run) >= 3 && !strings.Contains(line[len(run):], "`"):
			fence = run
		case fence != "" && len(run) >= len(fence) && strings.TrimSpace(line) == run:
			fence = ""
		case fence == "":
			out = append(out, withoutSpans(line))
		}
	}
	return out
}

func withoutSpans(line string) string {
	var b strings.Builder
	for line != "" {
		before, rest, ok := strings.Cut(line, "`")
		b.WriteString(before)
		if !ok {
			break
		}
		n := 1 + len(rest) - len(strings.TrimLeft(rest, "`"))
		rest = strings.TrimLeft(rest, "`")
		line = ""
		for i := 0; i < len(rest); i++ {
			m := len(rest[i:]) - len(strings.TrimLeft(rest[i:], "`"))
			if m == n {
				line = rest[i+m:]
				break
			}
			i += max(m-1, 0)
		}
	}
	return b.String()
}

// TestMarkdownIsShort has what is too long for a ticket.
func TestMarkdownIsShort(t *testing.T) {
	w := hostileWorld(t)
	h := w.handler(t)
	for _, e := range w.state.Snapshot().Services[0].Exceptions {
		if body := get(t, h, "/trace/"+e.ID+"/markdown").Body.String(); len(body) > 200_000 || strings.ContainsAny(body, "\x1b\x00\x07") {
			t.Errorf("%.40q: %d bytes, or what steers a terminal", e.Key, len(body))
		}
	}
	many := get(t, h, "/trace/"+merge.ExceptionID(w.targets[0].Service, "many causes")+"/markdown").Body.String()
	for _, want := range []string{"Caused by `Cause1`", "more causes", "Caused by `Cause200`"} {
		if !strings.Contains(many, want) {
			t.Errorf("no %q", want)
		}
	}
}
