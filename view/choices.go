package view

import (
	"maps"
	"slices"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// Targets can make up any number of severities, classes and values of labels. A select
// with more than these is of no use.
const (
	maxSeverityOptions = 20
	maxClassOptions    = 100
	maxGroupSelects    = 4
	maxGroupOptions    = 50
)

// A groupSelect chooses a value of a group label.
type groupSelect struct {
	ID, Param string
	Name      text
	Options   []option
}

// setOptions fills in what the reader can choose from.
func (p *exceptionsPage) setOptions(s *merge.Snapshot, f filter, c *choices) {
	p.Services = serviceOptions(s, f.Service)
	for _, c := range conditions {
		p.States = append(p.States, option{Value: string(c.Condition), Name: c.Name, Selected: c.Condition == f.State})
	}
	p.Severities = newOptions("All severities", c.severities, f.Severity, compareSeverities)
	for class := range c.classes {
		p.Classes = append(p.Classes, excerpt(class, nameLength))
	}
	slices.Sort(p.Classes)
	selected := map[string]string{}
	for _, g := range f.Group {
		selected[g.Name] = g.Value
	}
	for i, name := range c.groupNames(selected) {
		p.Groups = append(p.Groups, groupSelect{
			ID: "group-" + number(i), Param: groupPrefix + name, Name: snippet(name, serviceLength),
			Options: newOptions("All", c.groups[name], selected[name], strings.Compare),
		})
	}
}

// choices are the values that occur. They are not changed once they are made.
type choices struct {
	severities, classes map[string]bool
	groups              map[string]map[string]bool // values by label
}

// choicesOf returns the values that occur in a service, or in all of them.
func choicesOf(s *merge.Snapshot, service string) *choices {
	c := &choices{severities: map[string]bool{}, classes: map[string]bool{}, groups: map[string]map[string]bool{}}
	for _, name := range knownSeverities {
		c.severities[name] = true
	}
	for _, svc := range s.Services {
		if service == "" || svc.Name == service {
			for _, e := range svc.Exceptions {
				c.add(e)
			}
		}
	}
	return c
}

// groupNames returns the labels that there are selects for, sorted: those that are chosen, and
// others.
func (c *choices) groupNames(selected map[string]string) []string {
	list := slices.Collect(maps.Keys(selected))
	for _, name := range slices.Sorted(maps.Keys(c.groups)) {
		if _, ok := selected[name]; !ok && len(list) < maxGroupSelects {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

func (c *choices) add(e *merge.Exception) {
	choose(c.classes, e.Class, maxClassOptions)
	for i := range e.Counts {
		choose(c.severities, e.Counts[i].Severity, maxSeverityOptions)
		for _, l := range e.Counts[i].Group {
			values := c.groups[l.Name]
			if values == nil {
				if len(c.groups) >= maxGroupSelects {
					continue
				}
				values = map[string]bool{}
				c.groups[l.Name] = values
			}
			choose(values, l.Value, maxGroupOptions)
		}
	}
}

func choose(set map[string]bool, value string, most int) {
	if len(set) < most && value != "" {
		set[value] = true
	}
}

// newOptions returns the values and the selected one, sorted, after one that stands for all of
// them.
func newOptions(all string, values map[string]bool, selected string, compare func(a, b string) int) []option {
	list := []option{{Value: "", Name: all, Selected: selected == ""}}
	sorted := slices.Collect(maps.Keys(values))
	if !values[selected] {
		sorted = append(sorted, selected)
	}
	slices.SortFunc(sorted, compare)
	for _, value := range sorted {
		if value != "" {
			list = append(list, newOption(value, selected))
		}
	}
	return list
}

func serviceOptions(s *merge.Snapshot, selected string) []option {
	list := []option{{Value: "", Name: "All services", Selected: selected == ""}}
	for _, svc := range s.Services {
		list = append(list, newOption(svc.Name, selected))
	}
	if s.Service(selected) == nil && selected != "" {
		list = append(list, newOption(selected, selected))
	}
	return list
}

func newOption(name, selected string) option {
	const most = 60
	return option{Value: name, Name: excerpt(name, most), Selected: name == selected}
}

func sortOptions(selected order) []option {
	list := make([]option, len(orders))
	for i, o := range orders {
		list[i] = option{Value: string(o.Order), Name: o.Name, Selected: o.Order == selected}
	}
	return list
}
