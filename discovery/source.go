package discovery

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promdiscovery "github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

const (
	// checkInterval is how often the health of a source is checked when nothing comes of
	// it: files vanish and old problems expire in silence. It costs a few system calls.
	checkInterval = 2 * time.Second
	// maxLogRecords bounds what a discoverer logs and nobody has read yet. By then
	// it is known that something is wrong.
	maxLogRecords = 256
)

// A source is one discovery configuration and its discoverer, shared by all services
// with an equal configuration. It passes on to the manager what the discoverer sends,
// keeps it, and finds out whether the discoverer works.
type source struct {
	id     int
	config promdiscovery.Config
	logger *slog.Logger
	// changed is told of new groups and problems. It does not block.
	changed func()
	// runs counts the discoverers that are running.
	runs *sync.WaitGroup

	discoverer promdiscovery.Discoverer // set before Run
	logged     chan struct{}            // of capacity 1: there are records

	mu       sync.Mutex // guards the fields below
	services []string
	records  []logRecord
	groups   map[string]*targetgroup.Group
	version  uint64    // of groups
	round    time.Time // when groups were last complete, see health
	answered time.Time // when the first update or problem came; zero before
	problems []problem
}

// A sourceVersion is a source and the version of its groups that was used last.
type sourceVersion struct {
	source  *source
	version uint64
}

// A provider is a source as the manager sees it. The manager compares
// configurations with reflect.DeepEqual, to find out what goes on undisturbed: a
// different id ends the comparison at once, and with the same id the source is the
// same pointer, so it never looks inside.
type provider struct {
	id     int
	source *source
}

// Name implements Prometheus' discovery.Config.
func (p provider) Name() string { return p.source.config.Name() }

// NewDiscovererMetrics implements Prometheus' discovery.Config.
func (p provider) NewDiscovererMetrics(reg prometheus.Registerer, rmi promdiscovery.RefreshMetricsInstantiator) promdiscovery.DiscovererMetrics {
	return p.source.config.NewDiscovererMetrics(reg, rmi)
}

// NewDiscoverer implements Prometheus' discovery.Config. A configuration from which
// no discoverer can be made is a problem of the services that use it.
func (p provider) NewDiscoverer(o promdiscovery.DiscovererOptions) (promdiscovery.Discoverer, error) {
	s := p.source
	o.Logger = slog.New(&logHandler{source: s, next: s.logger.Handler()})
	discoverer, err := s.config.NewDiscoverer(o)
	if err != nil {
		s.setProblems([]problem{{key: "start", text: sentence(fmt.Sprintf("The %s discovery cannot start: %v", p.Name(), err))}}, false)
		return nil, err
	}
	s.setProblems(nil, false)
	s.discoverer = discoverer
	s.runs.Add(1) // The manager runs what it has made.
	return s, nil
}

// Run implements Prometheus' discovery.Discoverer.
func (s *source) Run(ctx context.Context, up chan<- []*targetgroup.Group) {
	defer s.runs.Done()
	updates := make(chan []*targetgroup.Group)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.discoverer.Run(ctx, updates)
	}()
	s.follow(ctx, updates, up)
	<-done
}

// follow keeps the health of the discoverer, by its updates and log records, until ctx
// ends. Only this goroutine uses the health.
func (s *source) follow(ctx context.Context, updates <-chan []*targetgroup.Group, up chan<- []*targetgroup.Group) {
	h := newHealth(s.config, time.Now())
	s.setProblems(h.problems(), false)
	ticker := time.NewTicker(checkInterval)
	defer ticker.Stop()
	for {
		updated := false
		select {
		case <-ctx.Done():
			return
		case groups, ok := <-updates:
			if !ok { // as static discovery does once it has sent its only update
				updates = nil
				continue
			}
			s.passRecords(h)
			h.update(time.Now(), groups)
			s.applyUpdate(groups)
			updated = true
			select {
			case <-ctx.Done():
				return
			case up <- groups:
			}
		case <-s.logged:
			s.passRecords(h)
		case <-ticker.C:
			h.check(time.Now())
		}
		s.setRound(h.lastComplete())
		s.setProblems(h.problems(), updated)
	}
}

// setRound is called before setProblems, which says that there is something new.
func (s *source) setRound(complete time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.round = complete
}

// passRecords hands the log records to the health, and forgets them here.
func (s *source) passRecords(h health) {
	s.mu.Lock()
	records := s.records
	s.records = nil
	s.mu.Unlock()
	for _, c := range records {
		h.record(time.Now(), c)
	}
}

// addRecord takes a log record from any goroutine. It must not block: discoverers log
// while they are created as well, when nobody follows them yet.
func (s *source) addRecord(c logRecord) {
	s.mu.Lock()
	if len(s.records) < maxLogRecords {
		s.records = append(s.records, c)
	}
	s.mu.Unlock()
	select {
	case s.logged <- struct{}{}:
	default:
	}
}

// applyUpdate puts an update in place: each group replaces the one with the same source, and
// an empty one removes it.
func (s *source) applyUpdate(update []*targetgroup.Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	for _, group := range update {
		switch {
		case group == nil: // as some discoverers send
		case len(group.Targets) == 0:
			delete(s.groups, group.Source)
		default:
			s.groups[group.Source] = group
		}
	}
}

// setProblems makes problems the current ones, and logs which are new and which are gone.
// A problem is an answer as much as an update is.
func (s *source) setProblems(problems []problem, updated bool) {
	s.mu.Lock()
	before := s.problems
	s.problems = problems
	if s.answered.IsZero() && (updated || len(problems) > 0) {
		s.answered = time.Now()
	}
	services := strings.Join(s.services, ", ")
	s.mu.Unlock()

	logTransitions(s.logger.With("service", services), before, problems)
	if updated || !slices.Equal(before, problems) {
		s.changed()
	}
}

// groupsInOrder returns the current groups by their source.
func (s *source) groupsInOrder() []*targetgroup.Group {
	s.mu.Lock()
	groups := make([]*targetgroup.Group, 0, len(s.groups))
	for _, group := range s.groups {
		groups = append(groups, group)
	}
	s.mu.Unlock()
	slices.SortFunc(groups, func(a, b *targetgroup.Group) int { return strings.Compare(a.Source, b.Source) })
	return groups
}

func (s *source) currentVersion() sourceVersion {
	st, _ := s.versionAndRound()
	return st
}

func (s *source) versionAndRound() (sourceVersion, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sourceVersion{s, s.version}, s.round
}

// sentences returns the current problems.
func (s *source) sentences() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return texts(s.problems)
}

// complete reports whether the discoverer has said what it had to say first: when it
// has answered, and a moment ago, as some send what they find in many updates.
func (s *source) complete(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.answered.IsZero() && now.Sub(s.answered) >= pause
}

// giveUp says that nothing more is expected before the first answer.
func (s *source) giveUp(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answered.IsZero() {
		s.answered = now
	}
}

func (s *source) setServices(names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services = names
}

// numbered gives the groups of a static configuration the sources that Prometheus'
// YAML decoder gives them: without, groups of a configuration made in Go would
// replace each other.
func numbered(config promdiscovery.Config) promdiscovery.Config {
	static, ok := config.(promdiscovery.StaticConfig)
	if !ok {
		return config
	}
	groups := make(promdiscovery.StaticConfig, len(static))
	for i, group := range static {
		if group == nil {
			continue
		}
		g := *group
		g.Source = strconv.Itoa(i)
		groups[i] = &g
	}
	return groups
}
