package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A Link leads to another program. Its URL has names in braces in it: see [view.ways].
type Link struct{ Name, URL string }

// Ways are what leads out of the pages of a service.
type Ways struct {
	Team   string // who looks after the service; "" for not known
	Source []SourceLink
	Links  []Link
}

// ways returns the links from the page of an exception, with one of its occurrences or none.
func (v *view) ways(w *Ways, e *merge.Exception, at int) []query {
	list := v.silence(e)
	if len(w.Links) == 0 {
		return list
	}
	o := &periskop.Occurrence{}
	if e.Kept.Len() > 0 {
		o = &e.Occurrences()[at]
	}
	fields := []string{
		"{service}", e.Service, "{team}", w.Team, "{exception_id}", e.ID, "{key}", e.Key, "{class}", e.Class,
		"{severity}", cmp.Or(o.Severity, strings.Join(severitiesOf(e), ",")), "{version}", o.Labels.Value(merge.VersionLabel),
		"{instance}", o.Instance, "{title}", ticketTitle(e, o), "{link}", v.externalLink(e.ID, o.UUID), "{body}", "",
	}
	if slices.ContainsFunc(w.Links, func(l Link) bool { return strings.Contains(l.URL, "{body}") }) {
		fields[len(fields)-1] = v.ticketBody(e, at)
	}
	return append(list, filled(w.Links, fields)...)
}

// serviceWays returns those that need no exception.
func serviceWays(w *Ways, service string) []query {
	var links []Link
	for _, l := range w.Links {
		if !strings.Contains(strings.NewReplacer("{service}", "", "{team}", "").Replace(l.URL), "{") {
			links = append(links, l)
		}
	}
	return filled(links, []string{"{service}", service, "{team}", w.Team})
}

// filled returns the links with fields, given as names and values in turn, filled in.
func filled(links []Link, fields []string) []query {
	for i := 1; i < len(fields); i += 2 {
		most := maxField
		if fields[i-1] == "{body}" {
			most = maxBody
		}
		fields[i] = escaped(upTo(plainText(fields[i], lines), most))
	}
	r := strings.NewReplacer(fields...)
	var list []query
	for _, l := range links {
		list = append(list, query{l.Name, r.Replace(l.URL)})
	}
	return list
}

// maxBody and maxField are how many bytes the body of a ticket and any other field may take when
// they are encoded: servers refuse addresses of more than 8 kB.
const (
	maxBody  = 5_500
	maxField = 1_000
)

// upTo returns as much of s as takes most bytes when it is encoded.
func upTo(s string, most int) string {
	size := 0
	for i, r := range s {
		if size += len(escaped(string(r))); size > most {
			return s[:i]
		}
	}
	return s
}

// ticketTitle is what a ticket is called: in a line what happened, and where.
func ticketTitle(e *merge.Exception, o *periskop.Occurrence) string {
	const most = 120
	title := cmp.Or(e.Class, e.Key, "(no class, no key)")
	if words := strings.Fields(o.Error.Message); len(words) > 0 {
		message, more := beginning(strings.Join(words, " "), most)
		if title += ": " + message; more {
			title += " …"
		}
	}
	return title + " (" + e.Service + ")"
}

// ticketBody is the Markdown of a trace, or as much of it as an address has room for. What it
// leaves out is behind its link.
func (v *view) ticketBody(e *merge.Exception, at int) string {
	for _, size := range []ticketSize{ticket, {frames: 8, causes: 1, message: 1_000}, {frames: 3, message: 300}} {
		if body := v.markdown(e, at, size); len(escaped(body)) <= maxBody {
			return body
		}
	}
	return v.externalLink(e.ID, "")
}

// silence leads to Alertmanager's form for a new silence of the exception.
func (v *view) silence(e *merge.Exception) []query {
	if v.AlertmanagerURL == nil {
		return nil
	}
	filter := "{" + names.ServiceName + "=" + quotedMatcher(e.Service) + "," + names.ExceptionID + "=" + quotedMatcher(e.ID) + "}"
	return []query{{"Silence", strings.TrimSuffix(v.AlertmanagerURL.String(), "/") + "/#/silences/new?filter=" + escaped(filter)}}
}

// quotedMatcher quotes a value as matchers of Alertmanager have it.
func quotedMatcher(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
