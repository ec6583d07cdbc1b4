package view

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A serviceHealth is a service with its targets, as far as they are known.
type serviceHealth struct {
	Name      string
	Service   *merge.Service // nil when merge does not know it
	Discovery periskop.ServiceTargets
	Targets   []periskop.TargetHealth // the worst first
	// How many targets are in which state.
	Up, Down, Waiting int
	LastScrape        time.Time

	// What take fills in: how many exceptions are in which condition, which one of the
	// open ones was seen last, and how much all of them grew.
	Counts map[condition]int
	Newest *merge.Exception
	Growth merge.Increments
}

// listedConditions are those that the overview counts, the most urgent first.
var listedConditions = []condition{conditionRegressed, conditionNew, conditionGrowing}

// take counts the exceptions of the service.
func (s *serviceHealth) take(j classifier) {
	s.Counts, s.Newest, s.Growth = map[condition]int{}, nil, j.growth.Service(s.Name)
	if s.Service == nil {
		return
	}
	for _, e := range s.Service.Exceptions {
		if e.Resolved != nil {
			continue
		}
		s.Counts[conditionOpen]++
		if s.Newest == nil || e.LastSeen.After(s.Newest.LastSeen) {
			s.Newest = e
		}
		for _, c := range listedConditions {
			if j.is(c, s.Service, e) {
				s.Counts[c]++
			}
		}
	}
}

// troubled reports whether somebody should look after the service's targets.
func (s *serviceHealth) troubled() bool { t := s.tone(); return t == toneBad || t == toneWarn }

// targetState is how a target is.
type targetState string

// The states of a target.
const (
	targetUp      targetState = "up"
	targetDown    targetState = "down"
	targetWaiting targetState = "waiting" // for its first scrape
)

// targetStates lists the states, the worst first.
var targetStates = []targetState{targetDown, targetWaiting, targetUp}

func stateOf(h *periskop.TargetHealth) targetState {
	switch {
	case h.Last == nil:
		return targetWaiting
	case h.Last.Result == periskop.Success:
		return targetUp
	}
	return targetDown
}

// targetKey is what tells the targets of a service apart.
type targetKey struct{ service, url, instance string }

func keyOf(t *periskop.Target) targetKey { return targetKey{t.Service, t.URL, t.Instance} }

// joinHealth brings together what is known of each service, by name. Discovery says
// which targets there are.
func joinHealth(s *merge.Snapshot, targets []periskop.ServiceTargets, health []periskop.TargetHealth) []*serviceHealth {
	byName := map[string]*serviceHealth{}
	at := func(name string) *serviceHealth {
		if byName[name] == nil {
			byName[name] = &serviceHealth{Name: name}
		}
		return byName[name]
	}
	for _, svc := range s.Services {
		at(svc.Name).Service = svc
	}
	scraped := make(map[targetKey]periskop.TargetHealth, len(health))
	for _, h := range health {
		scraped[keyOf(h.Target)] = h
	}
	for _, st := range targets {
		at(st.Service).addTargets(st, scraped)
	}
	list := make([]*serviceHealth, 0, len(byName))
	for _, h := range byName {
		list = append(list, h)
	}
	slices.SortFunc(list, func(a, b *serviceHealth) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func (s *serviceHealth) addTargets(st periskop.ServiceTargets, scraped map[targetKey]periskop.TargetHealth) {
	s.Discovery = st
	for _, t := range st.Targets {
		h, ok := scraped[keyOf(t)]
		if !ok {
			h = periskop.TargetHealth{Target: t}
		}
		s.Targets = append(s.Targets, h)
		switch stateOf(&h) {
		case targetUp:
			s.Up++
		case targetDown:
			s.Down++
		case targetWaiting:
			s.Waiting++
		}
		if h.Last != nil && h.Last.End().After(s.LastScrape) {
			s.LastScrape = h.Last.End()
		}
	}
	slices.SortStableFunc(s.Targets, func(a, b periskop.TargetHealth) int {
		return cmp.Compare(slices.Index(targetStates, stateOf(&a)), slices.Index(targetStates, stateOf(&b)))
	})
}

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
	all := len(s.Targets)
	switch {
	case s.Down == all: // also when there are none
		return toneBad
	case s.Down > 0, len(s.Discovery.Problems) > 0:
		return toneWarn
	case s.Waiting == all:
		return toneWait
	}
	return toneGood
}

// targetsUp says how many targets are up, and notUp how the others are.
func (s *serviceHealth) targetsUp() string {
	if len(s.Targets) == 0 {
		return "no targets"
	}
	return number(s.Up) + " of " + number(len(s.Targets)) + " up"
}

func (s *serviceHealth) notUp() string {
	var parts []string
	if s.Down > 0 {
		parts = append(parts, number(s.Down)+" down")
	}
	if s.Waiting > 0 {
		parts = append(parts, number(s.Waiting)+" waiting")
	}
	return strings.Join(parts, ", ")
}

// sortByTrouble puts the services first whose targets want attention, then those with
// the most exceptions that came back, are new, or grow, and then those with the newest.
func sortByTrouble(list []*serviceHealth) {
	slices.SortStableFunc(list, func(a, b *serviceHealth) int {
		return cmp.Or(
			cmp.Compare(slices.Index(tones, a.tone()), slices.Index(tones, b.tone())),
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
