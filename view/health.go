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
	// DownSince is when the first of those that are down went down; zero when none is.
	DownSince  time.Time
	LastScrape time.Time

	// What take fills in: how many exceptions are in which condition, which one of the
	// open ones was seen last, and how much all of them grew.
	Counts map[condition]int
	Newest *merge.Exception
	Growth merge.Increments
}

// listedConditions are those that the overview counts, the most urgent first.
var listedConditions = []condition{conditionRegressed, conditionNew, conditionGrowing}

// take counts the exceptions of the service.
func (s *serviceHealth) take(cl classifier) {
	s.Counts, s.Newest, s.Growth = map[condition]int{}, nil, cl.growth.Service(s.Name)
	if s.Service == nil {
		return
	}
	for _, e := range s.Service.Exceptions {
		if !e.Open() {
			continue
		}
		s.Counts[conditionOpen]++
		if s.Newest == nil || e.LastSeen.After(s.Newest.LastSeen) {
			s.Newest = e
		}
		for _, c := range listedConditions {
			if cl.is(c, s.Service, e) {
				s.Counts[c]++
			}
		}
	}
}

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

// services brings together what is known of each service, by name. Discovery says which
// targets there are. With a name it is about that service alone.
func (v *view) services(s *merge.Snapshot, only string) []*serviceHealth {
	byName := map[string]*serviceHealth{}
	at := func(name string) *serviceHealth {
		if byName[name] == nil {
			byName[name] = &serviceHealth{Name: name}
		}
		return byName[name]
	}
	wanted := func(name string) bool { return only == "" || only == name }
	for _, svc := range s.Services {
		if wanted(svc.Name) {
			at(svc.Name).Service = svc
		}
	}
	scraped := map[targetKey]periskop.TargetHealth{}
	for _, h := range v.Health() {
		if wanted(h.Target.Service) {
			scraped[keyOf(h.Target)] = h
		}
	}
	for _, st := range v.Targets() {
		if wanted(st.Service) {
			at(st.Service).addTargets(st, scraped)
		}
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
			if !h.DownSince.IsZero() && (s.DownSince.IsZero() || h.DownSince.Before(s.DownSince)) {
				s.DownSince = h.DownSince
			}
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

// targetsUp says how many targets are up, or what is waited for, and notUp how the
// others are.
func (s *serviceHealth) targetsUp() string {
	if wait := s.waits(); wait != periskop.WaitNothing {
		return waitTexts[wait]
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
