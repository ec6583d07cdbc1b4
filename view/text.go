package view

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/frames"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// serveText answers with a trace as plain text, whole however long it is. Characters
// that would steer a terminal are marks here as well.
func (v *view) serveText(w http.ResponseWriter, r *http.Request) { v.serveCopy(w, r, v.traceText) }

// serveMarkdown answers with what of a trace goes into a ticket.
func (v *view) serveMarkdown(w http.ResponseWriter, r *http.Request) {
	v.serveCopy(w, r, v.traceMarkdown)
}

// serveCopy answers with a form of a trace that is text, of the occurrence that is asked
// for. Browsers show it, which they would not do with a type of its own.
func (v *view) serveCopy(w http.ResponseWriter, r *http.Request, form func(e *merge.Exception, at int) string) {
	e := v.find(v.Snapshot(), r.PathValue("id"))
	if e == nil {
		v.writePlain(w, http.StatusNotFound, "No exception has this ID now.\n")
		return
	}
	e = e.Read()
	at := indexOf(e.Occurrences(), r.URL.Query().Get(names.Occurrence))
	if at < 0 {
		v.writePlain(w, http.StatusNotFound, "This occurrence is not kept any more; without ?occurrence= the newest one is shown.\n")
		return
	}
	v.writePlain(w, http.StatusOK, form(e, at))
}

func (v *view) traceText(e *merge.Exception, at int) string {
	t := textWriter{own: v.OwnCode(e.Service)}
	t.WriteString(plain(traceTitle(e)) + "\n\n")
	t.facts(
		"Service", e.Service,
		"Key", e.Key,
		"ID", e.ID,
		"Class", e.Class,
		"Count", countText(e),
		"First seen", absolute(e.FirstSeen),
		"Last seen", absolute(e.LastSeen),
		"Version", versionText(e),
	)
	if e.Grouped > 0 {
		t.fact("Grouped", "from "+plural(e.Grouped, "key"))
	}
	for i := range e.Counts {
		c := &e.Counts[i]
		t.fact("Counted", fmt.Sprintf("%s %s%s", number(c.Counted), c.Severity, groupText(c.Group)))
	}
	if e.Kept.Len() == 0 {
		t.facts("Link", v.externalLink(e.ID, ""))
		return t.String()
	}
	o := &e.Occurrences()[at]
	t.facts(
		"Occurrence", o.UUID+" ("+ordinal(at, e.Kept.Len())+")",
		"Time", absolute(o.Timestamp),
		"Instance", o.Instance,
		"Labels", labelLine(o.Labels),
		"Severity", o.Severity,
		"Link", v.externalLink(e.ID, o.UUID),
	)
	t.exception(&o.Error)
	t.context(o.HTTPContext)
	return t.String()
}

// traceTitle is what a ticket about the exception is called.
func traceTitle(e *merge.Exception) string {
	return cmp.Or(e.Class, e.Key, "(no class, no key)") + " in " + e.Service
}

// externalLink returns the permalink as it is reached from outside, or nothing when
// that is not known.
func (v *view) externalLink(id, uuid string) string {
	if v.ExternalURL == nil {
		return ""
	}
	to := links{strings.TrimSuffix(v.ExternalURL.String(), "/") + "/"}
	return to.trace(id, uuid)
}

func absolute(t time.Time) string { return cmp.Or(newMoment(t, t).Precise, "unknown") }

func countText(e *merge.Exception) string {
	if e.History == 0 {
		return number(e.Total())
	}
	return number(e.Total()) + ", of which " + number(e.History) + " before the watch began"
}

// labelLine is as groupText, for a line of its own.
func labelLine(ls periskop.Labels) string { return strings.TrimSpace(groupText(ls)) }

func groupText(group periskop.Labels) string {
	var b strings.Builder
	for _, l := range group {
		fmt.Fprintf(&b, " %s=%q", l.Name, l.Value)
	}
	return b.String()
}

// A textWriter prints what strangers sent in the form of a terminal.
type textWriter struct {
	strings.Builder
	own []string // what is the application's own in stack traces
}

// facts prints names and values, given in turn, without those that are empty.
func (t *textWriter) facts(namesAndValues ...string) {
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		if value := namesAndValues[i+1]; value != "" {
			t.fact(namesAndValues[i], value)
		}
	}
}

func (t *textWriter) fact(name, value string) {
	fmt.Fprintf(t, "%-12s%s\n", name+":", plain(value))
}

func (t *textWriter) exception(e *periskop.Exception) {
	t.WriteByte('\n')
	for prefix := ""; e != nil; e, prefix = e.Cause, "\nCaused by: " {
		t.WriteString(prefix)
		t.WriteString(plain(cmp.Or(e.Class, "(no class)")))
		if e.Message != "" {
			t.WriteString(": " + plainText(e.Message, lines))
		}
		t.WriteByte('\n')
		t.stack(e.Stacktrace)
	}
}

// stack marks the frames of the application, if there are others.
func (t *textWriter) stack(stacktrace []string) {
	origins := frames.Origins(stacktrace, t.own)
	mixed := slices.Contains(origins, frames.Library)
	for i, frame := range stacktrace {
		indent := "    "
		if mixed && origins[i] == frames.Own {
			indent = "  > "
		}
		t.WriteString(indent + plainText(frame, lines) + "\n")
	}
}

func (t *textWriter) context(c *periskop.HTTPContext) {
	if c == nil {
		return
	}
	fmt.Fprintf(t, "\nHTTP request: %s\n", strings.TrimSpace(plain(c.Method)+" "+plain(c.URL)))
	for _, h := range c.Headers {
		fmt.Fprintf(t, "%s: %s\n", plain(h.Name), plain(h.Value))
	}
	if c.Body != "" {
		t.WriteString("\n" + plainText(c.Body, lines) + "\n")
	}
}
