package view

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
)

// What a page of a service shows of its lists: the rest is a link away.
const (
	serviceExceptions = 15
	serviceTargets    = 8
)

// A servicePage is all that is known of one service.
type servicePage struct {
	Name     block
	Tone     tone
	State    string
	NotUp    string
	Trouble  *troubleNotice
	Figures  []figure
	Growth   chart
	Span     string
	Trend    *trendImage // nil without a Prometheus
	Queries  []query     // and other ways out
	Team     block
	Table    exceptionTable
	More     string // how many exceptions there are beside
	ListURL  string
	Empty    *emptyList
	Targets  []targetRow
	Others   string // how many targets there are beside
	Tally    []stateCount
	Status   string // the address of all targets
	Facts    []fact
	Problems []block
	Left     string // of the problems
	Settings *block
}

func (v *view) serveService(w http.ResponseWriter, r *http.Request) {
	name, to := r.URL.Query().Get(names.ServiceName), linksFrom(r)
	snapshot, cl := v.Snapshot(), classifier{v.Now(), v.Growth()}
	list := v.services(snapshot, name)
	if name == "" || len(list) == 0 {
		v.renderMessage(w, r, http.StatusNotFound, serviceUnknown(name, to))
		return
	}
	s := list[0]
	s.take(cl)
	v.render(w, r, http.StatusOK, pageService, cl.now, &page{
		Title: title(name, "Service"), Section: pageOverview, Content: v.newServicePage(snapshot, s, cl, to),
	})
}

func serviceUnknown(name string, to links) *messagePage {
	m := &messagePage{
		Heading: "There is no such service",
		Lead:    "No service of this name is configured here.",
		What:    newFacts("Service", name),
		Reasons: []string{"It was renamed, or taken out of the configuration.", "Another exporter scrapes it."},
		Actions: []action{{"See all services", to.overview()}},
	}
	if name == "" {
		m.Heading, m.Lead, m.Reasons = "Which service?", "This address needs "+names.ServiceName+".", nil
	}
	return m
}

func (v *view) newServicePage(snapshot *merge.Snapshot, s *serviceHealth, cl classifier, to links) *servicePage {
	limit, ways := &budget{left: pageBudget}, v.Ways(s.Name)
	p := &servicePage{
		Name: limit.line(s.Name), Tone: s.tone(), State: s.targetsUp(), NotUp: s.notUp(),
		Trouble: newTroubleNotice(s, cl.now, limit, to),
		Figures: serviceFigures(s, to),
		Growth:  newChart(s.Growth, largeStep, largeHeight, cl.span()), Span: cl.span(),
		Queries: append(v.serviceQueries(s.Name), serviceWays(&ways, s.Name)...), Team: limit.line(ways.Team),
		ListURL: to.exceptions(filter{Service: s.Name}),
		Tally:   targetFilter{Service: s.Name}.tally([]*serviceHealth{s}, to),
		Status:  to.status(targetFilter{Service: s.Name}),
		Facts:   settingFacts(s, cl.now),
	}
	if v.trends != nil && s.Service != nil {
		p.Trend = newTrendImage(to.serviceTrend(s.Name))
	}
	p.setExceptions(snapshot, s, cl, to)
	for i := range s.Targets[:min(len(s.Targets), serviceTargets)] {
		p.Targets = append(p.Targets, newTargetRow(&s.Targets[i], s.Service, cl.now, limit))
	}
	if left := len(s.Targets) - len(p.Targets); left > 0 {
		p.Others = plural(left, "more target")
	}
	problems := s.Discovery.Problems
	if len(problems) > maxRows {
		p.Left = plural(len(problems)-maxRows, "problem")
		problems = problems[:maxRows]
	}
	for _, problem := range problems {
		p.Problems = append(p.Problems, limit.line(problem))
	}
	if text := v.settingsOf(s); text != "" {
		settings := limit.block(text, lines, blockBudget)
		p.Settings = &settings
	}
	return p
}

// settingsOf returns the block of the configuration that the service has its settings from:
// its own, or that which found its targets.
func (v *view) settingsOf(s *serviceHealth) string {
	text := v.ServiceConfig(s.Name)
	if text == "" && len(s.Targets) > 0 {
		text = v.ServiceConfig(s.Targets[0].Target.Block)
	}
	return text
}

// setExceptions shows those that want attention first: they came back, are new, or grow.
func (p *servicePage) setExceptions(snapshot *merge.Snapshot, s *serviceHealth, cl classifier, to links) {
	f := filter{Service: s.Name, Sort: byLastSeen}
	all, _ := (*indexes)(nil).in(snapshot)
	list, _ := f.exceptions(snapshot, all, cl, &searchBudget{})
	urgent := func(e *merge.Exception) int {
		return slices.IndexFunc(listedConditions, func(c condition) bool { return cl.is(c, s.Service, e) })
	}
	rank := make(map[*merge.Exception]int, len(list))
	for _, e := range list {
		if rank[e] = urgent(e); rank[e] < 0 {
			rank[e] = len(listedConditions)
		}
	}
	slices.SortStableFunc(list, func(a, b *merge.Exception) int { return cmp.Compare(rank[a], rank[b]) })
	p.Table = newExceptionTable(snapshot, list[:min(len(list), serviceExceptions)], f, cl, to)
	for i := range p.Table.Columns {
		p.Table.Columns[i].Sorted = "" // but by urgency
	}
	if left := len(list) - len(p.Table.Rows); left > 0 {
		p.More = plural(left, "more exception")
	}
	if len(list) == 0 {
		p.Empty = nothingReported([]*serviceHealth{s})
	}
}

func serviceFigures(s *serviceHealth, to links) []figure {
	list := []figure{
		{Name: "Targets up", Value: number(s.Up) + " of " + number(len(s.Targets)), Note: cmp.Or(s.notUp(), "none down"), URL: to.status(targetFilter{Service: s.Name})},
		{Name: "Open exceptions", Value: number(s.Counts[conditionOpen]), URL: to.exceptions(filter{Service: s.Name})},
	}
	if len(s.Targets) == 0 {
		list[0].Note, list[0].Tone = "none discovered", toneBad
	}
	if s.Down > 0 {
		list[0].Tone = toneBad
	}
	if s.Service != nil {
		list[1].Note = occurrences(totalOf(s.Service))
	}
	for _, c := range listedConditions {
		list = append(list, figure{
			Name: capital(string(c)), Value: number(s.Counts[c]), Note: conditionNotes[c], URL: to.exceptions(filter{Service: s.Name, State: c}),
		})
	}
	return list
}

// settingFacts says how the service is found, scraped and watched.
func settingFacts(s *serviceHealth, now time.Time) []fact {
	found := plural(len(s.Targets), "target")
	if s.Discovery.Dropped > 0 {
		found += ", and " + number(s.Discovery.Dropped) + " dropped by relabelling"
	}
	var schedules []string
	for i := range s.Targets {
		if schedule := scheduleOf(s.Targets[i].Target); !slices.Contains(schedules, schedule) && len(schedules) < maxTroubleRows {
			schedules = append(schedules, schedule)
		}
	}
	last := newMoment(now, s.LastScrape)
	if last.Machine != "" {
		last.Absolute += ", " + last.Relative
	}
	return newFacts(
		"Discovered", found,
		"Scraped", strings.Join(schedules, "; "),
		"Last scrape", last.Absolute,
		"Watch", strings.Join(watchFacts(s.Service, now), ", "),
	)
}

// serviceQueries leads to the history of all exceptions of the service.
func (v *view) serviceQueries(name string) []query {
	list := v.queries(serviceGrowthQuery(name))
	if v.GrafanaURL != nil && v.ServiceDashboard != "" {
		list = append(list, query{"Grafana dashboard", below(v.GrafanaURL, "d/"+v.ServiceDashboard, url.Values{"var-service": {name}})})
	}
	return list
}
