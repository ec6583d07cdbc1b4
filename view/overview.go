package view

import (
	"net/http"
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// An overviewPage is all services, those in trouble first.
type overviewPage struct {
	Reload   *reloadProblem
	Figures  []figure
	Services []serviceRow
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
	StatusURL  string
	Tone       tone
	State      string
	Notes      []text // what is wrong
	Exceptions string
	Total      string
	Newest     *newestRow // nil when there is none
	NotUp      string
	LastScrape moment
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
	now := v.Now()
	snapshot := v.Snapshot()
	services := joinHealth(snapshot, v.Targets(), v.Health())
	content := newOverviewPage(services, now, linksFrom(r))
	content.Reload = newReloadProblem(v.Config(), now, linksFrom(r))
	v.render(w, r, http.StatusOK, pageOverview, now, &page{
		Title:   title("Overview"),
		Section: pageOverview,
		Content: content,
	})
}

func newOverviewPage(services []*serviceHealth, now time.Time, to links) *overviewPage {
	services = slices.Clone(services)
	sortByTrouble(services)
	p := &overviewPage{Figures: newFigures(services, to)}
	for _, s := range services {
		p.Services = append(p.Services, newServiceRow(s, now, to))
	}
	return p
}

func newFigures(services []*serviceHealth, to links) []figure {
	var troubled, targets, up, down, exceptions int
	var total uint64
	for _, s := range services {
		if t := s.tone(); t == toneBad || t == toneWarn {
			troubled++
		}
		down += s.Down
		targets += len(s.Targets)
		up += s.Up
		if s.Service != nil {
			exceptions += len(s.Service.Exceptions)
			total += totalOf(s.Service)
		}
	}
	list := []figure{
		{Name: "Services", Value: number(len(services)), Note: "none in trouble", Tone: toneGood},
		{Name: "Exceptions", Value: number(exceptions), Note: occurrences(total), URL: to.exceptions(filter{})},
		{Name: "Targets up", Value: number(up) + " of " + number(targets), URL: to.status(targetFilter{})},
	}
	if troubled > 0 {
		list[0].Note, list[0].Tone = number(troubled)+" in trouble", toneBad
	}
	if down > 0 {
		list[2].Note, list[2].Tone = number(down)+" down", toneBad
		list[2].URL = to.status(targetFilter{State: targetDown})
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

func newServiceRow(s *serviceHealth, now time.Time, to links) serviceRow {
	row := serviceRow{
		Name:       snippet(s.Name, nameLength),
		URL:        to.exceptions(filter{Service: s.Name}),
		StatusURL:  to.status(targetFilter{Service: s.Name}),
		Notes:      notesOf(s),
		Exceptions: "0",
		Total:      "0",
		Tone:       s.tone(),
		State:      s.targetsUp(),
		NotUp:      s.notUp(),
		LastScrape: newMoment(now, s.LastScrape),
	}
	if s.Service == nil {
		return row
	}
	row.Exceptions = number(len(s.Service.Exceptions))
	row.Total = short(totalOf(s.Service))
	if e := newestOf(s.Service); e != nil {
		row.Newest = &newestRow{Name: nameOf(e), URL: to.trace(e.ID, ""), Seen: newMoment(now, e.LastSeen)}
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
	space := room{left: blockRoom}
	return &reloadProblem{
		File: c.File,
		At:   newMoment(now, c.ReloadAt),
		Err:  space.block(c.ReloadErr.Error(), lines, blockRoom),
		URL:  to.status(targetFilter{}) + "#configuration",
	}
}
