package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/api"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// An exporter is a state with what it serves to others.
type exporter struct {
	*merge.State
	http.Handler
	now      time.Time
	settings merge.Settings
}

func newExporter(uuid string, groupBy ...string) *exporter {
	e := &exporter{now: noon, settings: merge.Settings{Services: []merge.ServiceSettings{{
		Name: "shop", GroupBy: groupBy, OccurrenceLabels: []string{"version"},
		Labels: func(k merge.SeriesKey) (periskop.Labels, bool) {
			return append(periskop.Labels{{Name: "key", Value: k.Key}, {Name: "severity", Value: k.Severity}}, k.Group...), true
		},
	}}}}
	e.State = merge.New(merge.Options{Now: func() time.Time { return e.now }, Settings: e.settings})
	e.Handler = api.New(api.Options{Snapshot: e.Snapshot, Processes: e.Processes, UUID: func() string { return uuid }})
	return e
}

// fold takes in the answer of a process at that time.
func (e *exporter) fold(at time.Time, r *periskop.Report) {
	e.now = at
	e.Fold(&periskop.Scrape{
		Target: &periskop.Target{Service: "shop", Instance: "a:80", URL: "http://a:80/", Labels: periskop.Labels{{Name: "env", Value: r.TargetUUID}, {Name: "version", Value: "of " + r.TargetUUID}}},
		Start:  at, Date: at, Result: periskop.Success, Report: r,
	})
}

// scrape takes in what the child serves at that time.
func (e *exporter) scrape(t *testing.T, child *exporter, at time.Time) {
	t.Helper()
	w := httptest.NewRecorder()
	child.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/federate?service_name=shop", http.NoBody))
	if w.Code != http.StatusOK {
		t.Fatalf("federate: status %d: %s", w.Code, w.Body)
	}
	r, err := periskop.Decode(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	e.fold(at, r)
}

// counts returns what is counted by key and severity.
func (e *exporter) counts() map[string]uint64 {
	out := map[string]uint64{}
	for _, x := range e.Snapshot().Service("shop").Exceptions {
		for _, c := range x.Counts {
			if c.Counted > 0 {
				out[x.Key+"/"+c.Severity] += c.Counted
			}
		}
	}
	return out
}

// exposed returns the counters by key.
func (e *exporter) exposed() map[string]uint64 {
	out := map[string]uint64{}
	x, _ := e.Expose(merge.Scraper{})
	for _, s := range x.Exceptions {
		out[s.Labels.Value("key")] += s.Value
	}
	return out
}

func minutes(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

func aggregate(key, severity string, total uint64, created time.Time) periskop.Aggregate {
	return periskop.Aggregate{Key: key, Severity: severity, TotalCount: total, CreatedAt: created}
}

// TestFederation follows a child from before its parent knows it to after it has lost
// all that it knew.
func TestFederation(t *testing.T) {
	child, parent := newExporter("child", "env"), newExporter("parent")
	child.fold(minutes(0), &periskop.Report{TargetUUID: "u", Aggregates: []periskop.Aggregate{aggregate("old", "error", 1000, minutes(-60))}})
	child.fold(minutes(1), &periskop.Report{TargetUUID: "u", Aggregates: []periskop.Aggregate{aggregate("old", "error", 1003, minutes(-60))}})

	check := func(what string, want map[string]uint64) {
		t.Helper()
		if diff := cmp.Diff(parent.counts(), want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", what, diff)
		}
	}
	parent.scrape(t, child, minutes(2))
	check("what the child counted before is history", map[string]uint64{})
	old := parent.Snapshot().Find(merge.ExceptionID("shop", "old"))
	if old.History != 1003 || !old.FirstSeen.Equal(minutes(-60)) {
		t.Errorf("got history %d since %v, want 1003 since %v", old.History, old.FirstSeen, minutes(-60))
	}

	// The same key of two groups and two severities, which are counts of their own.
	occurrence := periskop.Occurrence{UUID: "o", Timestamp: minutes(3), Error: periskop.Exception{Class: "E", Message: "m"}}
	fresh := aggregate("new", "error", 5, minutes(3))
	fresh.Latest = periskop.EncodeOccurrences([]periskop.Occurrence{occurrence})
	child.fold(minutes(3), &periskop.Report{TargetUUID: "u", Aggregates: []periskop.Aggregate{aggregate("old", "error", 1004, minutes(-60)), fresh}})
	child.fold(minutes(3), &periskop.Report{TargetUUID: "v", Aggregates: []periskop.Aggregate{aggregate("new", "error", 7, minutes(3))}})
	child.fold(minutes(3), &periskop.Report{TargetUUID: "w", Aggregates: []periskop.Aggregate{aggregate("new", "info", 2, minutes(3))}})
	for range 2 {
		parent.scrape(t, child, minutes(4))
		check("what is new", map[string]uint64{"old/error": 1, "new/error": 12, "new/info": 2})
	}
	if got := parent.Snapshot().Find(merge.ExceptionID("shop", "new")).Occurrences(); len(got) != 1 || got[0].Instance != "a:80" {
		t.Errorf("got occurrences %+v, want the one, with the instance that the child had it from", got)
	}

	// The child comes back without its state: what it counted is gone there.
	child = newExporter("another child", "env")
	child.fold(minutes(5), &periskop.Report{TargetUUID: "u", Aggregates: []periskop.Aggregate{aggregate("new", "error", 5, minutes(3))}})
	parent.scrape(t, child, minutes(5))
	child.fold(minutes(6), &periskop.Report{TargetUUID: "u", Aggregates: []periskop.Aggregate{aggregate("new", "error", 6, minutes(3))}})
	parent.scrape(t, child, minutes(6))
	check("after the child lost its state", map[string]uint64{"old/error": 1, "new/error": 13, "new/info": 2})
	for reason, n := range parent.Snapshot().Service("shop").Inconsistencies {
		t.Errorf("got %d inconsistencies: %s", n, reason)
	}
}

// TestFederationOfGroups has a child group keys, by rules that change, while its parent counts.
func TestFederationOfGroups(t *testing.T) {
	child, parent := newExporter("child"), newExporter("parent")
	rules := func(e *exporter, by func(merge.Sample) string) {
		s := e.settings
		s.Services = []merge.ServiceSettings{s.Services[0]}
		s.Services[0].Group = by
		e.Configure(s)
	}
	all := func(merge.Sample) string { return "all" }
	told := func(minute int, a, b uint64) {
		list := []periskop.Aggregate{aggregate("a", "error", a, minutes(2)), aggregate("b", "error", b, minutes(2))}
		for i := range list {
			list[i].Latest = periskop.EncodeOccurrences([]periskop.Occurrence{{UUID: fmt.Sprint(list[i].Key, list[i].TotalCount), Timestamp: minutes(minute), Error: periskop.Exception{Class: "E"}}})
		}
		child.fold(minutes(minute), &periskop.Report{TargetUUID: "u", Aggregates: list})
		parent.scrape(t, child, minutes(minute))
	}
	check := func(what string, want uint64, keys ...string) {
		t.Helper()
		sum, shown := uint64(0), []string{}
		for _, s := range parent.exposed() {
			sum += s
		}
		for _, e := range parent.Snapshot().Service("shop").Exceptions {
			shown = append(shown, e.Key)
		}
		if sum != want || !slices.Equal(shown, keys) {
			t.Errorf("%s: the parent has counted %d, and shows %q; want %d and %q", what, sum, shown, want, keys)
		}
	}
	child.fold(minutes(0), &periskop.Report{TargetUUID: "u"})
	parent.scrape(t, child, minutes(1))
	told(2, 5, 7)
	check("two keys", 12, "a", "b")
	rules(child, all)
	told(3, 5, 9)
	check("grouped", 14, "all")
	if e := parent.Snapshot().Find(merge.ExceptionID("shop", "all")); e.Total() != 14 || e.Grouped != 2 || len(e.Occurrences()) == 0 {
		t.Errorf("the parent shows a group of %d keys with %d, and %d occurrences", e.Grouped, e.Total(), len(e.Occurrences()))
	}
	told(4, 6, 9)
	check("grown in the group", 15, "all")
	rules(child, nil)
	told(5, 6, 10)
	check("grouped no more", 16, "a", "b")
	rules(parent, all)
	told(6, 7, 11)
	check("grouped by the parent", 18, "all")
}

func TestFederateRefuses(t *testing.T) {
	e := newExporter("e")
	for target, want := range map[string]string{
		"/federate?service_name=cart": `there is no service "cart"`,
		"/federate":                   "", // there is only one
	} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, http.NoBody))
		if ok := w.Code == http.StatusOK; ok != (want == "") || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: got status %d: %s", target, w.Code, w.Body)
		}
	}
}

// TestFederateLabels has a parent keep what labels the targets of its children have, and not those
// of the children.
func TestFederateLabels(t *testing.T) {
	child, parent := newExporter("child"), newExporter("parent")
	child.fold(noon, &periskop.Report{TargetUUID: "p"})
	parent.scrape(t, child, noon)
	child.fold(noon.Add(time.Minute), &periskop.Report{TargetUUID: "p", Aggregates: []periskop.Aggregate{{
		Key: "k", TotalCount: 1, Severity: "error", CreatedAt: noon.Add(time.Second),
		Latest: periskop.EncodeOccurrences([]periskop.Occurrence{{UUID: "o", Timestamp: noon.Add(time.Second)}}),
	}}})
	parent.scrape(t, child, noon.Add(2*time.Minute))
	e := parent.Snapshot().Services[0].Exceptions[0]
	if got := e.Occurrences()[0].Labels; len(got) != 1 || got[0].Value != "of p" || e.FirstVersion() != "of p" {
		t.Errorf("got labels %v and version %q, want those of the target", got, e.FirstVersion())
	}
}
