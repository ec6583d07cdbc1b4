package view

import (
	"cmp"
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
	Query    string
	Sort     order
	Page     int
}

// An order is one that the list can be sorted in.
type order string

// The orders. The times and the count begin with the largest.
const (
	byLastSeen  order = "last_seen"
	byFirstSeen order = "first_seen"
	byCount     order = "count"
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
	{byKey, "Key"},
}

// Parameters of the list beside those that are labels.
const (
	queryParam = "q"
	sortParam  = "sort"
)

func parseFilter(q url.Values) filter {
	const mostQuery = 2000 // bytes: a pasted message, not a book
	query, _ := beginning(strings.TrimSpace(q.Get(queryParam)), mostQuery)
	f := filter{
		Service:  q.Get(names.ServiceName),
		Severity: q.Get(names.Severity),
		Query:    query,
		Sort:     byLastSeen,
		Page:     pageNumber(q),
	}
	for _, o := range orders {
		if q.Get(sortParam) == string(o.Order) {
			f.Sort = o.Order
		}
	}
	return f
}

// values leaves out what is the default.
func (f filter) values() url.Values {
	q := url.Values{}
	setParam(q, names.ServiceName, f.Service)
	setParam(q, names.Severity, f.Severity)
	setParam(q, queryParam, f.Query)
	if f.Sort != byLastSeen {
		setParam(q, sortParam, string(f.Sort))
	}
	setPage(q, f.Page)
	return q
}

// narrow reports whether the filter leaves anything out.
func (f filter) narrow() bool { return f.Service != "" || f.Severity != "" || f.Query != "" }

// exceptions returns what the filter leaves, sorted.
func (f filter) exceptions(s *merge.Snapshot) []*merge.Exception {
	search := newSearch(f.Query)
	var list []*merge.Exception
	for _, svc := range s.Services {
		if f.Service != "" && svc.Name != f.Service {
			continue
		}
		for _, e := range svc.Exceptions {
			if f.hasSeverity(e) && search.matches(e) {
				list = append(list, e)
			}
		}
	}
	f.Sort.sort(list)
	return list
}

func (f filter) hasSeverity(e *merge.Exception) bool {
	return f.Severity == "" || slices.ContainsFunc(e.Counts, func(c merge.Count) bool { return c.Severity == f.Severity })
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
func (o order) sort(list []*merge.Exception) {
	sorted := make([]ranked, len(list))
	for i, e := range list {
		sorted[i] = ranked{o.rank(e), e.Key, e}
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

func (o order) rank(e *merge.Exception) int64 {
	switch o {
	case byFirstSeen:
		return -unixNano(e.FirstSeen)
	case byCount:
		return -int64(min(e.Total(), math.MaxInt64))
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
