package view

import "slices"

// An emptyList says why there is nothing in the list.
type emptyList struct {
	Heading, Text string
	Actions       []action
}

// whyEmpty says why nothing is listed. What was asked for may be a good thing not to find.
func whyEmpty(services []*serviceHealth, f filter, to links) *emptyList {
	open, all := action{"See all that are open", to.exceptions(filter{})}, action{"Include what is resolved", ""}
	f.Page = 1
	if f.State != conditionAny {
		f := f
		f.State = conditionAny
		all.URL = to.exceptions(f)
	}
	switch {
	case f.Service != "" && len(services) == 0:
		return &emptyList{
			Heading: "There is no such service",
			Text:    "No service of this name is configured. It may have been renamed, or another exporter scrapes it.",
			Actions: []action{{"See all services", to.overview()}, open},
		}
	case f.Query != "" || f.Severity != "" || f.Class != "" || len(f.Group) > 0 || f.Seen.set() > 0:
		e := &emptyList{
			Heading: "Nothing matches",
			Text: "Every filter has to fit, and every word has to occur in the service, key, class, message, stack trace, causes, URL, instance or ID of an exception. " +
				"Only the newest occurrences of each are kept.",
			Actions: []action{open},
		}
		if all.URL != "" {
			e.Actions = append(e.Actions, all)
		}
		return e
	case f.State != conditionOpen && f.State != conditionAny:
		return &emptyList{Heading: "None is " + string(f.State), Text: emptyText[f.State], Actions: []action{open}}
	}
	e := nothingReported(services)
	if !answered(services) {
		e.Actions = append(e.Actions, action{"See what is waited for", to.overview()})
	}
	e.Actions = append(e.Actions, action{"See the status of targets", to.status(targetFilter{Service: f.Service})})
	if all.URL != "" {
		e.Actions = append(e.Actions, all)
	}
	return e
}

// nothingReported says what it means that there is no exception: it is only good news from
// targets that answer.
func nothingReported(services []*serviceHealth) *emptyList {
	var up, waiting, targets int
	for _, s := range services {
		up, waiting, targets = up+s.Up, waiting+s.Waiting, targets+len(s.Targets)
		if len(s.Targets) == 0 && s.tone() == toneGood { // it reports by itself
			up, targets = up+1, targets+1
		}
	}
	switch {
	case targets == 0:
		return &emptyList{Heading: "Nothing is seen", Text: "No target is discovered, so no exception can be known."}
	case up == 0 && waiting == targets:
		return &emptyList{Heading: "Nothing is seen yet", Text: "No target was scraped yet."}
	case up == 0:
		return &emptyList{Heading: "Nothing is seen", Text: "No target answers, so no exception can be known."}
	case up < targets:
		return &emptyList{
			Heading: "None from the targets that answer",
			Text:    number(up) + " of " + plural(targets, "target") + oneOrMore(up, " answers", " answer") + ", and no exception of " + oneOrMore(up, "it", "them") + " is open. What the others raise is not seen.",
		}
	}
	return &emptyList{Heading: "No exceptions", Text: "All targets answer, and have reported none that is not resolved."}
}

// answered reports whether a target of any of the services has ever answered.
func answered(services []*serviceHealth) bool {
	return slices.ContainsFunc(services, func(s *serviceHealth) bool { return s.Service != nil && !s.Service.WatchedSince.IsZero() })
}

// emptyText says what it means that no exception is in the condition.
var emptyText = map[condition]string{
	conditionNew:       "Nothing was seen for the first time within the last 24 hours.",
	conditionRegressed: "Nothing that was resolved has come back.",
	conditionGrowing:   "Nothing was counted within the last 10 minutes.",
	conditionMuted:     "Nothing is muted.",
	conditionResolved:  "Nothing is marked as resolved.",
}
