package merge_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// A world is a service whose truth is known: processes that raise exceptions, come
// and go, and are scraped through addresses that lead to any of them.
type world struct {
	now     time.Time
	watch   time.Time // when the first scrape was
	alive   []*program
	all     []*program
	late    []answer // answers that are still on their way
	started int
	skew    time.Duration // of the clock that all programs share
}

type program struct {
	uuid   string
	skew   time.Duration
	counts map[string]*counted
}

type counted struct {
	created  time.Time // by our clock
	total    uint64
	reported uint64 // the highest total that was delivered
	baseline uint64
	seen     bool
	newest   []periskop.Occurrence // ten of them, as the client libraries keep
}

func (w *world) start() {
	w.started++
	p := &program{uuid: fmt.Sprint("p", w.started), skew: w.skew, counts: map[string]*counted{}}
	w.alive = append(w.alive, p)
	w.all = append(w.all, p)
}

func (w *world) raise(p *program, key string, n uint64) {
	c := p.counts[key]
	if c == nil {
		c = &counted{created: w.now}
		p.counts[key] = c
	}
	for range min(n, 10) {
		o := periskop.Occurrence{UUID: fmt.Sprintf("%s-%s-%d", p.uuid, key, c.total), Timestamp: w.now, Error: periskop.Exception{Class: "E"}}
		c.newest = append(c.newest, o)
		c.total++
		n--
	}
	c.total += n
	c.newest = c.newest[max(len(c.newest)-10, 0):]
}

// ask returns what the process answers now, through that address.
func (w *world) ask(p *program, address string) answer {
	a := answer{uuid: p.uuid, target: address, at: w.now, date: w.now.Add(p.skew)}
	for key, c := range p.counts {
		newest := slices.Clone(c.newest)
		for i := range newest {
			newest[i].Timestamp = newest[i].Timestamp.Add(p.skew)
		}
		a.reports = append(a.reports, aggregate(key, c.total, c.created.Add(p.skew), newest...))
	}
	return a
}

// deliver notes what an answer makes known.
func (w *world) deliver(a answer) {
	if w.watch.IsZero() {
		w.watch = a.at
	}
	for _, p := range w.all {
		if p.uuid != a.uuid {
			continue
		}
		for _, r := range a.reports {
			c := p.counts[r.Key]
			if !c.seen && (a.at.Equal(w.watch) || c.created.Before(w.watch)) {
				c.baseline = r.TotalCount
			}
			c.seen = true
			c.reported = max(c.reported, r.TotalCount)
		}
	}
}

// truth is what must have been counted of what was delivered.
func (w *world) truth() map[string]uint64 {
	out := map[string]uint64{}
	for _, p := range w.all {
		for key, c := range p.counts {
			if c.seen {
				out[key] += c.reported - c.baseline
			}
		}
	}
	return out
}

// A rememberer scrapes as the program does: of what an address told before, only what has
// changed is taken in, until all of it is wanted again.
type rememberer struct {
	last map[string]remembered
}

type remembered struct {
	generation uint64
	aggregates map[string]periskop.Aggregate
}

func (r *rememberer) fold(s *testState, a answer) {
	sc := a.scrape()
	in := s.Begin(sc)
	known := r.last[a.target]
	if known.generation != in.Generation() {
		known.aggregates = nil
	}
	now := remembered{generation: in.Generation(), aggregates: map[string]periskop.Aggregate{}}
	for i := range sc.Report.Aggregates {
		told := sc.Report.Aggregates[i]
		now.aggregates[told.Key] = told
		if before, ok := known.aggregates[told.Key]; ok && reflect.DeepEqual(before, told) {
			sc.Report.Unchanged++
			continue
		}
		in.Take(&told)
	}
	sc.Report.Aggregates = nil
	in.Fold(sc)
	r.last[a.target] = now
}

// A reader is somebody who scrapes.
type reader struct {
	name string
	last map[string]uint64
}

func (r *reader) scrape(s *testState) error {
	for key, v := range s.shown(r.name) {
		if before := r.last[key]; v < before {
			return fmt.Errorf("%s was shown %s fall from %d to %d", r.name, key, before, v)
		}
		r.last[key] = v
	}
	return nil
}

// TestCountsEqualTruth runs random histories and holds the counters against the
// truth after each step: they equal it, and so never exceed it, never fall, and do
// not depend on the order of targets, on repeated or late answers, or on when the
// program is killed. Two who scrape see no value fall.
func TestCountsEqualTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{now: noon, skew: time.Duration(rapid.IntRange(-1, 1).Draw(t, "skew")) * time.Hour}
		m := newMemory()
		set := settings(func(o *merge.Settings) { o.SeriesRetention = 1000 * time.Hour; o.ProcessRetention = 1000 * time.Hour })
		s := m.restart(set, w.now)
		w.start()
		keys := rapid.SampledFrom([]string{"a", "b", "c"})
		addresses := rapid.SampledFrom([]string{"a:80", "b:80", "c:80"})
		readers := []*reader{{name: "p", last: map[string]uint64{}}, {name: "q", last: map[string]uint64{}}}
		remember := &rememberer{last: map[string]remembered{}}
		scrape := func(a answer) {
			w.deliver(a)
			remember.fold(s, a)
		}
		program := func(t *rapid.T) *program { return rapid.SampledFrom(w.alive).Draw(t, "program") }
		t.Repeat(map[string]func(*rapid.T){
			"raise": func(t *rapid.T) {
				w.raise(program(t), keys.Draw(t, "key"), rapid.Uint64Range(1, 20).Draw(t, "n"))
			},
			"start":   func(*rapid.T) { w.start() },
			"restart": func(t *rapid.T) { p := program(t); w.stop(p); w.start() },
			"scrape": func(t *rapid.T) {
				scrape(w.ask(program(t), addresses.Draw(t, "address")))
			},
			"ask, to be answered late": func(t *rapid.T) {
				if !w.watch.IsZero() {
					w.late = append(w.late, w.ask(program(t), addresses.Draw(t, "address")))
				}
			},
			"a late answer": func(t *rapid.T) {
				if len(w.late) > 0 {
					scrape(rapid.SampledFrom(w.late).Draw(t, "answer"))
				}
			},
			"be read": func(t *rapid.T) {
				r := rapid.SampledFrom(readers).Draw(t, "reader")
				if err := r.scrape(s); err != nil {
					t.Fatal(err)
				}
			},
			"decide": func(t *rapid.T) {
				s.Decide([]string{merge.ExceptionID("shop", keys.Draw(t, "key"))}, drawDecision(t, w.now))
				s.Commit() // as the program does
			},
			"flush": func(*rapid.T) { s.Flush() },
			"be killed": func(t *rapid.T) {
				clear(remember.last)
				before := s.decisions()
				s = m.restart(set, w.now)
				w.late = nil // the answers to requests of the dead
				s.checkDecisions(t, before)
			},
			"stop and start": func(t *rapid.T) {
				before := s.decisions()
				s.Flush()
				clear(remember.last)
				s = m.restart(set, w.now)
				s.checkDecisions(t, before)
			},
			"the disk is full for a moment": func(*rapid.T) {
				m.err = errors.New("no space left on device")
				s.Flush()
				m.err = nil
			},
			"maintain": func(*rapid.T) { s.Maintain(w.now) },
			"reload":   func(*rapid.T) { s.Configure(set) },
			"": func(t *rapid.T) {
				// Nothing happens twice at one moment, and never within the second
				// that a Date header cannot tell.
				w.now = w.now.Add(2 * time.Second)
				s.now = w.now
				s.checkAgainst(t, w)
			},
		})
	})
}

// drawDecision is anything that somebody can decide.
func drawDecision(t *rapid.T, now time.Time) triage.Decision {
	d := triage.Decision{Kind: rapid.SampledFrom([]triage.Kind{triage.Resolved, triage.Reopened, triage.Muted, triage.Unmuted, triage.Noted}).Draw(t, "kind"), By: "ada", Reason: "because"}
	if d.Kind == triage.Muted {
		d.Until.Growth = rapid.Uint64Range(0, 30).Draw(t, "growth")
		if after := rapid.IntRange(0, 10).Draw(t, "seconds"); after > 0 {
			d.Until.Time = now.Add(time.Duration(after) * time.Second)
		}
	}
	return d
}

// decisions is what was decided of each exception, and what came of it.
func (s *testState) decisions() map[string]string {
	out := map[string]string{}
	for _, svc := range s.Snapshot().Services {
		for _, e := range svc.Exceptions {
			out[e.Key] = fmt.Sprintf("%v %v %d %v", e.Resolved, e.Muted, e.Regressions, e.Decisions)
		}
	}
	return out
}

func (s *testState) checkDecisions(t *rapid.T, want map[string]string) {
	if diff := cmp.Diff(s.decisions(), want); diff != "" {
		t.Fatalf("decisions after a restart (-got +want):\n%s", diff)
	}
}

// checkAgainst holds what is counted against the truth. It looks without committing.
func (s *testState) checkAgainst(t *rapid.T, w *world) {
	got := map[string]uint64{}
	for _, svc := range s.Snapshot().Services {
		for _, e := range svc.Exceptions {
			got[e.Key] = e.Counted()
		}
	}
	if diff := cmp.Diff(got, w.truth()); diff != "" {
		t.Fatalf("counts against truth (-got +want):\n%s", diff)
	}
}

func (w *world) stop(p *program) {
	for i := range w.alive {
		if w.alive[i] == p {
			w.alive = append(w.alive[:i], w.alive[i+1:]...)
			return
		}
	}
}

// TestOrderDoesNotMatter folds the same answers in any order, and twice.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var answers []answer
		for i := range rapid.IntRange(1, 8).Draw(t, "targets") {
			a := answer{uuid: fmt.Sprint("u", i), target: fmt.Sprintf("t%d:80", i), at: at(2)}
			for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.ID).Draw(t, "keys") {
				created := at(rapid.IntRange(-1, 1).Draw(t, "created"))
				o := periskop.Occurrence{UUID: fmt.Sprint(i, key), Timestamp: at(1).Add(time.Duration(i)), Error: periskop.Exception{Class: "E"}}
				a.reports = append(a.reports, aggregate(key, rapid.Uint64Range(0, 100).Draw(t, "total"), created, o))
			}
			answers = append(answers, a)
		}
		run := func(order []answer) *testState {
			s := newState(settings())
			fold(s, answer{uuid: "Z", target: "z:80", at: at(0)})
			fold(s, order...)
			return s
		}
		one := run(answers)
		shuffled := append(append([]answer{}, answers...), answers...)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		other := run(shuffled)
		if diff := cmp.Diff(one.Snapshot(), other.Snapshot(), sameKept); diff != "" {
			t.Errorf("snapshots differ:\n%s", diff)
		}
		if diff := cmp.Diff(one.Exposition(), other.Exposition()); diff != "" {
			t.Errorf("expositions differ:\n%s", diff)
		}
	})
}

func BenchmarkFold(b *testing.B) {
	for _, targets := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("targets=%d", targets), func(b *testing.B) {
			s := newState(settings())
			fold(s, answer{uuid: "Z", target: "z:80", at: at(0)})
			total := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				total++
				for i := range targets {
					a := answer{uuid: fmt.Sprint("u", i), target: fmt.Sprintf("t%d:80", i), at: at(2)}
					for k := range 50 {
						a.reports = append(a.reports, aggregate(fmt.Sprint("key", k), total, at(1)))
					}
					fold(s, a)
				}
				s.Exposition()
			}
		})
	}
}
