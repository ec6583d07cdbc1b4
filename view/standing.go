package view

import (
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// A standing is what a trace says about what was decided of its exception, and the addresses to
// change that. Those are empty when nothing can be changed.
type standing struct {
	Resolved moment // unknown: it is not resolved
	Muted    moment // likewise
	Until    string // of the mute
	By       block
	Reason   block
	Came     string // how often it came back; empty for never
	// Before is the reason of the resolution that it came back from.
	Before *decisionRow

	ResolveURL, ReopenURL, MuteURL, UnmuteURL, NoteURL string

	MostReason int
	Mutes      []option
	Grown      int
	History    []decisionRow // the newest first
}

// A decisionRow is one decision of the history.
type decisionRow struct {
	What   string
	When   moment
	By     block
	Reason block
}

func (v *view) newStanding(e *merge.Exception, now time.Time, limit *budget, to links) standing {
	s := standing{MostReason: triage.MaxReason, Grown: muteGrown}
	if e.Regressions > 0 {
		s.Came = times(e.Regressions)
	}
	for i := len(e.Decisions) - 1; i >= 0; i-- {
		row := newDecisionRow(&e.Decisions[i], now, limit)
		if s.Before == nil && e.Decisions[i].Kind == triage.Regressed && e.Decisions[i].Reason != "" {
			s.Before = &row
		}
		s.History = append(s.History, row)
	}
	switch {
	case e.Resolved != nil:
		s.Resolved = newMoment(now, e.Resolved.At)
		s.By, s.Reason = limit.line(e.Resolved.By), limit.block(e.Resolved.Reason, lines, lineBudget)
	case e.Muted != nil:
		s.Muted, s.Until = newMoment(now, e.Muted.At), untilText(e.Muted.Until)
		s.By, s.Reason = limit.line(e.Muted.By), limit.block(e.Muted.Reason, lines, lineBudget)
	}
	if v.Decide != nil {
		s.setForms(e, to)
	}
	return s
}

func (s *standing) setForms(e *merge.Exception, to links) {
	s.NoteURL = to.decide(e.ID, "note")
	if e.Resolved != nil {
		s.ReopenURL = to.decide(e.ID, "reopen")
		return
	}
	s.ResolveURL = to.decide(e.ID, "resolve")
	if e.Muted != nil {
		s.UnmuteURL = to.decide(e.ID, "unmute")
		return
	}
	s.MuteURL = to.decide(e.ID, "mute")
	s.Mutes = muteOptions(len(e.Versions) > 0)
}

// muteOptions are the ways to mute. Until a new version is offered where versions are known.
func muteOptions(versions bool) []option {
	var list []option
	for _, p := range mutePeriods {
		list = append(list, option{Value: p.Value, Name: p.Name, Selected: p.Value == "7d"})
	}
	list = append(list, option{Value: muteUntil, Name: "until the time below"}, option{Value: muteGrowth, Name: "until it grew by the number below"})
	if versions {
		list = append(list, option{Value: muteVersion, Name: "until it is in a new version"})
	}
	return append(list, option{Value: muteForGood, Name: "for good"})
}

// untilText says when a mute ends.
func untilText(u triage.Until) string {
	var list []string
	if !u.Time.IsZero() {
		list = append(list, "until "+newMoment(u.Time, u.Time).Absolute)
	}
	if u.Growth > 0 {
		list = append(list, "until it grew by "+number(u.Growth))
	}
	if u.Version {
		list = append(list, "until it is in a new version")
	}
	if len(list) == 0 {
		return "for good"
	}
	return strings.Join(list, ", or ")
}

// decisionNames say what was decided, or happened.
var decisionNames = map[triage.Kind]string{
	triage.Resolved: "Resolved", triage.Reopened: "Reopened", triage.Muted: "Muted", triage.Unmuted: "Unmuted",
	triage.Noted: "Note", triage.Reset: "Count begun anew", triage.Regressed: "Came back after it was resolved",
	triage.Returned: "Came back after it was muted",
}

func newDecisionRow(d *triage.Decision, now time.Time, limit *budget) decisionRow {
	row := decisionRow{
		What: decisionNames[d.Kind], When: newMoment(now, d.At), By: limit.line(d.By), Reason: limit.block(d.Reason, lines, lineBudget),
	}
	if d.Kind == triage.Muted || d.Kind == triage.Returned {
		row.What += " " + untilText(d.Until)
	}
	return row
}
