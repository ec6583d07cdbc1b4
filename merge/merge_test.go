package merge_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// at is the time that many minutes past noon.
func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// options are those of one service, shop, whose series are labelled by hand.
func settings(change ...func(*merge.Settings)) merge.Settings {
	o := merge.Settings{Services: []merge.ServiceSettings{{Name: "shop", Labels: labels}}}
	for _, c := range change {
		c(&o)
	}
	return o
}

// A testState is a state whose clock shows what its test says.
type testState struct {
	*merge.State
	now time.Time
}

func newState(s merge.Settings) *testState { return openState(merge.Options{Settings: s}) }

func openState(o merge.Options) *testState { return openStateAt(noon, o) }

func openStateAt(now time.Time, o merge.Options) *testState {
	s := &testState{now: now}
	o.Now = func() time.Time { return s.now }
	s.State = merge.New(o)
	return s
}

// Exposition returns what a stranger is shown.
func (s *testState) Exposition() *merge.Exposition {
	x, _ := s.Expose(merge.Scraper{})
	return x
}

func (s *testState) Maintain(now time.Time) {
	s.now = now
	s.State.Maintain()
}

func (s *testState) Discovered(targets []periskop.ServiceTargets, now time.Time) {
	s.now = now
	s.State.Discovered(targets, nil)
}

func (s *testState) Resolve(id string, now time.Time) bool {
	s.now = now
	return s.State.Resolve(id, "fixed")
}

func (s *testState) Reopen(id string) bool {
	return s.Decide([]string{id}, triage.Decision{Kind: triage.Reopened}) > 0
}

func labels(k merge.SeriesKey) (periskop.Labels, bool) {
	ls := map[string]string{"key": k.Key, "severity": k.Severity}
	for _, l := range k.Group {
		ls[l.Name] = l.Value
	}
	return periskop.NewLabels(ls), true
}

// An answer is what a target says at one time.
type answer struct {
	target  string // its address
	uuid    string
	at      time.Time
	date    time.Time // zero: as at; see noDate
	noDate  bool
	age     time.Duration
	pushed  bool
	service string // empty: shop
	labels  map[string]string
	reports []periskop.Aggregate
}

func aggregate(key string, total uint64, created time.Time, occurrences ...periskop.Occurrence) periskop.Aggregate {
	a := periskop.Aggregate{Key: key, TotalCount: total, Severity: "error", CreatedAt: created}
	a.Latest = periskop.EncodeOccurrences(occurrences)
	return a
}

func fold(s *testState, answers ...answer) {
	for _, a := range answers {
		s.Fold(a.scrape())
	}
}

// scrape returns the answer as a scrape.
func (a answer) scrape() *periskop.Scrape {
	target := a.target
	if target == "" {
		target = "a:80"
	}
	sc := &periskop.Scrape{
		Target: &periskop.Target{
			Service: "shop", Instance: target, URL: "http://" + target + "/-/exceptions",
			Labels: periskop.NewLabels(a.labels),
		},
		Start:  a.at,
		Result: periskop.Success,
		Report: &periskop.Report{TargetUUID: a.uuid, Aggregates: a.reports},
		Date:   a.at.Truncate(time.Second),
	}
	if !a.date.IsZero() {
		sc.Date = a.date
	}
	sc.Age, sc.Pushed = a.age, a.pushed
	if a.service != "" {
		sc.Target.Service = a.service
	}
	if a.noDate {
		sc.Date = time.Time{}
	}
	return sc
}

// counts returns what is exposed, by key and severity where it is not error.
func counts(s *testState) map[string]uint64 {
	out := map[string]uint64{}
	for _, series := range s.Exposition().Exceptions {
		name := series.Labels.Value("key")
		if severity := series.Labels.Value("severity"); severity != "error" {
			name += "/" + severity
		}
		out[name] += series.Value
	}
	return out
}

func inconsistencies(s *testState) map[merge.Reason]uint64 {
	return s.Snapshot().Service("shop").Inconsistencies
}

// TestCountingExample is the example in the package's documentation.
func TestCountingExample(t *testing.T) {
	s := newState(settings())
	k := func(total uint64, created time.Time) []periskop.Aggregate {
		return []periskop.Aggregate{aggregate("k", total, created)}
	}
	steps := []struct {
		name   string
		answer answer
		want   uint64
	}{
		{"the watch begins", answer{uuid: "Z", at: at(0)}, 0},
		{"history is the baseline", answer{uuid: "A", at: at(10), reports: k(70, at(-180))}, 0},
		{"growth is counted", answer{uuid: "A", at: at(11), reports: k(73, at(-180))}, 3},
		{"a new process is news", answer{uuid: "B", at: at(13), reports: k(5, at(12))}, 8},
		{"a late answer is refused", answer{uuid: "A", at: at(13), reports: k(72, at(-180))}, 8},
	}
	for _, step := range steps {
		fold(s, step.answer)
		if got := counts(s)["k"]; got != step.want {
			t.Errorf("%s: got %d, want %d", step.name, got, step.want)
		}
	}
	e := s.Snapshot().Service("shop").Exceptions[0]
	if e.History != 70 || e.Total() != 78 {
		t.Errorf("got history %d and total %d, want 70 and 78", e.History, e.Total())
	}
	if got, want := inconsistencies(s), map[merge.Reason]uint64{merge.TotalFell: 1}; !cmp.Equal(got, want) {
		t.Errorf("inconsistencies: got %v, want %v", got, want)
	}
}

func TestCounting(t *testing.T) {
	one := func(total uint64, created time.Time) []periskop.Aggregate {
		return []periskop.Aggregate{aggregate("k", total, created)}
	}
	start := answer{uuid: "Z", target: "z:80", at: at(0)} // begins the watch
	for name, tc := range map[string]struct {
		answers []answer
		want    map[string]uint64
		refused map[merge.Reason]uint64
	}{
		"all of the first answer is history, whatever the clock says": {
			answers: []answer{{uuid: "A", at: at(0), reports: one(1000, at(60))}},
			want:    map[string]uint64{"k": 0},
			refused: map[merge.Reason]uint64{merge.IncredibleTime: 1},
		},
		"the same answer twice": {
			answers: []answer{start, {uuid: "A", at: at(2), reports: one(5, at(1))}, {uuid: "A", at: at(3), reports: one(5, at(1))}},
			want:    map[string]uint64{"k": 5},
		},
		"restart to a lower total": {
			answers: []answer{start, {uuid: "A", at: at(2), reports: one(5, at(1))}, {uuid: "B", at: at(4), reports: one(2, at(3))}},
			want:    map[string]uint64{"k": 7},
		},
		"restart to a higher total": {
			answers: []answer{start, {uuid: "A", at: at(2), reports: one(5, at(1))}, {uuid: "A", at: at(3), reports: one(5, at(1))}, {uuid: "B", at: at(4), reports: one(9, at(3))}},
			want:    map[string]uint64{"k": 14},
		},
		"one process behind two addresses": {
			answers: []answer{start, {uuid: "A", target: "a:80", at: at(2), reports: one(5, at(1))}, {uuid: "A", target: "b:80", at: at(2), reports: one(5, at(1))}},
			want:    map[string]uint64{"k": 5},
		},
		"two processes behind one address": {
			answers: []answer{
				start,
				{uuid: "A", at: at(2), reports: one(5, at(1))},
				{uuid: "B", at: at(3), reports: one(3, at(1))},
				{uuid: "A", at: at(4), reports: one(6, at(1))},
				{uuid: "B", at: at(5), reports: one(3, at(1))},
			},
			want: map[string]uint64{"k": 9},
		},
		"pre-fork workers under one uuid": {
			answers: []answer{
				start,
				{uuid: "A", at: at(2), reports: one(5, at(1))},
				{uuid: "A", at: at(3), reports: one(3, at(1).Add(time.Second))},
				{uuid: "A", at: at(4), reports: one(6, at(1))},
			},
			want: map[string]uint64{"k": 9},
		},
		"an aggregate made before the fork": {
			answers: []answer{
				start,
				{uuid: "A", at: at(2), reports: one(5, at(1))},
				{uuid: "A", at: at(3), reports: one(3, at(1))},
				{uuid: "A", at: at(4), reports: one(6, at(1))},
			},
			want:    map[string]uint64{"k": 6},
			refused: map[merge.Reason]uint64{merge.TotalFell: 1},
		},
		"the same epoch twice in one payload": {
			answers: []answer{
				start,
				{uuid: "A", at: at(2), reports: append(one(5, at(1)), one(2, at(1))...)},
				{uuid: "A", at: at(3), reports: append(one(2, at(1)), one(6, at(1))...)},
			},
			want: map[string]uint64{"k": 8},
		},
		"the same key twice in one payload, created at other times": {
			answers: []answer{start, {uuid: "A", at: at(2), reports: append(one(5, at(1)), one(2, at(-1))...)}},
			want:    map[string]uint64{"k": 5},
		},
		"no uuid, restart seen by created_at": {
			answers: []answer{start, {at: at(2), reports: one(5, at(1))}, {at: at(3), reports: one(5, at(1))}, {at: at(4), reports: one(9, at(3))}},
			want:    map[string]uint64{"k": 14},
		},
		"no uuid and no created_at, history at first": {
			answers: []answer{start, {at: at(2), reports: one(5, time.Time{})}, {at: at(4), reports: one(9, time.Time{})}},
			want:    map[string]uint64{"k": 4},
		},
		"no uuid and no created_at, a fall is a restart": {
			answers: []answer{start, {at: at(2), reports: one(5, time.Time{})}, {at: at(4), reports: one(3, time.Time{})}},
			want:    map[string]uint64{"k": 3},
		},
		"no uuid and no created_at, a new key of a known process is news": {
			answers: []answer{start, {at: at(2)}, {at: at(4), reports: one(3, time.Time{})}},
			want:    map[string]uint64{"k": 3},
		},
		"the uuid of nobody is no uuid": {
			answers: []answer{
				start,
				{uuid: "00000000-0000-0000-0000-000000000000", target: "a:80", at: at(2), reports: one(5, at(1))},
				{uuid: "00000000-0000-0000-0000-000000000000", target: "b:80", at: at(2), reports: one(5, at(1).Add(time.Second))},
			},
			want: map[string]uint64{"k": 10},
		},
		"a uuid but no created_at, a fall is refused": {
			answers: []answer{start, {uuid: "A", at: at(1)}, {uuid: "A", at: at(2), reports: one(5, time.Time{})}, {uuid: "A", at: at(4), reports: one(3, time.Time{})}},
			want:    map[string]uint64{"k": 5},
			refused: map[merge.Reason]uint64{merge.TotalFell: 1},
		},
		"a clock an hour behind": {
			answers: []answer{
				start,
				{uuid: "A", at: at(2), date: at(-58), reports: append(one(5, at(-59)), aggregate("old", 7, at(-61)))},
			},
			want: map[string]uint64{"k": 5, "old": 0},
		},
		"a clock an hour ahead": {
			answers: []answer{
				start,
				{uuid: "A", at: at(2), date: at(62), reports: append(one(5, at(61)), aggregate("old", 7, at(59)))},
			},
			want: map[string]uint64{"k": 5, "old": 0},
		},
		"a wrong clock is known to the second: a new process is as old as it can be": {
			answers: []answer{
				{uuid: "Z", target: "z:80", at: at(0).Add(300 * time.Millisecond)},
				{uuid: "A", at: at(1), date: at(61), reports: one(5, at(60).Add(900*time.Millisecond))},
				{uuid: "A", at: at(2), date: at(62), reports: append(one(5, at(60).Add(900*time.Millisecond)), aggregate("new", 2, at(60).Add(950*time.Millisecond)))},
			},
			want: map[string]uint64{"k": 0, "new": 2},
		},
		"no Date: an epoch of a known process is news": {
			answers: []answer{start, {uuid: "A", at: at(2), noDate: true}, {uuid: "A", at: at(3), noDate: true, reports: one(5, at(-60))}},
			want:    map[string]uint64{"k": 5},
		},
		"no Date: created_at decides for a new process": {
			answers: []answer{start, {uuid: "A", at: at(3), noDate: true, reports: append(one(5, at(1)), aggregate("old", 7, at(-1)))}},
			want:    map[string]uint64{"k": 5, "old": 0},
		},
		"no Date: a new process that is of the future has a wrong clock and may be old": {
			answers: []answer{
				start,
				{uuid: "A", at: at(3), noDate: true, reports: append(one(5, at(60)), aggregate("soon", 7, at(3).Add(time.Second)))},
				{uuid: "A", at: at(4), noDate: true, reports: append(one(6, at(60)), aggregate("soon", 7, at(3).Add(time.Second)), aggregate("new", 2, at(61)))},
			},
			want:    map[string]uint64{"k": 1, "soon": 7, "new": 2},
			refused: map[merge.Reason]uint64{merge.IncredibleTime: 2},
		},
		"whole seconds, cut, of a known process": {
			answers: []answer{
				{uuid: "A", at: at(0).Add(500 * time.Millisecond)},
				{uuid: "A", at: at(1), reports: one(5, at(0))},
			},
			want: map[string]uint64{"k": 5},
		},
		"two severities are two series, each growing": {
			answers: []answer{
				start,
				{uuid: "A", at: at(2), reports: one(5, at(1))},
				{uuid: "A", at: at(3), reports: []periskop.Aggregate{{Key: "k", TotalCount: 7, Severity: "warning", CreatedAt: at(1)}}},
				{uuid: "A", at: at(4), reports: one(8, at(1))},
			},
			want: map[string]uint64{"k": 6, "k/warning": 2},
		},
		"history older than what is exposed": {
			answers: []answer{{uuid: "A", at: at(0), reports: one(5, at(-60*24*8))}},
			want:    map[string]uint64{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(settings())
			fold(s, tc.answers...)
			if diff := cmp.Diff(counts(s), tc.want); diff != "" {
				t.Errorf("counts (-got +want):\n%s", diff)
			}
			want := tc.refused
			if want == nil {
				want = map[merge.Reason]uint64{}
			}
			if diff := cmp.Diff(inconsistencies(s), want); diff != "" {
				t.Errorf("inconsistencies (-got +want):\n%s", diff)
			}
		})
	}
}

func TestForgetting(t *testing.T) {
	k := func(total uint64, created time.Time) []periskop.Aggregate {
		return []periskop.Aggregate{aggregate("k", total, created)}
	}
	target := &periskop.Target{Service: "shop", Instance: "a:80", URL: "http://a:80/-/exceptions"}
	there := []periskop.ServiceTargets{{Service: "shop", Targets: []*periskop.Target{target}}}
	away := []periskop.ServiceTargets{{Service: "shop"}}

	t.Run("a process that returns after it was forgotten is history", func(t *testing.T) {
		s := newState(settings())
		fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: k(5, at(1))})
		s.Maintain(at(120))
		fold(s, answer{uuid: "A", at: at(121), reports: k(8, at(1))})
		if got := counts(s)["k"]; got != 5 {
			t.Errorf("after its return: got %d, want 5", got)
		}
		fold(s, answer{uuid: "A", at: at(122), reports: append(k(9, at(1)), aggregate("late", 4, at(1)), aggregate("new", 2, at(121)))})
		if diff := cmp.Diff(counts(s), map[string]uint64{"k": 6, "late": 0, "new": 2}); diff != "" {
			t.Errorf("after it grew (-got +want):\n%s", diff)
		}
		if got := s.Snapshot().Service("shop").Exceptions[0].History; got != 0 {
			t.Errorf("got history %d, want 0: it was counted", got)
		}
	})
	t.Run("a process that is still discovered is kept while it is down", func(t *testing.T) {
		s := newState(settings())
		fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: k(5, at(1))})
		s.Discovered(there, at(3))
		s.Maintain(at(600))
		fold(s, answer{uuid: "A", at: at(601), reports: k(8, at(1))})
		if got := counts(s)["k"]; got != 8 {
			t.Errorf("got %d, want 8", got)
		}
	})
	t.Run("the time of grace begins when it leaves discovery", func(t *testing.T) {
		s := newState(settings())
		fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: k(5, at(1))})
		s.Discovered(there, at(3))
		s.Discovered(away, at(600))
		s.Maintain(at(630))
		fold(s, answer{uuid: "A", at: at(631), reports: k(8, at(1))})
		if got := counts(s)["k"]; got != 8 {
			t.Errorf("got %d, want 8", got)
		}
	})
	t.Run("epochs that are no longer reported go, and do not count again", func(t *testing.T) {
		s := newState(settings())
		fold(s, answer{uuid: "Z", target: "z:80", at: at(0)},
			answer{at: at(2), reports: k(5, at(1))},
			answer{at: at(62), reports: k(3, at(61))},
			answer{at: at(130), reports: k(3, at(61))})
		s.Maintain(at(130))
		fold(s, answer{at: at(131), reports: k(6, at(1))})
		if got := counts(s)["k"]; got != 8 {
			t.Errorf("got %d, want 8", got)
		}
	})
	t.Run("a series that does not grow leaves and comes back at zero", func(t *testing.T) {
		s := newState(settings(func(o *merge.Settings) { o.SeriesRetention = time.Hour }))
		fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: k(5, at(1))})
		s.Discovered(there, at(2))
		s.Maintain(at(100))
		if got := s.Exposition(); len(got.Exceptions) != 0 || len(got.Seen) != 0 {
			t.Errorf("still exposed: %d counters, %d times", len(got.Exceptions), len(got.Seen))
		}
		if got := s.Snapshot().Service("shop").Exceptions[0].Total(); got != 5 {
			t.Errorf("got total %d on pages, want 5", got)
		}
		fold(s, answer{uuid: "A", at: at(101), reports: k(7, at(1))})
		if got := counts(s)["k"]; got != 2 {
			t.Errorf("got %d, want 2", got)
		}
		if got := s.Exposition().Exceptions[0].Start; !got.Equal(at(101)) {
			t.Errorf("got start %v, want %v", got, at(101))
		}
	})
}

func TestOverflow(t *testing.T) {
	s := newState(settings(func(o *merge.Settings) { o.KeysPerService = 3; o.SeriesRetention = time.Hour }))
	var reports []periskop.Aggregate
	for i := range 5 {
		reports = append(reports, aggregate(fmt.Sprint("k", i), 10, at(1)))
	}
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: reports})
	want := map[string]uint64{"k0": 10, "k1": 10, "k2": 10, merge.OverflowKey: 20}
	if diff := cmp.Diff(counts(s), want); diff != "" {
		t.Errorf("past the limit (-got +want):\n%s", diff)
	}
	if got := s.Snapshot().Service("shop").OverflowKeys; got != 2 {
		t.Errorf("got %d keys in the overflow, want 2", got)
	}
	// k3 grows after the others have left: there is room for it.
	reports[3].TotalCount = 11
	s.Discovered([]periskop.ServiceTargets{{Service: "shop", Targets: []*periskop.Target{{URL: "http://a:80/-/exceptions"}}}}, at(2))
	s.Maintain(at(90))
	fold(s, answer{uuid: "A", at: at(91), reports: reports})
	if diff := cmp.Diff(counts(s), map[string]uint64{"k3": 1}); diff != "" {
		t.Errorf("with room again (-got +want):\n%s", diff)
	}
	if got := s.Snapshot().Service("shop").OverflowKeys; got != 1 {
		t.Errorf("got %d keys in the overflow, want 1", got)
	}
}

func TestOldHistoryGivesWay(t *testing.T) {
	s := newState(settings(func(o *merge.Settings) { o.KeysPerService = 2; o.SeriesRetention = time.Hour }))
	fold(s, answer{uuid: "A", at: at(0), reports: []periskop.Aggregate{
		aggregate("older", 5, at(-200)), aggregate("old", 5, at(-100)), aggregate("past the limit", 5, at(-300)),
	}})
	fold(s, answer{uuid: "A", at: at(2), reports: []periskop.Aggregate{
		aggregate("older", 5, at(-200)), aggregate("old", 5, at(-100)), aggregate("new", 1, at(1)),
	}})
	if diff := cmp.Diff(counts(s), map[string]uint64{"new": 1}); diff != "" {
		t.Errorf("counts (-got +want):\n%s", diff)
	}
	if got := s.Snapshot().Service("shop").OverflowKeys; got != 0 {
		t.Errorf("got %d keys in the overflow, want 0", got)
	}
}

func TestTooManyEpochs(t *testing.T) {
	s := newState(settings(func(o *merge.Settings) { o.KeysPerService = 1 }))
	fold(s, answer{uuid: "A", at: at(0)})
	var reports []periskop.Aggregate
	for i := range 12 {
		reports = append(reports, aggregate("k", 1, at(1).Add(time.Duration(i))))
	}
	fold(s, answer{uuid: "A", at: at(2), reports: reports})
	for range 3 { // what was forgotten of them does not count again
		if got := counts(s)["k"]; got != 12 {
			t.Errorf("got %d, want 12", got)
		}
		if got := inconsistencies(s)[merge.TooManyEpochs]; got < 2 {
			t.Errorf("got %d forgotten, want at least 2", got)
		}
		fold(s, answer{uuid: "A", at: at(3), reports: reports})
	}
}

func TestGroupBy(t *testing.T) {
	s := newState(settings(func(o *merge.Settings) { o.Services[0].GroupBy = []string{"env"} }))
	k := []periskop.Aggregate{aggregate("k", 2, at(1))}
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)},
		answer{uuid: "A", target: "a:80", at: at(2), reports: k, labels: map[string]string{"env": "prod", "pod": "a"}},
		answer{uuid: "B", target: "b:80", at: at(2), reports: k, labels: map[string]string{"env": "prod", "pod": "b"}},
		answer{uuid: "C", target: "c:80", at: at(2), reports: k, labels: map[string]string{"env": "test", "pod": "c"}},
		answer{uuid: "D", target: "d:80", at: at(2), reports: k})
	got := map[string]uint64{}
	for _, series := range s.Exposition().Exceptions {
		got[series.Labels.Value("env")] = series.Value
	}
	if diff := cmp.Diff(got, map[string]uint64{"prod": 4, "test": 2, "": 2}); diff != "" {
		t.Errorf("by env (-got +want):\n%s", diff)
	}
	if got := len(s.Exposition().Seen); got != 3 {
		t.Errorf("got %d times, want one for each group", got)
	}
}

func TestEqualSeriesAreAddedUp(t *testing.T) {
	o := settings(func(o *merge.Settings) {
		o.SeriesRetention = time.Hour
		o.Services[0].Labels = func(k merge.SeriesKey) (periskop.Labels, bool) {
			return periskop.Labels{{Name: "service", Value: k.Service}}, k.Key != "dropped"
		}
	})
	s := newState(o)
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: []periskop.Aggregate{
		aggregate("a", 2, at(1)), aggregate("b", 3, at(1)), aggregate("dropped", 4, at(1)),
	}})
	fold(s, answer{uuid: "A", at: at(50), reports: []periskop.Aggregate{aggregate("a", 4, at(1))}})
	x := s.Exposition()
	if len(x.Exceptions) != 1 || x.Exceptions[0].Value != 7 {
		t.Errorf("got %d series, the first at %d, want 1 at 7", len(x.Exceptions), x.Exceptions[0].Value)
	}
	if len(x.Seen) != 1 || !x.Seen[0].First.Equal(at(1)) || !x.Seen[0].Last.Equal(at(50)) {
		t.Errorf("got times %+v, want from 12:01 to 12:50", x.Seen)
	}
	// b has not grown for more than the retention; what it counted stays.
	s.Maintain(at(100))
	if got := s.Exposition().Exceptions[0].Value; got != 7 {
		t.Errorf("after b is old: got %d, want 7", got)
	}
}

func TestReloadLosesNoCounts(t *testing.T) {
	s := newState(settings())
	k := func(total uint64) []periskop.Aggregate { return []periskop.Aggregate{aggregate("k", total, at(1))} }
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: k(5)})

	s.Configure(settings())
	if got := counts(s)["k"]; got != 5 || len(s.Exposition().Seen) != 1 {
		t.Errorf("after a reload: got %d and %d times, want 5 and 1", got, len(s.Exposition().Seen))
	}
	s.Configure(merge.Settings{})
	fold(s, answer{uuid: "A", at: at(3), reports: k(6)})
	if got := len(s.Snapshot().Services); got != 0 {
		t.Errorf("without the service: got %d services, want 0", got)
	}
	s.Configure(settings())
	fold(s, answer{uuid: "A", at: at(4), reports: k(8)})
	if got := counts(s)["k"]; got != 8 {
		t.Errorf("when it is back: got %d, want 8", got)
	}
}

func TestOccurrences(t *testing.T) {
	occurrence := func(uuid string, t time.Time) periskop.Occurrence {
		return periskop.Occurrence{UUID: uuid, Timestamp: t, Severity: "error", Error: periskop.Exception{Class: "E", Message: "secret"}}
	}
	s := newState(settings(func(o *merge.Settings) {
		o.OccurrencesPerKey = 3
		o.Redact = func(o *periskop.Occurrence) { o.Error.Message = "hidden" }
	}))
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)},
		answer{uuid: "A", target: "a:80", at: at(5), reports: []periskop.Aggregate{
			aggregate("k", 2, at(1), occurrence("1", at(1)), occurrence("4", at(4))),
		}},
		// The other clock is an hour ahead; one occurrence pretends to be of tomorrow.
		answer{uuid: "B", target: "b:80", at: at(6), date: at(66), reports: []periskop.Aggregate{
			aggregate("k", 4, at(61), occurrence("3", at(63)), occurrence("4", at(64)), occurrence("2", at(62)), occurrence("9", at(60*24))),
		}})
	e := s.Snapshot().Service("shop").Exceptions[0]
	var got []string
	for _, o := range e.Occurrences() {
		got = append(got, fmt.Sprint(o.UUID, " ", o.Timestamp.Format("15:04"), " ", o.Instance, " ", o.Error.Message))
	}
	want := []string{"9 12:06 b:80 hidden", "4 12:04 a:80 hidden", "3 12:03 b:80 hidden"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("occurrences (-got +want):\n%s", diff)
	}
	if e.Class != "E" || !e.FirstSeen.Equal(at(1)) || !e.LastSeen.Equal(at(6)) {
		t.Errorf("got class %q, first seen %v, last seen %v, want E, 12:01, 12:06", e.Class, e.FirstSeen, e.LastSeen)
	}
	series := s.Exposition().Exceptions[0]
	if series.Newest != "9" || !series.NewestAt.Equal(at(6)) || !series.Start.Equal(at(5)) {
		t.Errorf("got newest %q at %v and start %v", series.Newest, series.NewestAt, series.Start)
	}
}

// TestLastSeenWithoutNewOccurrences is about clients that keep the first occurrences.
func TestLastSeenWithoutNewOccurrences(t *testing.T) {
	s := newState(settings())
	old := periskop.Occurrence{UUID: "1", Timestamp: at(1)}
	fold(s, answer{uuid: "A", at: at(0)},
		answer{uuid: "A", at: at(2), reports: []periskop.Aggregate{aggregate("k", 1, at(1), old)}},
		answer{uuid: "A", at: at(30), reports: []periskop.Aggregate{aggregate("k", 9, at(1), old)}})
	if got := s.Snapshot().Service("shop").Exceptions[0].LastSeen; !got.Equal(at(30)) {
		t.Errorf("got %v, want 12:30", got)
	}
}

func TestRegression(t *testing.T) {
	s := newState(settings())
	k := func(total uint64) []periskop.Aggregate { return []periskop.Aggregate{aggregate("k", total, at(1))} }
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: k(5)})
	id := merge.ExceptionID("shop", "k")
	regressed := func() string {
		var out []string
		for _, series := range s.Exposition().Regressed {
			out = append(out, fmt.Sprintf("%s=%d", series.Labels.Value("key"), series.Value))
		}
		e := s.Snapshot().Find(id)
		return fmt.Sprint(out, e.Resolved != nil, e.Regressions)
	}
	if s.Resolve("0123456789abcdef", at(3)) {
		t.Error("resolved what is not there")
	}
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"before", func() {}, "[] false 0"},
		{"resolved", func() { s.Resolve(id, at(3)) }, "[k=0] true 0"},
		{"still reported", func() { fold(s, answer{uuid: "A", at: at(4), reports: k(5)}) }, "[k=0] true 0"},
		{"reported by a new process as history", func() {
			fold(s, answer{uuid: "B", at: at(5), reports: []periskop.Aggregate{aggregate("k", 9, at(-1))}})
		}, "[k=0] true 0"},
		{"grown", func() { fold(s, answer{uuid: "A", at: at(6), reports: k(6)}) }, "[k=1] false 1"},
		{"grown further", func() { fold(s, answer{uuid: "A", at: at(7), reports: k(9)}) }, "[k=1] false 1"},
		{"resolved and reopened", func() { s.Resolve(id, at(8)); s.Reopen(id) }, "[k=1] false 1"},
		{"grown when reopened", func() { fold(s, answer{uuid: "A", at: at(9), reports: k(10)}) }, "[k=1] false 1"},
	} {
		step.do()
		if got := regressed(); got != step.want {
			t.Errorf("%s: got %s, want %s", step.name, got, step.want)
		}
	}
	if got := counts(s)["k"]; got != 10 {
		t.Errorf("got %d, want 10: resolving does not change the count", got)
	}
}

func TestLabelValue(t *testing.T) {
	for name, tc := range map[string]struct {
		in    string
		limit int
		want  string
	}{
		"short":             {"key", 256, "key"},
		"exactly the limit": {"0123456789012345678901234567890123456789", 40, "0123456789012345678901234567890123456789"},
		"too long":          {"01234567890123456789012345678901234567890", 40, "01234567890123456789012~79f002c49e81eed0"},
		"not UTF-8":         {"a\xffb", 256, "a\ufffdb"},
		"NUL":               {"a\x00b", 256, "a\ufffdb"},
		"control":           {"a\x1b[31m\r\n\tb\x7f\u0085", 256, "a\ufffd[31m\ufffd\ufffd\ufffdb\ufffd\ufffd"},
		"too long by them":  {"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 40, strings.Repeat("\ufffd", 7) + "~e7ecebbc590bc88b"},
		"letters stay":      {"käse/\u65e5\u672c\u200b\U0001f600", 256, "käse/\u65e5\u672c\u200b\U0001f600"},
		"cut between runes": {"0123456789012345678901\u20ac89012345678901234567890", 40, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := merge.LabelValue(tc.in, tc.limit)
			if tc.want != "" && got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if len(got) > tc.limit || !bytes.Equal(bytes.ToValidUTF8([]byte(got), nil), []byte(got)) {
				t.Errorf("got %d bytes %q, want at most %d of UTF-8", len(got), got, tc.limit)
			}
		})
	}
}

// TestLongKey keeps only the beginning of a key of 10 MB, and it is the same exception by
// either form.
func TestLongKey(t *testing.T) {
	key := "E: " + strings.Repeat("a very long key, ", 600_000)
	s := newState(settings())
	fold(s, answer{uuid: "A", at: at(0)},
		answer{uuid: "A", at: at(2), reports: []periskop.Aggregate{aggregate(key, 3, at(1))}},
		answer{uuid: "A", at: at(3), reports: []periskop.Aggregate{aggregate(key, 5, at(1))}})
	e := s.Snapshot().Find(merge.ExceptionID("shop", key))
	if e == nil || e.Counted() != 5 {
		t.Fatalf("got %+v, want an exception that was counted 5 times", e)
	}
	if len(e.Key) > 4<<10 || !strings.HasPrefix(e.Key, "E: a very long key, ") || !strings.Contains(e.Key, "~") {
		t.Errorf("got a key of %d bytes", len(e.Key))
	}
	if got := merge.ExceptionID("shop", e.Key); got != e.ID {
		t.Errorf("got ID %s by the key that is kept, want %s", got, e.ID)
	}
	if got, want := merge.LabelValue(e.Key, 256), merge.LabelValue(key, 256); got != want || e.Label != want {
		t.Errorf("got labels %q and %q, want %q", got, e.Label, want)
	}
	if other := merge.ExceptionID("shop", key+"."); other == e.ID {
		t.Error("keys that differ at their ends have one ID")
	}
}
