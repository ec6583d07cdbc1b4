package view

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// rowsPerPage keeps the list well under 100 kB.
const rowsPerPage = 50

// An exceptionsPage is the list.
type exceptionsPage struct {
	Filter     filter
	Services   []option
	Severities []option
	Sorts      []option
	Columns    []column
	// ClearURL leads to the list without a filter; empty when there is none.
	ClearURL string
	Rows     []exceptionRow
	// OneService is set when all rows are of one service.
	OneService bool
	Pager      pager
	Empty      *emptyList
}

// An option is one of a select.
type option struct {
	Value, Name string
	Selected    bool
}

// A column is a heading of the list that sorts by it.
type column struct {
	Name   string
	Class  string
	URL    string // empty: it does not sort
	Sorted string // the value of aria-sort; empty: not sorted by it
}

type exceptionRow struct {
	URL        string
	Name       text // the class, or the key of one without
	Message    text
	Key        text // what the name does not say already
	Service    text
	ServiceURL string
	Severities []severity
	Count      string
	First      moment
	Last       moment
}

// An emptyList says why there is nothing in the list.
type emptyList struct {
	Heading, Text string
	Actions       []action
}

func (v *view) serveExceptions(w http.ResponseWriter, r *http.Request) {
	f := parseFilter(r.URL.Query())
	now := v.Now()
	content := newExceptionsPage(v.Snapshot(), f, now, linksFrom(r))
	v.render(w, r, http.StatusOK, pageExceptions, now, &page{
		Title:    title(f.Query, "Exceptions", f.Service),
		Section:  pageExceptions,
		NoSearch: true,
		Content:  content,
	})
}

func newExceptionsPage(s *merge.Snapshot, f filter, now time.Time, to links) *exceptionsPage {
	list := f.exceptions(s)
	pager, from, end := newPager(len(list), rowsPerPage, f.Page, func(n int) string {
		f := f
		f.Page = n
		return to.exceptions(f)
	})
	p := &exceptionsPage{
		Filter:     f,
		Services:   serviceOptions(s, f.Service),
		Severities: severityOptions(s, f.Severity),
		Sorts:      sortOptions(f.Sort),
		Columns:    columns(f, to),
		OneService: f.Service != "",
		Pager:      pager,
	}
	if f.narrow() {
		p.ClearURL = to.exceptions(filter{Sort: f.Sort})
	}
	for _, e := range list[from:end] {
		p.Rows = append(p.Rows, newExceptionRow(e, now, to))
	}
	if len(list) == 0 {
		p.Empty = whyEmpty(s, f, to)
	}
	return p
}

// A list shows the beginning of what strangers sent: the trace has all of it.
const (
	nameLength    = 160
	serviceLength = 60
	messageLength = 240
	keyLength     = 160
)

func newExceptionRow(e *merge.Exception, now time.Time, to links) exceptionRow {
	row := exceptionRow{
		URL:        to.trace(e.ID, ""),
		Name:       nameOf(e),
		Service:    snippet(e.Service, serviceLength),
		ServiceURL: to.exceptions(filter{Service: e.Service}),
		Count:      short(e.Total()),
		First:      newMoment(now, e.FirstSeen),
		Last:       newMoment(now, e.LastSeen),
	}
	if e.Class != "" {
		// The client libraries make the key of the class and a hash.
		row.Key = snippet(strings.TrimPrefix(e.Key, e.Class), keyLength)
	}
	if len(e.Occurrences) > 0 {
		row.Message = snippet(e.Occurrences[0].Error.Message, messageLength)
	}
	for _, name := range severitiesOf(e) {
		row.Severities = append(row.Severities, newSeverity(name))
	}
	return row
}

// nameOf returns what an exception is called: its class, or its key when it has none.
func nameOf(e *merge.Exception) text {
	name := snippet(cmp.Or(e.Class, e.Key), nameLength)
	if len(name) == 0 {
		return text{{Text: "(no class, no key)"}}
	}
	return name
}

func serviceOptions(s *merge.Snapshot, selected string) []option {
	list := []option{{Value: "", Name: "All services", Selected: selected == ""}}
	for _, svc := range s.Services {
		list = append(list, newOption(svc.Name, selected))
	}
	if s.Service(selected) == nil && selected != "" {
		list = append(list, newOption(selected, selected))
	}
	return list
}

// severityOptions lists the known severities and the others that occur, of which
// targets can make up any number.
func severityOptions(s *merge.Snapshot, selected string) []option {
	const maxOptions = 20
	known := map[string]bool{}
	for _, name := range append(slices.Clone(knownSeverities), selected) {
		known[name] = true
	}
	for _, svc := range s.Services {
		for _, e := range svc.Exceptions {
			for i := range e.Counts {
				if len(known) < maxOptions {
					known[e.Counts[i].Severity] = true
				}
			}
		}
	}
	delete(known, "")
	list := []option{{Value: "", Name: "All severities", Selected: selected == ""}}
	for name := range known {
		list = append(list, newOption(name, selected))
	}
	slices.SortFunc(list[1:], func(a, b option) int { return compareSeverities(a.Value, b.Value) })
	return list
}

func newOption(name, selected string) option {
	const most = 60
	return option{Value: name, Name: excerpt(name, most), Selected: name == selected}
}

func sortOptions(selected order) []option {
	list := make([]option, len(orders))
	for i, o := range orders {
		list[i] = option{Value: string(o.Order), Name: o.Name, Selected: o.Order == selected}
	}
	return list
}

func columns(f filter, to links) []column {
	list := []column{f.column("Exception", "what", byKey, "ascending", to)}
	if f.Service == "" {
		list = append(list, column{Name: "Service", Class: "service"})
	}
	return append(list,
		column{Name: "Severity", Class: "severities"},
		f.column("Count", "figure", byCount, "descending", to),
		f.column("Last seen", "time", byLastSeen, "descending", to),
		f.column("First seen", "time", byFirstSeen, "descending", to),
	)
}

func (f filter) column(name, class string, o order, direction string, to links) column {
	c := column{Name: name, Class: class}
	if f.Sort == o {
		c.Sorted = direction
	}
	f.Sort, f.Page = o, 1
	c.URL = to.exceptions(f)
	return c
}

func whyEmpty(s *merge.Snapshot, f filter, to links) *emptyList {
	all := action{"See all exceptions", to.exceptions(filter{})}
	switch {
	case f.Service != "" && s.Service(f.Service) == nil:
		return &emptyList{
			Heading: "There is no such service",
			Text:    "No service of this name is configured. It may have been renamed, or another exporter scrapes it.",
			Actions: []action{{"See all services", to.overview()}, all},
		}
	case f.Query != "" || f.Severity != "":
		return &emptyList{
			Heading: "Nothing matches",
			Text: "Every word has to occur in the service, key, class, message, stack trace, causes, URL, instance or ID of an exception. " +
				"Only the newest occurrences of each are kept.",
			Actions: []action{all},
		}
	}
	return &emptyList{
		Heading: "No exceptions",
		Text:    "No target has reported any. The status page says whether targets are found and answer.",
		Actions: []action{{"See the status of targets", to.status(targetFilter{})}},
	}
}
