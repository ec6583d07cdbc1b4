package view

import (
	"cmp"
	"net/http"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// servicesPerPage keeps the page well under 100 kB.
const servicesPerPage = 60

// An overviewPage is all services, those in trouble first.
type overviewPage struct {
	Reload   *reloadProblem
	Storage  *storageSection // when it cannot be written, or was damaged
	Blocks   []blockRow      // with problems
	Figures  []figure
	Filter   serviceFilter
	Shows    []option
	ClearURL string
	Span     string // how far back the growth is known
	Services []serviceRow
	Pager    pager
	// None is set when no service is configured, and NoMatch when the filter leaves none.
	None, NoMatch bool
	Growing       []growingRow
	GrowingURL    string
}

// A figure is a number that says how things are.
type figure struct {
	Name  string
	Value string
	Note  string
	Tone  tone
	URL   string
}

type serviceRow struct {
	Name       text
	URL        string
	ListURL    string
	StatusURL  string
	Tone       tone
	State      string
	Notes      []text // what is wrong
	Exceptions string
	Total      string
	Conditions []conditionCount
	Growth     chart
	Newest     *newestRow // nil when there is none
	NotUp      string
	LastScrape moment
}

// A conditionCount is how many exceptions of a service are in a condition.
type conditionCount struct {
	Text string
	Tone condition
	URL  string
}

// A growingRow is one of the exceptions that grow most.
type growingRow struct {
	Name, Service text
	URL           string
	Growth        chart
}

type newestRow struct {
	Name text
	URL  string
	Seen moment
}

// A reloadProblem is why the configuration that runs is not the one in the file.
type reloadProblem struct {
	File string
	At   moment
	Err  block
	URL  string
}

func (v *view) serveOverview(w http.ResponseWriter, r *http.Request) {
	cl := classifier{v.Now(), v.Growth()}
	snapshot, to := v.Snapshot(), linksFrom(r)
	services := v.services(snapshot, "")
	for _, s := range services {
		s.take(cl)
	}
	content := newOverviewPage(services, parseServiceFilter(r.URL.Query()), cl, to)
	content.Growing = v.newGrowingRows(snapshot, cl, to)
	content.GrowingURL = to.exceptions(filter{State: conditionGrowing, Sort: byGrowth})
	content.Reload = newReloadProblem(v.Config(), cl.now, to)
	content.Storage = v.storageProblem(cl.now)
	content.Blocks = newBlockRows(v.Feeders(), true)
	v.render(w, r, http.StatusOK, pageOverview, cl.now, &page{
		Title:   title("Overview"),
		Section: pageOverview,
		Content: content,
	})
}

func newOverviewPage(services []*serviceHealth, f serviceFilter, cl classifier, to links) *overviewPage {
	p := &overviewPage{Figures: newFigures(services, to), Filter: f, Shows: f.options(), Span: cl.span(), None: len(services) == 0}
	if f.Query != "" || f.Show != showAll {
		p.ClearURL = to.overview()
	}
	services = f.services(services)
	sortByTrouble(services)
	var from, end int
	p.Pager, from, end = newPager(len(services), servicesPerPage, f.Page, func(n int) string {
		f := f
		f.Page = n
		return to.services(f)
	})
	for _, s := range services[from:end] {
		p.Services = append(p.Services, newServiceRow(s, cl, to))
	}
	p.NoMatch = len(services) == 0 && !p.None
	return p
}

// newGrowingRows returns the exceptions that grew most of late.
func (v *view) newGrowingRows(s *merge.Snapshot, cl classifier, to links) []growingRow {
	const most = 6
	list, _ := v.lists.exceptions(s, filter{State: conditionGrowing, Sort: byGrowth}, cl, &v.searches)
	var rows []growingRow
	for _, e := range list[:min(len(list), most)] {
		rows = append(rows, growingRow{
			Name: shortName(e), Service: snippet(e.Service, serviceLength), URL: to.trace(e.ID, ""),
			Growth: newChart(cl.growth.Exception(e.ID), smallStep, smallHeight, cl.span()),
		})
	}
	return rows
}

// conditionNotes say what the names of conditions leave open.
var conditionNotes = map[condition]string{conditionNew: "in 24 hours", conditionRegressed: "came back", conditionGrowing: "in 10 minutes"}

func newFigures(services []*serviceHealth, to links) []figure {
	var troubled, waiting, targets, up, down, open int
	var total uint64
	counts := map[condition]int{}
	for _, s := range services {
		switch s.tone() {
		case toneBad, toneWarn:
			troubled++
		case toneWait:
			waiting++
		case toneGood:
		}
		down += s.Down
		targets += len(s.Targets)
		up += s.Up
		open += s.Counts[conditionOpen]
		for _, c := range listedConditions {
			counts[c] += s.Counts[c]
		}
		if s.Service != nil {
			total += totalOf(s.Service)
		}
	}
	list := []figure{
		{Name: "Services", Value: number(len(services)), Note: "none in trouble", Tone: toneGood},
		{Name: "Targets up", Value: number(up) + " of " + number(targets), Note: "none down", URL: to.status(targetFilter{})},
		{Name: "Open exceptions", Value: number(open), Note: occurrences(total), URL: to.exceptions(filter{})},
	}
	if waiting > 0 {
		list[0].Note, list[0].Tone = number(waiting)+" not scraped yet", ""
		list[1].Note = "waiting for the first scrape"
	}
	if troubled > 0 {
		list[0].Note, list[0].Tone = number(troubled)+" in trouble", toneBad
		list[0].URL = to.services(serviceFilter{Show: showTrouble})
	}
	if down > 0 {
		list[1].Note, list[1].Tone = number(down)+" down", toneBad
		list[1].URL = to.status(targetFilter{State: targetDown})
	}
	for _, c := range listedConditions {
		f := figure{Name: capital(string(c)), Value: number(counts[c]), Note: conditionNotes[c], URL: to.exceptions(filter{State: c})}
		list = append(list, f)
	}
	return list
}

func occurrences(n uint64) string {
	if n == 1 {
		return "1 occurrence"
	}
	return short(n) + " occurrences"
}

// totalOf returns how many occurrences all exceptions of a service had.
func totalOf(s *merge.Service) uint64 {
	var sum uint64
	for _, e := range s.Exceptions {
		sum += e.Total()
	}
	return sum
}

func newServiceRow(s *serviceHealth, cl classifier, to links) serviceRow {
	row := serviceRow{
		Name:       snippet(s.Name, nameLength),
		URL:        to.service(s.Name),
		ListURL:    to.exceptions(filter{Service: s.Name}),
		StatusURL:  to.status(targetFilter{Service: s.Name}),
		Notes:      notesOf(s),
		Exceptions: "0",
		Total:      "0",
		Tone:       s.tone(),
		State:      s.targetsUp(),
		NotUp:      cmp.Or(s.waited(cl.now), s.notUp()),
		LastScrape: newMoment(cl.now, s.LastScrape),
		Growth:     newChart(s.Growth, smallStep, smallHeight, cl.span()),
	}
	for _, c := range listedConditions {
		if n := s.Counts[c]; n > 0 {
			row.Conditions = append(row.Conditions, conditionCount{
				Text: number(n) + " " + string(c), Tone: c, URL: to.exceptions(filter{Service: s.Name, State: c}),
			})
		}
	}
	if s.Service == nil {
		return row
	}
	row.Exceptions = number(s.Counts[conditionOpen])
	row.Total = short(totalOf(s.Service))
	if e := s.Newest; e != nil {
		row.Newest = &newestRow{Name: nameOf(e), URL: to.trace(e.ID, ""), Seen: newMoment(cl.now, e.LastSeen)}
	}
	return row
}

// notesOf says what is wrong with a service, shortly: the status page has the rest.
func notesOf(s *serviceHealth) []text {
	const (
		mostNotes  = 3
		noteLength = 300
	)
	var notes []text
	for i, problem := range s.Discovery.Problems {
		if i == mostNotes {
			notes = append(notes, text{{Text: "and " + plural(len(s.Discovery.Problems)-i, "more problem")}})
			break
		}
		notes = append(notes, snippet(problem, noteLength))
	}
	if never := s.neverAnswered(); never != "" {
		notes = append(notes, snippet(never, noteLength))
	}
	if s.Service != nil && s.Service.OverflowKeys > 0 {
		notes = append(notes, text{{Text: overflowNote(s.Service.OverflowKeys)}})
	}
	return notes
}

func overflowNote(keys int) string {
	return plural(keys, "key") + " past the limit counted together"
}

// newReloadProblem returns nil when the configuration in the file runs.
func newReloadProblem(c ConfigStatus, now time.Time, to links) *reloadProblem {
	if c.ReloadErr == nil {
		return nil
	}
	limit := budget{left: blockBudget}
	return &reloadProblem{
		File: c.File,
		At:   newMoment(now, c.ReloadAt),
		Err:  limit.block(c.ReloadErr.Error(), lines, blockBudget),
		URL:  to.status(targetFilter{}) + "#configuration",
	}
}
