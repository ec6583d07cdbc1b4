package discovery_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	promdiscovery "github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/periskop-exporter/periskop_exporter/discovery"
)

// While a target is published for the first time, the rounds are those that it was not
// in; a round that fails is none.
func TestRoundsOfHTTP(t *testing.T) {
	t.Parallel()
	server := serveTargets(t, answer("application/json", `[{"targets": ["a:80"]}]`))
	r := run(t, configuredService("web", httpConfig(server.url, 50*time.Millisecond)))
	r.untilTargets(t, "web", "http://a:80/-/exceptions")
	r.mu.Lock()
	atFirst := round(r.rounds, "web")
	r.mu.Unlock()
	if !atFirst.Last.IsZero() {
		t.Errorf("a round was complete before the first target was published: %+v", atFirst)
	}
	first := r.untilRound(t, "web", time.Time{})
	later := r.untilRound(t, "web", first.Last)
	if !later.First.Equal(first.First) || later.Discovery != first.Discovery {
		t.Errorf("the first round has changed: got %+v, had %+v", later, first)
	}

	asked := time.Now()
	server.set(answer("application/json", `[{"targets": ["a:80", "b:80"]}]`))
	r.untilTargets(t, "web", "http://a:80/-/exceptions", "http://b:80/-/exceptions")
	r.mu.Lock()
	without := round(r.rounds, "web").Last
	r.mu.Unlock()
	if without.Before(later.Last) {
		t.Errorf("b came: the last round without it was at %v, want none before %v", without, later.Last)
	}
	r.untilRound(t, "web", asked)

	server.set(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) })
	r.untilProblem(t, "web", "500")
	failing := round(r.Rounds(), "web")
	for range 3 {
		<-server.answered
	}
	if got := round(r.Rounds(), "web"); got != failing {
		t.Errorf("a round that failed is complete: got %+v, had %+v", got, failing)
	}
	server.set(answer("application/json", `[{"targets": ["a:80", "b:80"]}]`))
	r.untilRound(t, "web", failing.Last)
}

// A block with several discoveries has looked no further than the one that is behind.
func TestRoundsOfSeveral(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "targets.yml")
	write(t, path, `[{targets: ["f:80"]}]`)
	missing := filepath.Join(t.TempDir(), "missing.yml")
	r := run(t, configuredService("both", static("a:80"), fileConfig(path)), configuredService("lame", static("a:80"), fileConfig(missing)))
	r.isReady(t)
	got := r.untilRound(t, "both", time.Time{})
	r.untilRound(t, "both", got.Last) // without anything to publish

	if got := round(r.Rounds(), "lame"); !got.First.IsZero() || !got.Last.IsZero() {
		t.Errorf("a block one of whose files is missing: got %+v, want no complete round", got)
	}
	write(t, path, "- targets: [")
	r.untilProblem(t, "both", path)
	broken := round(r.Rounds(), "both")
	write(t, path, `[{targets: ["f:80"]}]`)
	r.untilNoProblem(t, "both")
	if broken.Last.Before(got.Last) {
		t.Errorf("a file broke: the last round is from %v, and one was complete at %v", broken.Last, got.Last)
	}
	r.untilRound(t, "both", broken.Last)
}

// A discovery is the same after a restart, and another one when it looks elsewhere.
func TestRoundsOfAnother(t *testing.T) {
	t.Parallel()
	drop := relabel.DefaultRelabelConfig
	drop.Action, drop.Regex, drop.SourceLabels = relabel.Drop, relabel.MustNewRegexp("b.*"), model.LabelNames{model.AddressLabel}
	with := func(change func(*discovery.Service)) discovery.Service {
		s := configuredService("web", static("a:80"))
		change(&s)
		return s
	}
	same := run(t, with(func(*discovery.Service) {})).untilRound(t, "web", time.Time{})
	r := run(t, with(func(*discovery.Service) {}))
	before := r.untilRound(t, "web", time.Time{})
	if before.Discovery != same.Discovery {
		t.Errorf("got %q after a restart, had %q", before.Discovery, same.Discovery)
	}
	for _, tc := range []struct {
		name    string
		service discovery.Service
		another bool
	}{
		{"the interval is another", with(func(s *discovery.Service) { s.Interval = time.Hour }), false},
		{"there are rules", with(func(s *discovery.Service) { s.Relabel = []*relabel.Config{&drop} }), true},
		{"there is a target more", with(func(s *discovery.Service) { s.Configs = promdiscovery.Configs{static("a:80", "b:80")} }), true},
	} {
		applied := time.Now()
		r.apply(t, tc.service)
		got := r.untilRound(t, "web", applied)
		if another := got.Discovery != before.Discovery; another != tc.another {
			t.Errorf("%s: another discovery is %v, want %v", tc.name, another, tc.another)
		}
		if another := got.First.After(applied); another != tc.another {
			t.Errorf("%s: its first round was at %v, and that of the one before at %v", tc.name, got.First, before.First)
		}
		before = got
	}
}
