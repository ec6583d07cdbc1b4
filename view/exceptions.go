package view

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// rowsPerPage keeps the list well under 100 kB, with a chart in each row.
const rowsPerPage = 40

// An exceptionsPage is the list.
type exceptionsPage struct {
	Filter     filter
	Services   []option
	Severities []option
	States     []option
	Groups     []groupSelect
	Classes    []string // to choose from; there may be others
	Sorts      []option
	Withins    []option
	Set        int // how many filters are set beside the search
	// ClearURL leads to the list without a filter; empty when there is none.
	ClearURL string
	Trouble  *troubleNotice
	Table    exceptionTable
	Pager    pager
	Many     *many  // nil when nothing can be changed
	Done     string // what was changed just now; "" for nothing
	// Unsearched is set when not all stack traces were searched.
	Unsearched *unsearched
	Empty      *emptyList
}

// An exceptionTable lists exceptions, on this page and on that of a service.
type exceptionTable struct {
	Columns []column
	Rows    []exceptionRow
	// OneService is set when all rows are of one service.
	OneService bool
	// Ticks is set when rows can be ticked, for the form of a [many].
	Ticks bool
	Span  string // how far back the growth is known
}

// An unsearched says of how many exceptions only the names were searched.
type unsearched struct {
	Count string
	URL   string // leads to a search of all; empty after that
}

func newUnsearched(n int, f filter, to links) *unsearched {
	if n == 0 {
		return nil
	}
	u := &unsearched{Count: plural(n, "exception")}
	if !f.Deep {
		f.Deep, f.Page = true, 1
		u.URL = to.exceptions(f)
	}
	return u
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
	ID, URL    string
	Package    text // that of the class, which a phone leaves out
	Name       text // the class, or the key of one without
	Message    text
	Key        text   // what the name does not say already
	Keys       string // how many keys are grouped under it; empty for none
	Service    text
	ServiceURL string
	Severities []severity
	Badges     []badge
	Growth     chart
	Count      string
	First      moment
	Last       moment
}

func (v *view) serveExceptions(w http.ResponseWriter, r *http.Request) {
	f := parseFilter(r.URL.Query())
	now := v.Now()
	s, to := v.Snapshot(), linksFrom(r)
	services := v.services(s, f.Service)
	content := v.newExceptionsPage(s, services, f, classifier{now, v.Growth()}, to)
	content.Done = doneText(r.URL.Query())
	limit := &budget{left: blockBudget}
	if f.Service == "" {
		content.Trouble = newTroubleSummary(services, now, limit, to)
	} else if len(services) > 0 {
		content.Trouble = newTroubleNotice(services[0], now, limit, to)
	}
	v.render(w, r, http.StatusOK, pageExceptions, now, &page{
		Title:    title(f.Query, "Exceptions", f.Service),
		Section:  pageExceptions,
		NoSearch: true,
		Content:  content,
	})
}

func (v *view) newExceptionsPage(s *merge.Snapshot, services []*serviceHealth, f filter, cl classifier, to links) *exceptionsPage {
	list, left := v.lists.exceptions(s, f, cl, &v.searches)
	pager, from, end := newPager(len(list), rowsPerPage, f.Page, func(n int) string {
		f := f
		f.Page = n
		return to.exceptions(f)
	})
	p := &exceptionsPage{
		Filter:   f,
		Services: serviceOptions(s, f.Service),
		Sorts:    sortOptions(f.Sort),
		Withins:  f.Seen.options(),
		Set:      f.set(),
		Pager:    pager,
	}
	p.setOptions(s, f, v.lists.choicesIn(s, f.Service, cl))
	p.Unsearched = newUnsearched(left, f, to)
	if f.narrow() {
		p.ClearURL = to.exceptions(filter{Sort: f.Sort})
	}
	p.Table = newExceptionTable(s, list[from:end], f, cl, to)
	p.Many = v.newMany(f, len(list), left, to)
	p.Table.Ticks = p.Many != nil
	if len(list) == 0 {
		p.Empty = whyEmpty(services, f, to)
	}
	return p
}

func newExceptionTable(s *merge.Snapshot, list []*merge.Exception, f filter, cl classifier, to links) exceptionTable {
	t := exceptionTable{Columns: columns(f, to), OneService: f.Service != "", Span: cl.span()}
	for _, e := range list {
		t.Rows = append(t.Rows, newExceptionRow(s.Service(e.Service), e, cl, to))
	}
	return t
}

// A list shows the beginning of what strangers sent: the trace has all of it.
const (
	nameLength    = 160
	serviceLength = 60
	messageLength = 240
	keyLength     = 160
)

func newExceptionRow(s *merge.Service, e *merge.Exception, cl classifier, to links) exceptionRow {
	row := exceptionRow{
		ID:         e.ID,
		URL:        to.trace(e.ID, ""),
		Name:       nameOf(e),
		Service:    snippet(e.Service, serviceLength),
		ServiceURL: to.service(e.Service),
		Count:      short(e.Total()),
		Badges:     cl.badges(s, e),
		Growth:     newChart(cl.growth.Exception(e.ID), smallStep, smallHeight, cl.span()),
		First:      newMoment(cl.now, e.FirstSeen),
		Last:       newMoment(cl.now, e.LastSeen),
	}
	if pkg, name := splitClass(e.Class); name != "" {
		row.Package, row.Name = snippet(pkg, nameLength), snippet(name, nameLength)
	}
	if e.Class != "" {
		// The client libraries make the key of the class and a hash.
		row.Key = snippet(strings.TrimPrefix(e.Key, e.Class), keyLength)
	}
	if e.Grouped > 0 {
		row.Keys = plural(e.Grouped, "key")
	}
	if list := e.Occurrences(); len(list) > 0 {
		row.Message = snippet(list[0].Error.Message, messageLength)
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

// shortName leaves out the package of a class: where there is little room, the end of
// the name tells more than its beginning.
func shortName(e *merge.Exception) text {
	_, name := splitClass(e.Class)
	if name == "" {
		return nameOf(e)
	}
	return snippet(name, nameLength)
}

// splitClass returns the package of a class, up to the last separator, and the rest. Of what
// is no name in a package, it returns nothing.
func splitClass(class string) (pkg, name string) {
	at := max(strings.LastIndexByte(class, '.'), strings.LastIndexByte(class, ':'), strings.LastIndexByte(class, '\\')) + 1
	if at == 0 || at == len(class) || at > nameLength/2 || strings.ContainsAny(class, " /") {
		return "", ""
	}
	return class[:at], class[at:]
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
