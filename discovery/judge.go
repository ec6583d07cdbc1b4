package discovery

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	promdiscovery "github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/file"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

// A problem is something that discovery has to complain about now. As long as the key
// stays it is the same problem, even when the text says it differently.
type problem struct {
	key, text string
}

func texts(problems []problem) []string {
	result := make([]string, len(problems))
	for i, p := range problems {
		result[i] = p.text
	}
	return result
}

// logTransitions logs what has begun and what has ended, and nothing of what goes on.
func logTransitions(logger *slog.Logger, before, after []problem) {
	isIn := func(ps []problem, p problem) bool {
		return slices.ContainsFunc(ps, func(q problem) bool { return p.key == q.key })
	}
	for _, p := range after {
		if !isIn(before, p) {
			logger.Warn("discovery problem began", "reason", p.text)
		}
	}
	for _, p := range before {
		if !isIn(after, p) {
			logger.Info("discovery problem ended", "reason", p.text)
		}
	}
}

// A judge finds out from what a discoverer sends and logs what its problems are. It
// is used by one goroutine, which calls complain and update in the order in which the
// discoverer logged and sent, and look now and then.
type judge interface {
	complain(now time.Time, c complaint)
	update(now time.Time, groups []*targetgroup.Group)
	look(now time.Time)
	// problems returns a new slice, in an order that does not change by itself.
	problems() []problem
	// complete returns when what was sent was last all that there was, as far as the
	// discoverer can see; zero before that was so for the first time. What goes wrong on
	// the way does not count: a round that failed in part leaves it where it was.
	complete() time.Time
}

// newJudge returns the judge that knows how the mechanism of config goes about it.
func newJudge(config promdiscovery.Config, now time.Time) judge {
	name := config.Name()
	switch name {
	case "file":
		if c, ok := config.(*file.SDConfig); ok {
			return newFiles(c.Files)
		}
		return newStream(name, now)
	case "consul", "kubernetes", "kuma", "nerve", "serverset":
		return newStream(name, now)
	default:
		return &rounds{name: name, began: now}
	}
}

// A stream judges a discoverer that watches, retries by itself, and sends an update
// when something has changed. That all is well again it does not say. So a complaint
// holds until it has not been repeated for a while, a shorter while if updates come.
//
// As long as there is no complaint it is in sync, and each look is a complete round. At
// the beginning, and after complaints, it is in sync once updates, of which many may be
// under way, have paused.
type stream struct {
	name   string
	known  map[string]streamProblem
	began  time.Time // when it began to get in sync
	latest time.Time // when the latest update came; zero before
	inSync bool
	done   time.Time
}

type streamProblem struct {
	text string
	last time.Time
}

const (
	// Consul's watches complain at least every 45 seconds (30 s of refresh interval
	// and 15 s of pause after an error), ZooKeeper's every 10.
	repeatedWithin = time.Minute
	// Kuma's long poll complains every 2.5 minutes when the server hangs.
	forgottenAfter = 5 * time.Minute
	// syncWithin is when a stream whose updates never pause, as those of a large
	// cluster, has said what there was at the beginning.
	syncWithin = 30 * time.Second
)

func newStream(name string, now time.Time) *stream {
	return &stream{name: name, known: map[string]streamProblem{}, began: now}
}

func (s *stream) complain(now time.Time, c complaint) {
	text := sentence(fmt.Sprintf("The %s discovery reports: %s", s.name, c))
	s.known[c.key()] = streamProblem{text, now}
}

func (s *stream) update(now time.Time, _ []*targetgroup.Group) {
	s.forget(now, repeatedWithin)
	s.latest = now
}

func (s *stream) look(now time.Time) {
	s.forget(now, forgottenAfter)
	if len(s.known) > 0 {
		s.inSync, s.began, s.latest = false, now, time.Time{}
		return
	}
	waited := now.Sub(s.began)
	switch {
	case s.latest.IsZero(): // There may be nothing to say.
		s.inSync = s.inSync || waited >= patience
	default:
		s.inSync = s.inSync || now.Sub(s.latest) >= lookEvery || waited >= syncWithin
	}
	if s.inSync {
		s.done = now
	}
}

func (s *stream) complete() time.Time { return s.done }

func (s *stream) forget(now time.Time, after time.Duration) {
	maps.DeleteFunc(s.known, func(_ string, p streamProblem) bool { return now.Sub(p.last) > after })
}

func (s *stream) problems() []problem {
	var result []problem
	for key, p := range s.known {
		result = append(result, problem{key, p.text})
	}
	return sorted(result)
}

func sorted(problems []problem) []problem {
	slices.SortFunc(problems, func(a, b problem) int {
		if c := strings.Compare(a.text, b.text); c != 0 {
			return c
		}
		return strings.Compare(a.key, b.key)
	})
	return problems
}
