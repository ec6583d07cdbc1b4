package main

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/collector"
	"github.com/periskop-exporter/periskop_exporter/config"
	"github.com/periskop-exporter/periskop_exporter/discovery"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// services knows which services there are: those of the file, and those that discovery
// has found besides, because labels of targets name them. Its methods are safe for
// concurrent use.
type services struct {
	// configure is told the settings of all when they have changed.
	configure func(merge.Settings)

	mu     sync.Mutex // guards the fields below
	cfg    *config.Config
	common merge.Settings             // of all services
	blocks map[string]*config.Service // of the file, and those that have just left it
	// shared are the settings of each block, as those of its services have them.
	shared map[*config.Service]merge.ServiceSettings
	found  periskop.Found
	// named are the services that labels named when the program ended, with their blocks.
	// They are there until discovery has told for the first time which there are.
	named map[string]string

	// byName are the settings of each service: those of the block of its name, or of one
	// that finds its targets.
	byName atomic.Pointer[map[string]*config.Service]
	// published is what discovery has found, for readers.
	published atomic.Pointer[periskop.Found]
}

func newServices(cfg *config.Config) *services {
	s := &services{blocks: map[string]*config.Service{}}
	s.published.Store(&periskop.Found{})
	s.byName.Store(&map[string]*config.Service{})
	s.take(cfg)
	return s
}

// take makes cfg the configuration.
func (s *services) take(cfg *config.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	blocks := make(map[string]*config.Service, len(cfg.Services))
	for i := range s.found.Services { // a block that has left may still be in use
		if b := s.blocks[s.found.Services[i].Block]; b != nil {
			blocks[b.Name] = b
		}
	}
	for i := range cfg.Services {
		blocks[cfg.Services[i].Name] = &cfg.Services[i]
	}
	s.cfg, s.blocks, s.common = cfg, blocks, mergeSettings(cfg)
	s.shared = make(map[*config.Service]merge.ServiceSettings, len(blocks))
	for _, b := range blocks {
		s.shared[b] = serviceSettings(b)
	}
	s.update(true)
}

// serviceSettings returns those of the services of a block, without a name.
func serviceSettings(b *config.Service) merge.ServiceSettings {
	return merge.ServiceSettings{
		Revision: revision(b), GroupBy: b.GroupBy, OccurrenceLabels: b.Labels, Push: b.Push, Labels: collector.Labels(b.MetricRelabel),
		Group: groupBy(b),
	}
}

// revision is the same for blocks whose services are counted and exposed alike.
func revision(b *config.Service) string {
	rules, err := yaml.Marshal(b.MetricRelabel)
	if err != nil {
		return fmt.Sprintf("%p", b) // of which no other is equal
	}
	return fmt.Sprintf("%q %q %t %q %q %s", b.GroupBy, b.Labels, b.Push, b.Grouping, b.OwnCode, rules)
}

// set makes found what discovery has found.
func (s *services) set(found periskop.Found) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found, s.named = found, nil
	s.update(false)
	s.published.Store(&found)
}

// update brings the settings of the services up to date, and passes them on when they
// have changed or are to be passed on anyway. The caller holds mu.
func (s *services) update(anyway bool) {
	byName := make(map[string]*config.Service, len(s.found.Services)+len(s.cfg.Services))
	for i := range s.cfg.Services {
		byName[s.cfg.Services[i].Name] = &s.cfg.Services[i]
	}
	for _, f := range s.found.Feeders {
		delete(byName, f.Block)
	}
	for i := range s.found.Services {
		st := &s.found.Services[i]
		if b := s.blocks[st.Block]; b != nil && byName[st.Service] == nil {
			byName[st.Service] = b
		}
	}
	for name, block := range s.named {
		if b := s.blocks[block]; b != nil && byName[name] == nil {
			byName[name] = b
		}
	}
	if !anyway && maps.Equal(byName, *s.byName.Load()) {
		return
	}
	s.byName.Store(&byName)
	if s.configure != nil {
		s.configure(s.settings())
	}
}

// settings returns those of the configuration, for all services.
func (s *services) settings() merge.Settings {
	o := s.common
	for name, b := range *s.byName.Load() {
		settings := s.shared[b]
		settings.Name, settings.Block = name, b.Name
		o.Services = append(o.Services, settings)
	}
	return o
}

// restore takes in which services there were when the program ended: those that labels named
// have the settings of their blocks again.
func (s *services) restore(saved *merge.Saved) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named = make(map[string]string)
	for i := range saved.Services {
		s.restoreService(saved.Services[i].Name, saved.Services[i].Block)
	}
	for i := range saved.Events { // of services that were found since the records were written
		if a := saved.Events[i].Answer; a != nil {
			s.restoreService(a.Service, a.Block)
		}
	}
	s.update(true)
}

func (s *services) restoreService(name, block string) {
	if s.blocks[block] != nil && s.blocks[name] == nil && config.CheckServiceName(name) == nil {
		s.named[name] = block
	}
}

// known returns the services that labels named when the program ended. When they had targets
// last is not known, and so the time without begins anew.
func (s *services) known(now time.Time) []discovery.NamedService {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []discovery.NamedService
	for name, block := range s.named {
		list = append(list, discovery.NamedService{Name: name, Block: block, Latest: now})
	}
	return list
}

// of returns the settings of a service, or nil when there is none of that name.
func (s *services) of(name string) *config.Service { return (*s.byName.Load())[name] }

// ownCode returns what is a service's own in stack traces.
func (s *services) ownCode(name string) []string {
	if b := s.of(name); b != nil {
		return b.OwnCode
	}
	return nil
}

// ways returns what leads out of the pages of a service.
func (s *services) ways(name string) view.Ways {
	b := s.of(name)
	if b == nil {
		return view.Ways{}
	}
	w := view.Ways{Team: b.Team}
	for _, l := range b.SourceLinks {
		w.Source = append(w.Source, view.SourceLink(l))
	}
	for _, l := range b.Links {
		w.Links = append(w.Links, view.Link(l))
	}
	return w
}

// team returns who looks after a service, "" for not known.
func (s *services) team(name string) string {
	if b := s.of(name); b != nil {
		return b.Team
	}
	return ""
}

// takesPushes reports whether reports may be pushed to the service.
func (s *services) takesPushes(name string) bool {
	b := s.of(name)
	return b != nil && b.Push
}

// targets returns the targets of all services, as discovery sees them.
func (s *services) targets() []periskop.ServiceTargets { return s.published.Load().Services }

// feeders returns the blocks whose targets belong to services that labels name.
func (s *services) feeders() []periskop.Feeder { return s.published.Load().Feeders }

// limit returns how many services there may be.
func (s *services) limit() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.Limits.Services
}

// refused returns how many services are past the limit.
func (s *services) refused() int { return s.published.Load().Refused }

// awaited names services whose discovery has not answered yet, for the end of a sentence.
func (s *services) awaited() string {
	const most = 5
	var names []string
	for _, st := range s.targets() {
		if wait, since := st.Waiting(nil); wait == periskop.WaitDiscovery {
			names = append(names, fmt.Sprintf("%s (for %s)", st.Service, time.Since(since).Truncate(time.Second)))
		}
	}
	switch {
	case len(names) == 0:
		return ""
	case len(names) > most:
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return "; it is waited for: " + strings.Join(names, ", ")
}
