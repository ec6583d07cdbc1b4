package merge

import (
	"maps"
	"time"
)

// pending names what has changed since the last commit. What is named twice is written
// once. State.mu guards it, except after take: then it belongs to the commit.
type pending struct {
	// urgent is set when something has changed that no event tells of, such as a series
	// that has left: it must be written before what follows is shown.
	urgent bool

	services    map[*service]struct{}
	rounds      map[string]*round
	endpoints   map[EndpointName]*endpoint
	processes   map[*process]struct{}
	forgotten   map[ProcessName]time.Time
	exceptions  map[*exception]struct{}
	occurrences map[*exception]struct{}
	members     map[*member]struct{}
	series      map[*series]struct{}
	scrapers    map[*scraper]struct{}

	lostServices   map[string]struct{}
	lostEndpoints  map[EndpointName]struct{}
	lostProcesses  map[ProcessName]struct{}
	lostForgotten  map[ProcessName]struct{}
	lostExceptions map[ExceptionName]struct{}
	lostMembers    map[ExceptionName]struct{}
	lostSeries     map[*series]struct{}
	lostScrapers   map[string]struct{}
}

func newPending() *pending {
	return &pending{
		services:    map[*service]struct{}{},
		rounds:      map[string]*round{},
		endpoints:   map[EndpointName]*endpoint{},
		processes:   map[*process]struct{}{},
		forgotten:   map[ProcessName]time.Time{},
		exceptions:  map[*exception]struct{}{},
		occurrences: map[*exception]struct{}{},
		members:     map[*member]struct{}{},
		series:      map[*series]struct{}{},
		scrapers:    map[*scraper]struct{}{},

		lostServices:   map[string]struct{}{},
		lostEndpoints:  map[EndpointName]struct{}{},
		lostProcesses:  map[ProcessName]struct{}{},
		lostForgotten:  map[ProcessName]struct{}{},
		lostExceptions: map[ExceptionName]struct{}{},
		lostMembers:    map[ExceptionName]struct{}{},
		lostSeries:     map[*series]struct{}{},
		lostScrapers:   map[string]struct{}{},
	}
}

// take returns what it names, and names nothing from then on.
func (p *pending) take() *pending {
	taken := *p
	*p = *newPending()
	return &taken
}

// empty reports whether it names nothing.
func (p *pending) empty() bool {
	return len(p.services)+len(p.rounds)+len(p.endpoints)+len(p.processes)+len(p.forgotten)+len(p.exceptions)+
		len(p.occurrences)+len(p.members)+len(p.series)+len(p.scrapers)+
		len(p.lostServices)+len(p.lostEndpoints)+len(p.lostProcesses)+len(p.lostForgotten)+
		len(p.lostExceptions)+len(p.lostMembers)+len(p.lostSeries)+len(p.lostScrapers) == 0
}

// lost reports whether it names what is gone.
func (p *pending) lost() bool {
	return len(p.lostServices)+len(p.lostEndpoints)+len(p.lostProcesses)+len(p.lostForgotten)+
		len(p.lostExceptions)+len(p.lostMembers)+len(p.lostSeries)+len(p.lostScrapers) > 0
}

// add adds what another one names: what a commit that failed did not write.
func (p *pending) add(other *pending) {
	p.urgent = p.urgent || other.urgent
	maps.Copy(p.services, other.services)
	maps.Copy(p.rounds, other.rounds)
	for name, e := range other.endpoints {
		if _, lost := p.lostEndpoints[name]; !lost {
			p.endpoints[name] = e
		}
	}
	maps.Copy(p.processes, other.processes)
	for name, at := range other.forgotten {
		if _, returned := p.lostForgotten[name]; !returned {
			p.forgotten[name] = at
		}
	}
	maps.Copy(p.exceptions, other.exceptions)
	maps.Copy(p.occurrences, other.occurrences)
	maps.Copy(p.members, other.members)
	maps.Copy(p.series, other.series)
	maps.Copy(p.scrapers, other.scrapers)

	maps.Copy(p.lostServices, other.lostServices)
	maps.Copy(p.lostEndpoints, other.lostEndpoints)
	maps.Copy(p.lostProcesses, other.lostProcesses)
	maps.Copy(p.lostForgotten, other.lostForgotten)
	maps.Copy(p.lostExceptions, other.lostExceptions)
	maps.Copy(p.lostMembers, other.lostMembers)
	maps.Copy(p.lostSeries, other.lostSeries)
	maps.Copy(p.lostScrapers, other.lostScrapers)
}

// records returns what is to be written. What is gone by now is only removed; what
// was removed and is there again is written after the removal.
func (p *pending) records() *Records {
	r := &Records{}
	for s := range p.services {
		r.Services = append(r.Services, ServiceRecord{Name: s.name, Block: s.block, WatchedSince: s.watchedSince, ForgottenUntil: s.forgottenUntil})
	}
	for name, at := range p.rounds {
		r.Rounds = append(r.Rounds, *at.record(name))
	}
	for name, e := range p.endpoints {
		r.Endpoints = append(r.Endpoints, e.record(name))
	}
	for proc := range p.processes {
		if proc.epochs != nil {
			r.Processes = append(r.Processes, proc.record())
		}
	}
	for name, at := range p.forgotten {
		r.Forgotten = append(r.Forgotten, ForgottenRecord{ProcessName: name, At: at})
	}
	for e := range p.exceptions {
		if !e.gone {
			r.Exceptions = append(r.Exceptions, e.record())
		}
	}
	for e := range p.occurrences {
		if !e.gone {
			r.Occurrences = append(r.Occurrences, OccurrencesRecord{ExceptionName: e.name(), Kept: e.kept})
		}
	}
	for m := range p.members {
		if m.group.service.members[m.id] == m {
			r.Members = append(r.Members, m.record())
		}
	}
	for s := range p.series {
		if !s.gone {
			r.Series = append(r.Series, s.record())
		}
	}
	for s := range p.scrapers {
		if !s.gone {
			r.Scrapers = append(r.Scrapers, s.record())
		}
	}
	p.addRemoved(&r.Removed)
	return r
}

func (p *pending) addRemoved(r *Removed) {
	for name := range p.lostServices {
		r.Services = append(r.Services, name)
	}
	for name := range p.lostEndpoints {
		r.Endpoints = append(r.Endpoints, name)
	}
	for name := range p.lostProcesses {
		r.Processes = append(r.Processes, name)
	}
	for name := range p.lostForgotten {
		r.Forgotten = append(r.Forgotten, name)
	}
	for name := range p.lostExceptions {
		r.Exceptions = append(r.Exceptions, name)
	}
	for name := range p.lostMembers {
		r.Members = append(r.Members, name)
	}
	for s := range p.lostSeries {
		r.Series = append(r.Series, s.name())
	}
	for id := range p.lostScrapers {
		r.Scrapers = append(r.Scrapers, id)
	}
}
