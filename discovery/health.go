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

// A problem is something that is wrong with discovery now. As long as the key stays it is
// the same problem, even when the text says it differently.
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

// A health derives the problems of one discoverer from its updates and log records. One
// goroutine uses it. It calls record and update in the order in which the discoverer
// logged and sent, and check every checkInterval.
type health interface {
	record(now time.Time, c logRecord)
	update(now time.Time, groups []*targetgroup.Group)
	check(now time.Time)
	// problems returns a new slice, in an order that does not change by itself.
	problems() []problem
	// lastComplete returns when the updates last had all that there was, as far as the
	// discoverer can see; zero before the first time. A round that failed in part does not
	// change it.
	lastComplete() time.Time
}

// newHealth returns the health that fits the mechanism of config.
func newHealth(config promdiscovery.Config, now time.Time) health {
	name := config.Name()
	switch name {
	case "file":
		if c, ok := config.(*file.SDConfig); ok {
			return newFileHealth(c.Files)
		}
		return newStreamHealth(name, now)
	case "consul", "kubernetes", "kuma", "nerve", "serverset":
		return newStreamHealth(name, now)
	default:
		return &refreshHealth{name: name, began: now}
	}
}

// A streamHealth is the health of a discoverer that watches, retries by itself, and sends an
// update when something has changed. The discoverer does not say that all is well again. So
// a problem lasts until it was not logged again for a while, a shorter while if updates come.
//
// As long as there is no problem the stream is in sync, and each check is a complete round.
// At the beginning, and after problems, it is in sync once the updates have paused: many
// may be under way.
type streamHealth struct {
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
	// Consul's watches log errors at least every 45 seconds (30 s of refresh interval
	// and 15 s of pause after an error), ZooKeeper's every 10.
	repeatedWithin = time.Minute
	// Kuma's long poll logs an error every 2.5 minutes when the server hangs.
	forgottenAfter = 5 * time.Minute
	// syncWithin is when a stream whose updates never pause, as those of a large
	// cluster, has said what there was at the beginning.
	syncWithin = 30 * time.Second
)

func newStreamHealth(name string, now time.Time) *streamHealth {
	return &streamHealth{name: name, known: map[string]streamProblem{}, began: now}
}

func (s *streamHealth) record(now time.Time, c logRecord) {
	text := sentence(fmt.Sprintf("The %s discovery reports: %s", s.name, c))
	s.known[c.key()] = streamProblem{text, now}
}

func (s *streamHealth) update(now time.Time, _ []*targetgroup.Group) {
	s.forget(now, repeatedWithin)
	s.latest = now
}

func (s *streamHealth) check(now time.Time) {
	s.forget(now, forgottenAfter)
	if len(s.known) > 0 {
		s.inSync, s.began, s.latest = false, now, time.Time{}
		return
	}
	waited := now.Sub(s.began)
	switch {
	case s.latest.IsZero(): // There may be nothing to say.
		s.inSync = s.inSync || waited >= maxFirstAnswer
	default:
		s.inSync = s.inSync || now.Sub(s.latest) >= checkInterval || waited >= syncWithin
	}
	if s.inSync {
		s.done = now
	}
}

func (s *streamHealth) lastComplete() time.Time { return s.done }

func (s *streamHealth) forget(now time.Time, after time.Duration) {
	maps.DeleteFunc(s.known, func(_ string, p streamProblem) bool { return now.Sub(p.last) > after })
}

func (s *streamHealth) problems() []problem {
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
