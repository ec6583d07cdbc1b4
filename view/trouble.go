package view

import (
	"cmp"
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// tone is how much attention something wants.
type tone string

// The tones, which are also classes of the style sheet.
const (
	toneBad  tone = "bad"
	toneWarn tone = "warn"
	toneWait tone = "wait"
	toneGood tone = "good"
)

// tones lists them, the most urgent first.
var tones = []tone{toneBad, toneWarn, toneWait, toneGood}

// tone says how much attention the service wants.
func (s *serviceHealth) tone() tone {
	switch wait := s.waits(); {
	case wait != periskop.WaitNothing:
		return s.waitTone(wait)
	case s.Down == len(s.Targets):
		return toneBad
	case s.Down > 0, len(s.Discovery.Problems) > 0:
		return toneWarn
	}
	return toneGood
}

// troubled reports whether somebody should look after the service's targets.
func (s *serviceHealth) troubled() bool { t := s.tone(); return t == toneBad || t == toneWarn }

// shareDown is how much of the service cannot be seen, from 0 to 1.
func (s *serviceHealth) shareDown() float64 {
	if len(s.Targets) == 0 {
		return 1
	}
	return float64(s.Down) / float64(len(s.Targets))
}

// sortByTrouble puts the services first whose targets want attention, those first of which
// the largest share is down, then those with the most exceptions that came back, are new,
// or grow, and then those with the newest.
func sortByTrouble(list []*serviceHealth) {
	slices.SortStableFunc(list, func(a, b *serviceHealth) int {
		return cmp.Or(
			cmp.Compare(slices.Index(tones, a.tone()), slices.Index(tones, b.tone())),
			cmp.Compare(b.shareDown(), a.shareDown()),
			cmp.Compare(b.Down, a.Down),
			cmp.Compare(b.Counts[conditionRegressed], a.Counts[conditionRegressed]),
			cmp.Compare(b.Counts[conditionNew], a.Counts[conditionNew]),
			cmp.Compare(b.Growth.Sum(growingSteps), a.Growth.Sum(growingSteps)),
			b.newestSeen().Compare(a.newestSeen()),
		)
	})
}

func (s *serviceHealth) newestSeen() time.Time {
	if s.Newest == nil {
		return time.Time{}
	}
	return s.Newest.LastSeen
}

// A troubleNotice says what cannot be seen, since when and why, on pages that would look
// as if all were well without it.
type troubleNotice struct {
	Tone    tone
	Heading string
	Rows    []troubleRow
	Left    string // how many more rows there are
	URL     string
	Link    string
}

// A troubleRow is a target that is down, a service that has some, or what discovery
// complains about.
type troubleRow struct {
	Name   text
	URL    string // of a service
	State  string
	Since  age
	Result string
	Reason block
}

// maxTroubleRows is how much trouble a page names that is about something else.
const maxTroubleRows = 3

// newTroubleNotice is about one service. It returns nil when nothing is wrong.
func newTroubleNotice(s *serviceHealth, now time.Time, limit *budget, to links) *troubleNotice {
	n := &troubleNotice{Tone: s.tone(), URL: to.status(targetFilter{Service: s.Name}), Link: "See its targets"}
	switch all := len(s.Targets); {
	case n.Tone == toneGood:
		return nil
	case n.Tone == toneWait:
		n.Heading = "Nothing of this service is seen now"
	case all == 0:
		n.Heading = "This service has no targets: what it raises is not seen"
	case s.Down == all && all == 1:
		n.Heading = "The only target is down: what it raises is not seen"
	case s.Down == all:
		n.Heading = "All " + number(all) + " targets are down: what they raise is not seen"
	case s.Down > 0:
		n.Heading = number(s.Down) + " of " + plural(all, "target") + are(s.Down) + "down: what " + it(s.Down) + " not seen"
	default:
		n.Heading = "Discovery of targets has problems: some may be missing"
	}
	if s.Down > 0 {
		n.URL, n.Link = to.status(targetFilter{Service: s.Name, State: targetDown}), "See what is down"
	}
	for _, h := range s.longestDown() {
		row := troubleRow{Name: snippet(h.Target.Instance, nameLength), Since: ageOf(now, h.DownSince), Result: string(h.Last.Result)}
		if h.Last.Err != nil {
			row.Reason = limit.line(h.Last.Err.Error())
		}
		n.Rows = append(n.Rows, row)
	}
	for _, problem := range s.Discovery.Problems[:min(len(s.Discovery.Problems), maxTroubleRows)] {
		n.Rows = append(n.Rows, troubleRow{Reason: limit.line(problem)})
	}
	if left := s.Down + len(s.Discovery.Problems) - len(n.Rows); left > 0 {
		n.Left = number(left) + " more"
	}
	return n
}

// longestDown returns some of the targets that are down, those first that are for the
// longest.
func (s *serviceHealth) longestDown() []periskop.TargetHealth {
	down := slices.Clone(s.Targets[:s.Down]) // the worst come first
	slices.SortStableFunc(down, func(a, b periskop.TargetHealth) int { return a.DownSince.Compare(b.DownSince) })
	return down[:min(len(down), maxTroubleRows)]
}

// newTroubleSummary is about many services. It returns nil when nothing is wrong.
func newTroubleSummary(services []*serviceHealth, now time.Time, limit *budget, to links) *troubleNotice {
	var list []*serviceHealth
	var down, of, without int
	n := &troubleNotice{Tone: toneWarn, URL: to.services(serviceFilter{Show: showTrouble}), Link: "See the services in trouble"}
	for _, s := range services {
		if !s.troubled() {
			continue
		}
		list = append(list, s)
		if s.Down > 0 {
			down, of = down+s.Down, of+1
		}
		if len(s.Targets) == 0 {
			without++
		}
		if s.tone() == toneBad {
			n.Tone = toneBad
		}
	}
	if len(list) == 0 {
		return nil
	}
	n.Heading = summaryHeading(down, of, without)
	if down > 0 && without == 0 {
		n.URL, n.Link = to.status(targetFilter{State: targetDown}), "See what is down"
	}
	sortByTrouble(list)
	for _, s := range list[:min(len(list), maxTroubleRows)] {
		n.Rows = append(n.Rows, newServiceTrouble(s, now, limit, to))
	}
	if left := len(list) - len(n.Rows); left > 0 {
		n.Left = plural(left, "more service")
	}
	return n
}

func summaryHeading(down, of, without int) string {
	targets := plural(down, "target") + " of " + plural(of, "service") + are(down) + "down"
	switch {
	case down > 0 && without > 0:
		return targets + ", and " + plural(without, "service") + have(without) + "no targets: what they raise is not seen"
	case down > 0:
		return targets + ": what " + it(down) + " not seen"
	case without > 0:
		return plural(without, "service") + have(without) + "no targets: what " + it(without) + " not seen"
	}
	return "Discovery of targets has problems: some may be missing"
}

func newServiceTrouble(s *serviceHealth, now time.Time, limit *budget, to links) troubleRow {
	row := troubleRow{Name: snippet(s.Name, nameLength), URL: to.service(s.Name), State: s.targetsUp(), Since: ageOf(now, s.DownSince)}
	if down := s.longestDown(); len(down) > 0 {
		row.Result = string(down[0].Last.Result)
		if err := down[0].Last.Err; err != nil {
			row.Reason = limit.line(err.Error())
		}
	} else if len(s.Discovery.Problems) > 0 {
		row.Reason = limit.line(s.Discovery.Problems[0])
	}
	return row
}

// are, have and it are what follows a count of things in a sentence.
func are(n int) string { return oneOrMore(n, " is ", " are ") }

func have(n int) string { return oneOrMore(n, " has ", " have ") }

func it(n int) string { return oneOrMore(n, "it raises is", "they raise is") }

func oneOrMore(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}
