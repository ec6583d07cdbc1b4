package view

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// rowsPerPage keeps the list well under 100 kB.
const rowsPerPage = 50

// An exceptionsPage is the list.
type exceptionsPage struct {
	Filter     filter
	Services   []option
	Severities []option
	States     []option
	Groups     []groupSelect
	Classes    []string // to choose from; there may be others
	Span       string   // how far back the growth is known
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
	Badges     []badge
	Growth     chart
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
	content := newExceptionsPage(v.Snapshot(), f, classifier{now, v.Growth()}, linksFrom(r))
	v.render(w, r, http.StatusOK, pageExceptions, now, &page{
		Title:    title(f.Query, "Exceptions", f.Service),
		Section:  pageExceptions,
		NoSearch: true,
		Content:  content,
	})
}

func newExceptionsPage(s *merge.Snapshot, f filter, j classifier, to links) *exceptionsPage {
	list := f.exceptions(s, j)
	pager, from, end := newPager(len(list), rowsPerPage, f.Page, func(n int) string {
		f := f
		f.Page = n
		return to.exceptions(f)
	})
	p := &exceptionsPage{
		Filter:     f,
		Services:   serviceOptions(s, f.Service),
		Span:       j.span(),
		Sorts:      sortOptions(f.Sort),
		Columns:    columns(f, to),
		OneService: f.Service != "",
		Pager:      pager,
	}
	p.setOptions(s, f)
	if f.narrow() {
		p.ClearURL = to.exceptions(filter{Sort: f.Sort})
	}
	for _, e := range list[from:end] {
		p.Rows = append(p.Rows, newExceptionRow(s.Service(e.Service), e, j, to))
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

func newExceptionRow(s *merge.Service, e *merge.Exception, j classifier, to links) exceptionRow {
	row := exceptionRow{
		URL:        to.trace(e.ID, ""),
		Name:       nameOf(e),
		Service:    snippet(e.Service, serviceLength),
		ServiceURL: to.exceptions(filter{Service: e.Service}),
		Count:      short(e.Total()),
		Badges:     j.badges(s, e),
		Growth:     newChart(j.growth.Exception(e.ID), smallStep, smallHeight, j.span()),
		First:      newMoment(j.now, e.FirstSeen),
		Last:       newMoment(j.now, e.LastSeen),
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

func columns(f filter, to links) []column {
	list := []column{f.column("Exception", "what", byKey, "ascending", to)}
	if f.Service == "" {
		list = append(list, column{Name: "Service", Class: "service"})
	}
	return append(list,
		f.column("Growth", "growth", byGrowth, "descending", to),
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

// whyEmpty says why nothing is listed. What was asked for may be a good thing not to find.
func whyEmpty(s *merge.Snapshot, f filter, to links) *emptyList {
	open, all := action{"See all that are open", to.exceptions(filter{})}, action{"Include what is resolved", ""}
	f.Page = 1
	if f.State != conditionAny {
		f := f
		f.State = conditionAny
		all.URL = to.exceptions(f)
	}
	switch {
	case f.Service != "" && s.Service(f.Service) == nil:
		return &emptyList{
			Heading: "There is no such service",
			Text:    "No service of this name is configured. It may have been renamed, or another exporter scrapes it.",
			Actions: []action{{"See all services", to.overview()}, open},
		}
	case f.Query != "" || f.Severity != "" || f.Class != "" || len(f.Group) > 0:
		e := &emptyList{
			Heading: "Nothing matches",
			Text: "Every word has to occur in the service, key, class, message, stack trace, causes, URL, instance or ID of an exception. " +
				"Only the newest occurrences of each are kept.",
			Actions: []action{open},
		}
		if all.URL != "" {
			e.Actions = append(e.Actions, all)
		}
		return e
	case f.State != conditionOpen && f.State != conditionAny:
		return &emptyList{Heading: "None is " + string(f.State), Text: emptyText[f.State], Actions: []action{open}}
	}
	return &emptyList{
		Heading: "No exceptions",
		Text:    "No target has reported any that is not resolved. The status page says whether targets are found and answer.",
		Actions: []action{{"See the status of targets", to.status(targetFilter{})}, all},
	}
}

// emptyText says what it means that no exception is in the condition.
var emptyText = map[condition]string{
	conditionNew:       "Nothing was seen for the first time within the last 24 hours.",
	conditionRegressed: "Nothing that was resolved has come back.",
	conditionGrowing:   "Nothing was counted within the last 10 minutes.",
	conditionResolved:  "Nothing is marked as resolved.",
}
