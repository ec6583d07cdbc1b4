package view

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// serveText answers with a trace as plain text, whole however long it is. Characters
// that would steer a terminal are marks here as well.
func (v *view) serveText(w http.ResponseWriter, r *http.Request) {
	e := findException(v.Snapshot(), r.PathValue("id"))
	if e == nil {
		v.writePlain(w, http.StatusNotFound, "No exception has this ID now.\n")
		return
	}
	at := indexOf(e.Occurrences, r.URL.Query().Get(names.Occurrence))
	if at < 0 {
		v.writePlain(w, http.StatusNotFound, "This occurrence is not kept any more; without ?occurrence= the newest one is shown.\n")
		return
	}
	v.writePlain(w, http.StatusOK, v.traceText(e, at))
}

func (v *view) traceText(e *merge.Exception, at int) string {
	t := textWriter{}
	t.facts(
		"Service", e.Service,
		"Key", e.Key,
		"ID", e.ID,
		"Class", e.Class,
		"Count", countText(e),
		"First seen", absolute(e.FirstSeen),
		"Last seen", absolute(e.LastSeen),
	)
	for i := range e.Counts {
		c := &e.Counts[i]
		t.fact("Counted", fmt.Sprintf("%s %s%s", number(c.Counted), c.Severity, groupText(c.Group)))
	}
	if len(e.Occurrences) == 0 {
		return t.String()
	}
	o := &e.Occurrences[at]
	t.facts(
		"Occurrence", o.UUID+" ("+ordinal(at, len(e.Occurrences))+")",
		"Time", absolute(o.Timestamp),
		"Instance", o.Instance,
		"Severity", o.Severity,
		"Link", v.externalLink(e.ID, o.UUID),
	)
	t.exception(&o.Error)
	t.context(o.HTTPContext)
	return t.String()
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

func groupText(group periskop.Labels) string {
	var b strings.Builder
	for _, l := range group {
		fmt.Fprintf(&b, " %s=%q", l.Name, l.Value)
	}
	return b.String()
}

// A textWriter prints what strangers sent in the form of a terminal.
type textWriter struct{ strings.Builder }

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
		for _, frame := range e.Stacktrace {
			t.WriteString("    " + plainText(frame, lines) + "\n")
		}
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
