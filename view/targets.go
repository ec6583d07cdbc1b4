package view

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// targetsPerPage keeps the page below 100 kB with the labels that Kubernetes gives.
const targetsPerPage = 15

// A targetFilter says which targets are listed, and which part of them.
type targetFilter struct {
	Service string
	State   targetState
	Page    int
}

const stateParam = "state"

func parseTargetFilter(q url.Values) targetFilter {
	f := targetFilter{Service: q.Get(names.ServiceName), Page: pageNumber(q)}
	if state := targetState(q.Get(stateParam)); slices.Contains(targetStates, state) {
		f.State = state
	}
	return f
}

func (f targetFilter) values() url.Values {
	q := url.Values{}
	setParam(q, names.ServiceName, f.Service)
	setParam(q, stateParam, string(f.State))
	setPage(q, f.Page)
	return q
}

// A targetGroup is a service with those of its targets that are on the page.
type targetGroup struct {
	Name      text
	URL       string // its exceptions
	Tone      tone
	State     string
	Continued bool // from the page before
	Facts     []string
	Problems  []block
	Left      string // of the problems
	Targets   []targetRow
}

type targetRow struct {
	Instance text
	URL      block
	State    targetState
	Tone     tone
	// Result is the closed-set word for what went wrong, and Err the sentence.
	Result   string
	Err      block
	For      string // how long it has been down
	Last     moment
	Duration string
	Size     string
	Next     moment
	Schedule string
	Labels   block
	Found    block // the labels before relabelling
}

// An entry is a target in the list, or a service that has none.
type entry struct {
	service *serviceHealth
	target  *periskop.TargetHealth
}

func (f targetFilter) entries(services []*serviceHealth) []entry {
	var list []entry
	for _, s := range services {
		if f.Service != "" && s.Name != f.Service {
			continue
		}
		if len(s.Targets) == 0 && f.State == "" {
			list = append(list, entry{service: s})
		}
		for i := range s.Targets {
			if t := &s.Targets[i]; f.State == "" || stateOf(t) == f.State {
				list = append(list, entry{s, t})
			}
		}
	}
	return list
}

// newTargetGroups maps the part of the list that is shown, one group per service.
func newTargetGroups(entries []entry, from, end int, now time.Time, to links) []targetGroup {
	limit := &budget{left: pageBudget}
	var groups []targetGroup
	for i := from; i < end; i++ {
		e := entries[i]
		if i == from || e.service != entries[i-1].service {
			g := newTargetGroup(e.service, now, limit, to)
			g.Continued = i > 0 && e.service == entries[i-1].service
			groups = append(groups, g)
		}
		if e.target != nil {
			g := &groups[len(groups)-1]
			g.Targets = append(g.Targets, newTargetRow(e.target, now, limit))
		}
	}
	return groups
}

func newTargetGroup(s *serviceHealth, now time.Time, limit *budget, to links) targetGroup {
	g := targetGroup{
		Name:  snippet(s.Name, nameLength),
		URL:   to.exceptions(filter{Service: s.Name}),
		Tone:  s.tone(),
		State: s.targetsUp(),
	}
	if others := s.notUp(); others != "" {
		g.Facts = append(g.Facts, others)
	}
	if s.Discovery.Dropped > 0 {
		g.Facts = append(g.Facts, number(s.Discovery.Dropped)+" dropped by relabelling")
	}
	g.Facts = append(g.Facts, watchFacts(s.Service, now)...)
	problems := s.Discovery.Problems
	if len(problems) > maxRows {
		g.Left = plural(len(problems)-maxRows, "problem")
		problems = problems[:maxRows]
	}
	for _, p := range problems {
		g.Problems = append(g.Problems, limit.line(p))
	}
	return g
}

func watchFacts(s *merge.Service, now time.Time) []string {
	if s == nil || s.WatchedSince.IsZero() {
		return []string{"not watched yet"}
	}
	facts := []string{"watched since " + newMoment(now, s.WatchedSince).Absolute}
	if s.OverflowKeys > 0 {
		facts = append(facts, overflowNote(s.OverflowKeys))
	}
	for _, reason := range merge.Reasons() {
		if n := s.Inconsistencies[reason]; n > 0 {
			facts = append(facts, number(n)+" not counted: "+refusal(reason))
		}
	}
	return facts
}

// refusal says in words why something was not counted.
func refusal(r merge.Reason) string {
	switch r {
	case merge.TotalFell:
		return "lower than a total before"
	case merge.Malformed:
		return "not readable"
	case merge.TooManyEpochs:
		return "too many restarts of one process"
	}
	return string(r)
}

func newTargetRow(h *periskop.TargetHealth, now time.Time, limit *budget) targetRow {
	t := h.Target
	row := targetRow{
		Instance: snippet(t.Instance, nameLength),
		URL:      limit.line(t.URL),
		State:    stateOf(h),
		Next:     newMoment(now, h.Next),
		Schedule: "every " + t.Interval.String() + ", timeout " + t.Timeout.String(),
		Labels:   limit.block(labelText(t.Labels), lines, blockBudget),
		Found:    limit.block(labelText(t.Discovered), lines, blockBudget),
	}
	row.Tone = map[targetState]tone{targetUp: toneGood, targetDown: toneBad, targetWaiting: toneWait}[row.State]
	if h.Last == nil {
		return row
	}
	row.Last = newMoment(now, h.Last.End())
	row.Duration = took(h.Last.Duration)
	if h.Last.Size > 0 {
		row.Size = byteSize(h.Last.Size)
	}
	if row.State == targetDown {
		if !h.DownSince.IsZero() {
			row.For = distance(now.Sub(h.DownSince))
		}
		row.Result = string(h.Last.Result)
		if h.Last.Err != nil {
			row.Err = limit.line(h.Last.Err.Error())
		}
	}
	return row
}

// labelText prints labels as Prometheus does, one in a line.
func labelText(ls periskop.Labels) string {
	var b strings.Builder
	for i, l := range ls {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l.Name + "=" + strconv.Quote(l.Value))
	}
	return b.String()
}
