package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/internal/frames"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A ticketSize is how much a ticket has of an exception.
type ticketSize struct{ frames, causes, message int }

// ticket is what one reads of it. The plain text has the rest.
var ticket = ticketSize{frames: 20, causes: 10, message: 4_000}

// traceMarkdown returns what of a trace goes into a ticket or a chat. What strangers sent
// is in code only, in which nothing is markup.
func (v *view) traceMarkdown(e *merge.Exception, at int) string { return v.markdown(e, at, ticket) }

func (v *view) markdown(e *merge.Exception, at int, size ticketSize) string {
	m := markdownWriter{size: size, own: v.OwnCode(e.Service)}
	m.printf("## %s in %s\n\n", code(cmp.Or(e.Class, e.Key, "(no class, no key)")), code(e.Service))
	var o *periskop.Occurrence
	if e.Kept.Len() > 0 {
		o = &e.Occurrences()[at]
		m.links, m.version = v.Ways(e.Service).Source, o.Labels.Value(merge.VersionLabel)
		m.message(&o.Error)
	}
	m.printf("- Count: %s\n", countText(e))
	m.printf("- First seen: %s, last seen: %s\n", absolute(e.FirstSeen), absolute(e.LastSeen))
	if v := versionText(e); v != "" {
		m.printf("- Version: %s\n", code(v))
	}
	for i := range e.Counts {
		c := &e.Counts[i]
		m.printf("- Counted: %s %s\n", number(c.Counted), code(c.Severity+groupText(c.Group)))
	}
	m.printf("- Key: %s, ID: %s\n", code(e.Key), code(e.ID))
	if e.Grouped > 0 {
		m.printf("- Grouped from %s\n", plural(e.Grouped, "key"))
	}
	uuid := ""
	if o != nil {
		uuid = o.UUID
		m.printf("- This occurrence: %s on %s\n", absolute(o.Timestamp), code(cmp.Or(o.Instance, "(unknown)")))
		if len(o.Labels) > 0 {
			m.printf("- Labels: %s\n", code(labelLine(o.Labels)))
		}
		if c := o.HTTPContext; c != nil {
			m.printf("- HTTP request: %s\n", code(strings.TrimSpace(c.Method+" "+c.URL)))
		}
	}
	if link := v.externalLink(e.ID, uuid); link != "" {
		m.printf("- Link: <%s>\n", link)
	}
	if o != nil {
		m.WriteByte('\n')
		m.frames(&o.Error)
		m.causes(o.Error.Cause)
	}
	return strings.TrimRight(m.String(), "\n") + "\n"
}

// A markdownWriter prints in the common part of all kinds of Markdown.
type markdownWriter struct {
	strings.Builder
	size ticketSize
	own  []string // what is the application's own in stack traces
	// links lead to source code, at the version.
	links   []SourceLink
	version string
}

func (m *markdownWriter) printf(format string, args ...any) { fmt.Fprintf(m, format, args...) }

func (m *markdownWriter) message(e *periskop.Exception) {
	if e.Message == "" {
		return
	}
	m.block(shortened(e.Message, m.size.message))
	m.WriteByte('\n')
}

// frames prints the topmost frames of the application, or those of libraries when it has
// none.
func (m *markdownWriter) frames(e *periskop.Exception) {
	list, isOwn := frames.Topmost(e.Stacktrace, m.own, m.size.frames)
	if len(list) == 0 {
		return
	}
	what := "Own frames"
	if !isOwn {
		what = "Topmost frames"
	}
	m.printf("%s, of %s:\n\n", what, plural(len(e.Stacktrace), "line"))
	m.block(strings.Join(list, "\n"))
	m.WriteByte('\n')
	m.source(e.Stacktrace)
}

// source leads to the source code of the topmost frame. An address has no characters that end it
// or are markup within angle brackets.
func (m *markdownWriter) source(lines []string) {
	if len(lines) > 2*headLines {
		lines = slices.Concat(lines[:headLines], lines[len(lines)-headLines:])
	}
	if address := sourceURL(m.links, frames.TopmostSource(lines, m.own), m.version); address != "" {
		m.printf("Source: <%s>\n\n", address)
	}
}

func (m *markdownWriter) causes(e *periskop.Exception) {
	for n := 0; e != nil; e, n = e.Cause, n+1 {
		if n == m.size.causes && e.Cause != nil {
			left := 0
			for ; e.Cause != nil; e = e.Cause { // the last one is the root
				left++
			}
			m.printf("… %s …\n\n", plural(left, "more cause"))
		}
		m.printf("Caused by %s\n\n", code(cmp.Or(e.Class, "(no class)")))
		m.message(e)
		m.frames(e)
	}
}

// block prints lines of code, between fences that do not occur in them.
func (m *markdownWriter) block(s string) {
	s = plainText(s, lines)
	fence := strings.Repeat("`", max(longestRun(s)+1, 3))
	m.printf("%stext\n%s\n%s\n", fence, s, fence)
}

// code returns s in one line, as code.
func code(s string) string {
	s = plain(shortened(s, lineBudget))
	mark := strings.Repeat("`", longestRun(s)+1)
	if s == "" || strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return mark + s + mark
}

// longestRun is how many backticks follow each other in s at most.
func longestRun(s string) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// shortened returns at most that many bytes of s, and says how many more there are.
func shortened(s string, most int) string {
	first, more := beginning(s, most)
	if !more {
		return s
	}
	return fmt.Sprintf("%s … %s more", first, byteSize(len(s)-len(first)))
}
