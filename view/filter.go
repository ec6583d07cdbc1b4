package view

import (
	"cmp"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
)

// A filter says which exceptions are listed, in which order, and which part of them.
type filter struct {
	Service  string
	Severity string
	Class    string // a part of it
	State    condition
	Group    []groupValue
	Query    string
	Deep     bool // the search takes as long as it takes
	Seen     period
	Sort     order
	Page     int
}

// A groupValue is a group label that an exception must have been counted under.
type groupValue struct{ Name, Value string }

// An order is one that the list can be sorted in.
type order string

// The orders. The times and the count begin with the largest.
const (
	byLastSeen  order = "last_seen"
	byFirstSeen order = "first_seen"
	byCount     order = "count"
	byGrowth    order = "growth"
	byKey       order = "key"
)

// orders are all of them, the default first.
var orders = []struct {
	Order order
	Name  string
}{
	{byLastSeen, "Last seen"},
	{byFirstSeen, "First seen"},
	{byCount, "Count"},
	{byGrowth, "Growth"},
	{byKey, "Key"},
}

// Parameters of the list beside those that are labels.
const (
	queryParam     = "q"
	deepParam      = "deep"
	sortParam      = "sort"
	conditionParam = "state"
	// groupPrefix keeps group labels, which users choose, apart from all others.
	groupPrefix = "group."
)

// maxGroupValues is more group labels than anybody has.
const maxGroupValues = 20

func parseFilter(q url.Values) filter {
	const mostQuery = 2000 // bytes: a pasted message, not a book
	query, _ := beginning(strings.TrimSpace(q.Get(queryParam)), mostQuery)
	f := filter{
		Service:  q.Get(names.ServiceName),
		Severity: q.Get(names.Severity),
		Class:    strings.TrimSpace(q.Get(names.Class)),
		Group:    parseGroup(q),
		Seen:     parsePeriod(q),
		Query:    query,
		Deep:     query != "" && q.Get(deepParam) != "",
		Sort:     byLastSeen,
		Page:     pageNumber(q),
	}
	for _, o := range orders {
		if q.Get(sortParam) == string(o.Order) {
			f.Sort = o.Order
		}
	}
	for _, c := range conditions {
		if q.Get(conditionParam) == string(c.Condition) {
			f.State = c.Condition
		}
	}
	return f
}

func parseGroup(q url.Values) []groupValue {
	var list []groupValue
	for _, param := range slices.Sorted(maps.Keys(q)) {
		name, ok := strings.CutPrefix(param, groupPrefix)
		if value := q.Get(param); ok && value != "" && len(list) < maxGroupValues {
			list = append(list, groupValue{name, value})
		}
	}
	return list
}

// values leaves out what is the default.
func (f filter) values() url.Values {
	q := url.Values{}
	setParam(q, names.ServiceName, f.Service)
	setParam(q, names.Severity, f.Severity)
	setParam(q, names.Class, f.Class)
	setParam(q, conditionParam, string(f.State))
	for _, g := range f.Group {
		setParam(q, groupPrefix+g.Name, g.Value)
	}
	setParam(q, queryParam, f.Query)
	if f.Deep {
		setParam(q, deepParam, "1")
	}
	f.Seen.setValues(q)
	if f.Sort != byLastSeen {
		setParam(q, sortParam, string(f.Sort))
	}
	setPage(q, f.Page)
	return q
}

// narrow reports whether the filter leaves anything out.
func (f filter) narrow() bool {
	return f.Query != "" || f.set() > 0
}

// set is how many of the filters are set beside the search, which a phone has folded.
func (f filter) set() int {
	n := len(f.Group) + f.Seen.set()
	for _, given := range []bool{f.Service != "", f.Severity != "", f.Class != "", f.State != conditionOpen} {
		if given {
			n++
		}
	}
	return n
}

// exceptions returns what the filter leaves, sorted, and how many exceptions were not searched
// whole.
func (f filter) exceptions(s *merge.Snapshot, all []*index, cl classifier, b *searchBudget) (list []*merge.Exception, unsearched int) {
	search, class := newSearch(f.Query), newWord(strings.ToLower(f.Class))
	var named, unread []part
	count, left := 0, 0
	for i, svc := range s.Services {
		if f.Service != "" && svc.Name != f.Service {
			continue
		}
		x := all[i]
		has := func(e *merge.Exception) bool {
			return cl.is(f.State, svc, e) && f.Seen.has(e, cl.now) && f.hasCount(e) && (f.Class == "" || class.in(e.Class))
		}
		matching := x.matching(search)
		listed := part{list: x.list}
		for _, at := range x.in(f.Sort, cl) {
			if (matching == nil || matching[at]) && has(x.list[at]) {
				listed.positions = append(listed.positions, at)
			}
		}
		named, count = append(named, listed), count+len(listed.positions)
		if matching == nil {
			continue
		}
		rest := part{list: x.list}
		for _, at := range x.in(byLastSeen, cl) {
			if !matching[at] && x.list[at].Kept.Len() > 0 && has(x.list[at]) {
				rest.positions = append(rest.positions, at)
			}
		}
		unread, left = append(unread, rest), left+len(rest.positions)
	}
	list = slices.AppendSeq(make([]*merge.Exception, 0, count), merged(named, f.Sort, cl))
	found, unsearched := search.read(merged(unread, byLastSeen, cl), left, f.Deep, b)
	if len(found) > 0 {
		list = append(list, found...)
		cl.sort(list, f.Sort)
	}
	return list, unsearched
}

// timed reports whether what the filter leaves depends on when it is asked.
func (f filter) timed() bool { return f.State == conditionNew || f.Seen.Within != "" }

// grows reports whether it depends on what grew of late.
func (f filter) grows() bool { return f.State == conditionGrowing || f.Sort == byGrowth }

// hasCount reports whether the exception was counted under the severity and the group
// labels.
func (f filter) hasCount(e *merge.Exception) bool {
	if f.Severity == "" && len(f.Group) == 0 {
		return true
	}
	return slices.ContainsFunc(e.Counts, func(c merge.Count) bool {
		for _, g := range f.Group {
			if c.Group.Value(g.Name) != g.Value {
				return false
			}
		}
		return f.Severity == "" || c.Severity == f.Severity
	})
}

// A ranked is an exception with what it is sorted by: to look that up in each of them
// for each comparison takes most of the time when there are 100,000.
type ranked struct {
	rank int64 // the smallest first
	key  string
	*merge.Exception
}

// sort puts equals in the order of their keys and services, so that pages do not
// overlap.
func (cl classifier) sort(list []*merge.Exception, o order) {
	sorted := make([]ranked, len(list))
	for i, e := range list {
		sorted[i] = ranked{cl.rank(e, o), e.Key, e}
	}
	slices.SortFunc(sorted, func(a, b ranked) int {
		if a.rank != b.rank {
			return cmp.Compare(a.rank, b.rank)
		}
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.Service, b.Service))
	})
	for i := range sorted {
		list[i] = sorted[i].Exception
	}
}

func (cl classifier) rank(e *merge.Exception, o order) int64 {
	switch o {
	case byFirstSeen:
		return -unixNano(e.FirstSeen)
	case byCount:
		return -int64(min(e.Total(), math.MaxInt64))
	case byGrowth:
		grown := cl.growth.Exception(e.ID)
		return -int64(min(grown.Sum(merge.GrowthSteps), math.MaxInt64))
	case byKey:
		return 0
	default:
		return -unixNano(e.LastSeen)
	}
}

// unixNano is for sorting; an unknown time comes last.
func unixNano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
