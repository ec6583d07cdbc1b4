package view

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// A condition is something about an exception that a reader looks for.
type condition string

// The conditions. They are also parameters of the list and classes of the style sheet.
const (
	conditionOpen      condition = "" // neither resolved nor muted
	conditionNew       condition = "new"
	conditionRegressed condition = "regressed"
	conditionGrowing   condition = "growing"
	conditionResolved  condition = "resolved"
	conditionMuted     condition = "muted"
	conditionAny       condition = "all"
)

// conditions are all of them, with the name that a select has for them.
var conditions = []struct {
	Condition condition
	Name      string
}{
	{conditionOpen, "Open"},
	{conditionNew, "New"},
	{conditionRegressed, "Regressed"},
	{conditionGrowing, "Growing"},
	{conditionMuted, "Muted"},
	{conditionResolved, "Resolved"},
	{conditionAny, "All"},
}

const (
	// newAge is how long an exception is new: until everybody had a working day to
	// see it.
	newAge = 24 * time.Hour
	// growingSteps are those in which it was counted if it is growing: ten minutes.
	growingSteps = 5
)

// A classifier knows what conditions depend on beside the exception.
type classifier struct {
	now    time.Time
	growth *merge.Growth
}

// is reports whether an exception of the service is in that condition.
func (cl classifier) is(c condition, s *merge.Service, e *merge.Exception) bool {
	switch c {
	case conditionAny:
		return true
	case conditionResolved:
		return e.Resolved != nil
	case conditionMuted:
		return e.Muted != nil
	case conditionNew:
		return cl.isNew(s, e)
	case conditionRegressed:
		return e.Open() && e.Regressions > 0
	case conditionGrowing:
		grown := cl.growth.Exception(e.ID)
		return e.Open() && grown.Sum(growingSteps) > 0
	default:
		return e.Open()
	}
}

// isNew reports whether the exception first came within newAge, as far as that is
// known: what was there before the watch on its service began may be of any age.
func (cl classifier) isNew(s *merge.Service, e *merge.Exception) bool {
	if !e.Open() || s == nil || s.WatchedSince.IsZero() || e.Key == merge.OverflowKey {
		return false
	}
	return e.FirstSeen.After(s.WatchedSince) && cl.now.Sub(e.FirstSeen) < newAge
}

// A badge is a condition, ready to print.
type badge struct {
	Name string
	Tone condition
	// Note says more, for who points at it.
	Note string
}

// badges are those of an exception, the most urgent first.
func (cl classifier) badges(s *merge.Service, e *merge.Exception) []badge {
	notes := map[condition]string{
		conditionRegressed: "It was resolved, and came back " + times(e.Regressions),
		conditionNew:       "First seen within the last " + distance(newAge),
		conditionGrowing:   "Counted within the last " + distance(growingSteps*merge.GrowthStep),
		conditionMuted:     "Hidden from lists, and told of by no alert",
		conditionResolved:  "Hidden from lists until its count grows",
	}
	var list []badge
	for _, c := range []condition{conditionRegressed, conditionNew, conditionGrowing, conditionMuted, conditionResolved} {
		if cl.is(c, s, e) {
			list = append(list, badge{Name: string(c), Tone: c, Note: notes[c]})
		}
	}
	return list
}

func times(n uint64) string {
	if n == 1 {
		return "once"
	}
	return number(n) + " times"
}

// span says how far back the growth is known.
func (cl classifier) span() string {
	if cl.growth == nil {
		return "last hour"
	}
	// The first step has just begun when the last one has.
	const whole = (merge.GrowthSteps - 2) * merge.GrowthStep
	if d := cl.now.Sub(cl.growth.Since); d < whole {
		if d < time.Minute {
			return "last minute"
		}
		return "last " + distance(d)
	}
	return "last hour"
}
