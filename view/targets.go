package view

import (
	"cmp"
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

var stateTones = map[targetState]tone{targetUp: toneGood, targetDown: toneBad, targetWaiting: toneWait}

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
	URL       string // its page
	Tone      tone
	State     string
	Continued bool     // from the page before, or from further up
	Facts     []string // empty when it is continued
	Targets   []targetRow
}

// A discoveryRow is a service without targets, or one of which some may be missing.
type discoveryRow struct {
	Name     text
	URL      string
	Tone     tone
	State    string
	Facts    []string
	Problems []block
	Left     string // of the problems
}

type targetRow struct {
	Instance text
	URL      block
	State    targetState
	Tone     tone
	// Result is the closed-set word for what went wrong, and Err the sentence.
	Result string
	Err    block
	Down   age
	// Doubt is why what it says is not to be relied on, and DoubtAt since when it last gave
	// reason to think so.
	Doubt    string
	DoubtAt  moment
	Unread   block // what of its last answer could not be read
	Last     moment
	Duration string
	Size     string
	Next     moment
	Schedule string
	Labels   block
	Found    block // the labels before relabelling
}

// An entry is a target in the list.
type entry struct {
	service *serviceHealth
	target  *periskop.TargetHealth
}

// entries returns what is down in any of the services before what is up in the first of
// them.
func (f targetFilter) entries(services []*serviceHealth) []entry {
	var list []entry
	for _, state := range targetStates {
		if f.State != "" && f.State != state {
			continue
		}
		for _, s := range services {
			for i := range s.Targets {
				if t := &s.Targets[i]; f.takes(s) && stateOf(t) == state {
					list = append(list, entry{s, t})
				}
			}
		}
	}
	return list
}

func (f targetFilter) takes(s *serviceHealth) bool { return f.Service == "" || s.Name == f.Service }

// newTargetGroups maps the part of the list that is shown, a group for each of the
// services that follow each other.
func newTargetGroups(entries []entry, from, end int, now time.Time, to links) []targetGroup {
	limit := &budget{left: pageBudget}
	var groups []targetGroup
	seen := map[*serviceHealth]bool{}
	for i := range entries[:from] {
		seen[entries[i].service] = true
	}
	for i := from; i < end; i++ {
		e := entries[i]
		if i == from || e.service != entries[i-1].service {
			g := newTargetGroup(e.service, to)
			if g.Continued = seen[e.service]; !g.Continued {
				g.Facts = serviceFacts(e.service, now)
			}
			seen[e.service] = true
			groups = append(groups, g)
		}
		g := &groups[len(groups)-1]
		g.Targets = append(g.Targets, newTargetRow(e.target, e.service.Service, now, limit))
	}
	return groups
}

func newTargetGroup(s *serviceHealth, to links) targetGroup {
	return targetGroup{Name: snippet(s.Name, nameLength), URL: to.service(s.Name), Tone: s.tone(), State: s.targetsUp()}
}

// newDiscoveryRows returns the services that have no targets, or of which some may be
// missing: no target of a list can tell of that.
func (f targetFilter) newDiscoveryRows(services []*serviceHealth, now time.Time, to links) (rows []discoveryRow, left string) {
	const (
		most         = 20
		mostProblems = 5
	)
	limit, more := &budget{left: blockBudget}, 0
	for _, s := range services {
		if !f.takes(s) || len(s.Targets) > 0 && len(s.Discovery.Problems) == 0 {
			continue
		}
		if len(rows) == most {
			more++
			continue
		}
		row := discoveryRow{
			Name: snippet(s.Name, nameLength), URL: to.service(s.Name), Tone: s.tone(), State: s.targetsUp(), Facts: serviceFacts(s, now),
		}
		problems := s.Discovery.Problems
		if len(problems) > mostProblems {
			row.Left = plural(len(problems)-mostProblems, "problem")
			problems = problems[:mostProblems]
		}
		for _, p := range problems {
			row.Problems = append(row.Problems, limit.line(p))
		}
		rows = append(rows, row)
	}
	if more > 0 {
		left = plural(more, "more service")
	}
	return rows, left
}

// serviceFacts says of a service what no target says.
func serviceFacts(s *serviceHealth, now time.Time) []string {
	var facts []string
	if others := cmp.Or(s.waited(now), s.notUp()); others != "" {
		facts = append(facts, others)
	}
	if s.Discovery.Dropped > 0 {
		facts = append(facts, number(s.Discovery.Dropped)+" dropped by relabelling")
	}
	return append(facts, watchFacts(s.Service, now)...)
}

func watchFacts(s *merge.Service, now time.Time) []string {
	if s == nil || s.WatchedSince.IsZero() {
		return []string{"no target has answered yet"}
	}
	facts := []string{"watched since " + newMoment(now, s.WatchedSince).Absolute}
	if s.OverflowKeys > 0 {
		facts = append(facts, overflowNote(s.OverflowKeys))
	}
	for _, reason := range merge.Reasons() {
		if n := s.Inconsistencies[reason]; n > 0 {
			facts = append(facts, "inconsistent "+times(n)+": "+inconsistency(reason))
		}
	}
	return facts
}

func newTargetRow(h *periskop.TargetHealth, s *merge.Service, now time.Time, limit *budget) targetRow {
	t := h.Target
	row := targetRow{
		Instance: snippet(t.Instance, nameLength),
		URL:      limit.line(t.Shown()),
		State:    stateOf(h),
		Next:     newMoment(now, h.Next),
		Schedule: scheduleOf(t),
		Labels:   limit.block(labelText(t.Labels), lines, blockBudget),
		Found:    limit.block(labelText(t.Discovered), lines, blockBudget),
	}
	row.Tone = stateTones[row.State]
	if h.Last == nil {
		return row
	}
	if h.Last.Unread != nil {
		row.Unread = limit.line(h.Last.Unread.Error())
	}
	if d, ok := doubtOf(s, t); ok {
		row.Doubt, row.DoubtAt = inconsistency(d.Reason), newMoment(now, d.At)
	}
	row.Last = newMoment(now, h.Last.End())
	row.Duration = took(h.Last.Duration)
	if h.Last.Size > 0 {
		row.Size = byteSize(h.Last.Size)
	}
	if row.State == targetDown {
		row.Down = ageOf(now, h.DownSince)
		row.Result = string(h.Last.Result)
		if h.Last.Err != nil {
			row.Err = limit.line(h.Last.Err.Error())
		}
	}
	return row
}

func scheduleOf(t *periskop.Target) string {
	return "every " + t.Interval.String() + ", timeout " + t.Timeout.String()
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
