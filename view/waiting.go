package view

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// waitTexts say in few words how a service is that waits; waited says the rest.
var waitTexts = map[periskop.Wait]string{
	periskop.WaitDiscovery:   "waiting",
	periskop.WaitTargets:     "no targets",
	periskop.WaitFirstScrape: "waiting",
	periskop.WaitPush:        "pushed",
}

// waits returns what the service waits for before it is known how its targets are.
func (s *serviceHealth) waits() periskop.Wait {
	wait, _ := s.Discovery.Waiting(s.Targets)
	return wait
}

// waitTone is the tone of a service that waits. That there are no targets is no trouble
// for one that is there because labels name it: it went with them.
func (s *serviceHealth) waitTone(wait periskop.Wait) tone {
	switch comesAndGoes := s.Discovery.ByLabel() || s.Discovery.Feeds; {
	case wait == periskop.WaitPush:
		return toneGood
	case wait == periskop.WaitTargets && !comesAndGoes, wait == periskop.WaitDiscovery && len(s.Discovery.Problems) > 0:
		return toneBad
	case len(s.Discovery.Problems) > 0:
		return toneWarn
	}
	return toneWait
}

// waited says what the service waits for and how long it has done so, "" when it does
// not.
func (s *serviceHealth) waited(now time.Time) string {
	wait, since := s.Discovery.Waiting(s.Targets)
	long := ""
	if !since.IsZero() {
		long = distance(now.Sub(since)) // empty below a second
	}
	what := map[periskop.Wait]string{
		periskop.WaitDiscovery:   "for discovery",
		periskop.WaitFirstScrape: "for the first scrape of " + plural(len(s.Targets), "target"),
	}[wait]
	switch {
	case what != "" && long != "":
		return what + ", " + long
	case wait == periskop.WaitTargets && long != "":
		return "for " + long
	}
	return what
}

// neverAnswered says why there is nothing to see of a service none of whose targets has
// ever answered, in the words of one of them.
func (s *serviceHealth) neverAnswered() string {
	if s.Service != nil && !s.Service.WatchedSince.IsZero() || s.Up > 0 {
		return ""
	}
	for i := range s.Targets {
		if h := &s.Targets[i]; stateOf(h) == targetDown && h.Last.Err != nil {
			return "No target has answered yet: " + h.Last.Err.Error()
		}
	}
	return ""
}

// A blockRow is a block of the configuration that finds targets of other services.
type blockRow struct {
	Name     text
	State    string
	Tone     tone
	Facts    []string
	Problems []block
	Left     string // of the problems
}

func newBlockRow(f *periskop.Feeder, space *budget) blockRow {
	row := blockRow{
		Name: snippet(f.Block, nameLength), Tone: toneGood,
		State: "finds " + plural(f.Services, "service"), Facts: []string{plural(f.Targets, "target")},
	}
	if f.Dropped > 0 {
		row.Facts = append(row.Facts, number(f.Dropped)+" dropped by relabelling")
	}
	problems := f.Problems
	if len(problems) > 0 {
		row.Tone = toneWarn
	}
	if len(problems) > maxRows {
		row.Left = plural(len(problems)-maxRows, "problem")
		problems = problems[:maxRows]
	}
	for _, p := range problems {
		row.Problems = append(row.Problems, space.line(p))
	}
	return row
}

// newBlockRows returns the blocks that labels name services for; with troubledOnly those
// with a problem.
func newBlockRows(feeders []periskop.Feeder, troubledOnly bool) []blockRow {
	space := &budget{left: blockBudget}
	var rows []blockRow
	for i := range feeders {
		if f := &feeders[i]; !troubledOnly || len(f.Problems) > 0 {
			rows = append(rows, newBlockRow(f, space))
		}
	}
	return rows
}
