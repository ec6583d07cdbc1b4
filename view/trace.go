package view

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A tracePage is all that is known of one exception, with one of its occurrences.
type tracePage struct {
	Name       block
	Key        block
	Service    block
	ServiceURL string
	ID         string
	Severities []severity
	Badges     []badge
	// Overflow is set when this is where keys past the limit are counted together.
	Overflow bool

	Total   string
	Counted string // since the watch began
	History string // before; empty when there was nothing
	Watched moment
	First   moment
	Last    moment
	Counts  *countTable
	Keys    *keyTable // nil when it is no group
	Growth  chart
	Span    string      // how far back the growth is known
	Trend   *trendImage // nil without a Prometheus

	Trouble  *troubleNotice
	Standing standing
	Queries  []query
	Ways     []query // to other programs
	Team     block
	Copies   copies

	// ResetURL leads to the page that asks whether to take back what was counted; empty when
	// nothing can be changed.
	ResetURL string

	// Gone is the UUID of the occurrence that was asked for and is not kept.
	Gone        *block
	Occurrence  *occurrence // nil when none is kept
	Occurrences []occurrenceRow
	Instances   []instanceRow
	Values      []valueTable
	Versions    *versions // nil when none is known
}

// copies are the addresses of the whole page in other forms, to take along.
type copies struct{ Markdown, Text, JSON string }

// An instanceRow is where occurrences that are kept came from.
type instanceRow struct {
	Name  block
	Count string
}

// A countTable is how often the exception was counted per group and severity.
type countTable struct {
	Labels []block
	Rows   []countRow
	Left   string
}

type countRow struct {
	Values   []block
	Severity severity
	Counted  string
}

// An occurrenceRow is one of the occurrences to choose from.
type occurrenceRow struct {
	URL      string
	Seen     moment
	Instance block
	Current  bool
}

func (v *view) serveTrace(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	snapshot := v.Snapshot()
	e := v.find(snapshot, id)
	if e == nil {
		v.renderMessage(w, r, http.StatusNotFound, v.exceptionUnknown(strings.ToLower(id), linksFrom(r)))
		return
	}
	now := v.Now()
	to := linksFrom(r)
	if !strings.EqualFold(e.ID, id) { // such as a link in an alert of before there was a rule
		redirect(w, to.trace(e.ID, r.URL.Query().Get(names.Occurrence)))
		return
	}
	e = e.Read()
	p := v.newTracePage(snapshot.Service(e.Service), e, r.URL.Query().Get(names.Occurrence), now, to)
	for _, s := range v.services(snapshot, e.Service) {
		p.Trouble = newTroubleNotice(s, now, &budget{left: lineBudget}, to)
	}
	status := http.StatusOK
	if p.Gone != nil {
		status = http.StatusNotFound
	}
	v.render(w, r, status, pageTrace, now, &page{
		Title:   title(cmp.Or(e.Class, e.Key), e.Service),
		Section: pageExceptions,
		Content: p,
	})
}

// find returns the exception of that ID, or the one under which the key of that ID is grouped. It is
// generous with IDs that were typed.
func (v *view) find(s *merge.Snapshot, id string) *merge.Exception {
	id = strings.ToLower(id)
	if e := s.Find(id); e != nil {
		return e
	}
	if group, ok := v.Group(id); ok {
		return s.Find(group)
	}
	return nil
}

// exceptionUnknown says what is still known of an exception that is not here.
func (v *view) exceptionUnknown(id string, to links) *messagePage {
	m := &messagePage{
		Heading: "This exception is not here",
		Lead:    "No exception has this ID now.",
		What:    newFacts("ID", id),
		Reasons: []string{
			"It has not been reported for so long that it was forgotten.",
			"Its service was renamed, or taken out of the configuration.",
			"The link is of another exporter, which scrapes other services.",
		},
		Actions: []action{
			{"See what was seen last", to.exceptions(filter{})},
			{"See all services", to.overview()},
		},
	}
	if isExceptionID(id) {
		m.PromQL = seriesQuery(url.Values{names.ExceptionID: {id}})
		m.Queries = v.queries(m.PromQL)
	} else {
		m.Reasons = []string{"The link is cut short or changed: an ID has 16 digits from 0 to f."}
	}
	if d := v.Departed(id); d != nil {
		m.Heading = "This exception is gone"
		m.Lead = "It is not reported any more, and its stack traces are not kept. This is what is left of it."
		m.What = departureFacts(d, v.Now())
		if v.LogsURL != nil {
			m.Queries = append(m.Queries, query{"Older occurrences", v.LogsURL(olderThanGone(d))})
		}
		m.Actions = append([]action{{"See the exceptions of its service", to.exceptions(filter{Service: d.Service})}}, m.Actions...)
	}
	return m
}

func departureFacts(d *merge.Departure, now time.Time) []fact {
	when := func(t time.Time) string {
		m := newMoment(now, t)
		if m.Machine == "" {
			return ""
		}
		return m.Absolute + ", " + m.Relative
	}
	return newFacts(
		"ID", d.ID, "Service", d.Service, "Class", d.Class, "Key", d.Key, "Count", number(d.Total),
		"First seen", when(d.FirstSeen), "Last seen", when(d.LastSeen), "Gone since", when(d.At),
	)
}

func (v *view) newTracePage(s *merge.Service, e *merge.Exception, uuid string, now time.Time, to links) *tracePage {
	at := indexOf(e.Occurrences(), uuid)
	limit := &budget{left: pageBudget, whole: to.text(e.ID, "")}
	if at >= 0 {
		limit.whole = to.text(e.ID, uuid)
	}
	cl, ways := classifier{now, v.Growth()}, v.Ways(e.Service)
	p := &tracePage{
		Name:       limit.line(cmp.Or(e.Class, e.Key, "(no class, no key)")),
		Key:        limit.line(e.Key),
		Service:    limit.line(e.Service),
		ServiceURL: to.service(e.Service),
		ID:         e.ID,
		Overflow:   e.Key == merge.OverflowKey,
		Total:      number(e.Total()),
		Counted:    number(e.Counted()),
		First:      newMoment(now, e.FirstSeen),
		Last:       newMoment(now, e.LastSeen),
		Counts:     newCountTable(e.Counts, limit),
		Keys:       newKeyTable(e, now, limit),
		Badges:     cl.badges(s, e),
		Growth:     newChart(cl.growth.Exception(e.ID), largeStep, largeHeight, cl.span()),
		Span:       cl.span(),
		Standing:   v.newStanding(e, now, limit, to),
		Queries:    v.queries(growthQuery(e.ID)),
		Ways:       slices.Concat(v.history(e, max(at, 0)), v.ways(&ways, e, max(at, 0))),
		Team:       limit.line(ways.Team),
		Instances:  newInstanceRows(e.Occurrences(), limit),
		Values:     newValueTables(e.Occurrences(), limit, to),
		Versions:   newVersions(e, limit),
	}
	if v.trends != nil {
		p.Trend = newTrendImage(to.trend(e.ID))
	}
	if v.Reset != nil && e.Counted() > 0 {
		p.ResetURL = to.reset(e.ID)
	}
	if e.History > 0 {
		p.History = number(e.History)
	}
	if s != nil {
		p.Watched = newMoment(now, s.WatchedSince)
	}
	for _, name := range severitiesOf(e) {
		p.Severities = append(p.Severities, newSeverity(name))
	}
	if at < 0 {
		gone := limit.line(uuid)
		p.Gone = &gone
		at = 0
	}
	p.Occurrences = newOccurrenceRows(e, at, now, limit, to)
	p.Copies = copies{Markdown: to.markdown(e.ID, ""), Text: to.text(e.ID, ""), JSON: to.json(e.ID, "")}
	if e.Kept.Len() > 0 {
		uuid := e.Occurrences()[at].UUID
		p.Copies.Markdown, p.Copies.Text = to.markdown(e.ID, uuid), to.text(e.ID, uuid)
		limit.own, limit.sources = v.OwnCode(e.Service), sourcesOf(ways.Source, &e.Occurrences()[at])
		p.Occurrence = newOccurrence(e, at, now, limit, to)
	}
	return p
}

// indexOf returns where the occurrence of that UUID is, or -1; without a UUID it is
// the newest.
func indexOf(list []periskop.Occurrence, uuid string) int {
	if uuid == "" {
		return 0
	}
	return slices.IndexFunc(list, func(o periskop.Occurrence) bool { return o.UUID == uuid })
}

// newCountTable returns nil when there is only one count and it says nothing more
// than the total.
func newCountTable(counts []merge.Count, limit *budget) *countTable {
	labels := groupLabels(counts)
	if len(counts) == 0 || (len(counts) == 1 && len(labels) == 0) {
		return nil
	}
	t := &countTable{}
	if len(counts) > maxRows {
		t.Left = plural(len(counts)-maxRows, "row")
		counts = counts[:maxRows]
	}
	for _, name := range labels {
		t.Labels = append(t.Labels, limit.line(name))
	}
	for i := range counts {
		row := countRow{Severity: newSeverity(counts[i].Severity), Counted: number(counts[i].Counted)}
		for _, name := range labels {
			row.Values = append(row.Values, limit.line(counts[i].Group.Value(name)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// groupLabels returns the names of the labels that occur in any of the counts.
func groupLabels(counts []merge.Count) []string {
	var list []string
	for i := range counts {
		for _, l := range counts[i].Group {
			if !slices.Contains(list, l.Name) {
				list = append(list, l.Name)
			}
		}
	}
	slices.Sort(list)
	return list
}

// newInstanceRows lists the instances, the one with the most occurrences first.
func newInstanceRows(occurrences []periskop.Occurrence, limit *budget) []instanceRow {
	counts := map[string]int{}
	for i := range occurrences {
		counts[occurrences[i].Instance]++
	}
	delete(counts, "")
	var rows []instanceRow
	for _, name := range mostFrequent(counts) {
		rows = append(rows, instanceRow{limit.line(name), number(counts[name])})
	}
	return rows
}

func newOccurrenceRows(e *merge.Exception, current int, now time.Time, limit *budget, to links) []occurrenceRow {
	rows := make([]occurrenceRow, e.Kept.Len())
	for i, o := range e.Occurrences() {
		rows[i] = occurrenceRow{
			URL:      to.trace(e.ID, o.UUID),
			Seen:     newMoment(now, o.Timestamp),
			Instance: limit.line(o.Instance),
			Current:  i == current,
		}
	}
	return rows
}

// ordinal says which of how many.
func ordinal(i, of int) string { return fmt.Sprintf("%s of %s", number(i+1), number(of)) }
