package view

import (
	"net/url"
	"slices"
	"strings"
)

// A serviceFilter says which services the overview lists, and which part of them.
type serviceFilter struct {
	Query string // a part of the name
	Show  show
	Page  int
}

// A show is a kind of services to look at.
type show string

// The kinds.
const (
	showAll     show = ""
	showTrouble show = "trouble"
	showNews    show = "news"
)

var shows = []struct {
	Show show
	Name string
}{
	{showAll, "All services"},
	{showTrouble, "Targets in trouble"},
	{showNews, "New, regressed or growing"},
}

const (
	nameParam = "name"
	showParam = "show"
)

func parseServiceFilter(q url.Values) serviceFilter {
	const mostQuery = 200 // bytes, as long as a name can be
	query, _ := beginning(strings.TrimSpace(q.Get(nameParam)), mostQuery)
	f := serviceFilter{Query: query, Page: pageNumber(q)}
	for _, s := range shows {
		if q.Get(showParam) == string(s.Show) {
			f.Show = s.Show
		}
	}
	return f
}

func (f serviceFilter) values() url.Values {
	q := url.Values{}
	setParam(q, nameParam, f.Query)
	setParam(q, showParam, string(f.Show))
	setPage(q, f.Page)
	return q
}

func (f serviceFilter) options() []option {
	var list []option
	for _, s := range shows {
		list = append(list, option{Value: string(s.Show), Name: s.Name, Selected: s.Show == f.Show})
	}
	return list
}

func (f serviceFilter) services(list []*serviceHealth) []*serviceHealth {
	word := newWord(strings.ToLower(f.Query))
	return slices.DeleteFunc(slices.Clone(list), func(s *serviceHealth) bool {
		return f.Query != "" && !word.in(s.Name) || !f.shows(s)
	})
}

func (f serviceFilter) shows(s *serviceHealth) bool {
	switch f.Show {
	case showTrouble:
		return s.troubled()
	case showNews:
		return slices.ContainsFunc(listedConditions, func(c condition) bool { return s.Counts[c] > 0 })
	default:
		return true
	}
}
