package api

import (
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// v1 is the API of this exporter: {"status": "success", "data": …}, or "error" with
// errorType and error, as in Prometheus' API
// (https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview).
type v1 struct{ Options }

type envelope struct {
	Status    string `json:"status"`
	Data      any    `json:"data,omitempty"`
	ErrorType string `json:"errorType,omitempty"`
	Error     string `json:"error,omitempty"`
}

func success(w http.ResponseWriter, data any) {
	writeJSON(w, http.StatusOK, envelope{Status: "success", Data: data})
}

func failure(w http.ResponseWriter, status int, errorType, message string) {
	writeJSON(w, status, envelope{Status: "error", ErrorType: errorType, Error: message})
}

func (v1) unknown(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		failure(w, http.StatusMethodNotAllowed, "bad_data", "only GET is allowed")
		return
	}
	failure(w, http.StatusNotFound, "not_found", "no such endpoint: there are services, exceptions, trace, targets and decisions")
}

type v1Service struct {
	Name            string            `json:"service_name"`
	Team            string            `json:"team"`
	WatchedSince    *time.Time        `json:"watched_since"`
	Exceptions      int               `json:"exceptions"`
	OverflowKeys    int               `json:"overflow_keys"`
	Inconsistencies map[string]uint64 `json:"inconsistencies"`
	Targets         int               `json:"targets"`
	TargetsUp       int               `json:"targets_up"`
	Block           string            `json:"block"` // of the file, whose settings it has
	WaitsFor        periskop.Wait     `json:"waits_for"`
	WaitsSince      *time.Time        `json:"waits_since"`
	Problems        []string          `json:"discovery_problems"`
}

func (a v1) services(w http.ResponseWriter, _ *http.Request) {
	health := map[string][]periskop.TargetHealth{}
	for _, h := range a.Health() {
		health[h.Target.Service] = append(health[h.Target.Service], h)
	}
	discovered := map[string]periskop.ServiceTargets{}
	for _, st := range a.Targets() {
		discovered[st.Service] = st
	}
	out := []v1Service{}
	for _, svc := range a.Snapshot().Services {
		st := discovered[svc.Name]
		s := v1Service{
			Name: svc.Name, Team: a.Team(svc.Name), WatchedSince: timeOrNull(svc.WatchedSince), Exceptions: len(svc.Exceptions),
			OverflowKeys: svc.OverflowKeys, Inconsistencies: map[string]uint64{},
			Targets: len(st.Targets), TargetsUp: up(health[svc.Name]), Block: st.Block,
			Problems: append([]string{}, st.Problems...),
		}
		wait, since := st.Waiting(health[svc.Name])
		s.WaitsFor, s.WaitsSince = wait, timeOrNull(since)
		for reason, n := range svc.Inconsistencies {
			s.Inconsistencies[string(reason)] = n
		}
		out = append(out, s)
	}
	success(w, out)
}

// up counts the targets whose last scrape succeeded.
func up(health []periskop.TargetHealth) int {
	n := 0
	for _, h := range health {
		if h.Last != nil && h.Last.Result == periskop.Success {
			n++
		}
	}
	return n
}

type v1Exception struct {
	ID          string      `json:"exception_id"`
	Service     string      `json:"service_name"`
	Key         string      `json:"aggregation_key"`
	Class       string      `json:"class"`
	Total       uint64      `json:"total_count"`
	Counted     uint64      `json:"counted"`
	History     uint64      `json:"history"`
	Counts      []v1Count   `json:"counts"`
	FirstSeen   *time.Time  `json:"first_seen"`
	LastSeen    *time.Time  `json:"last_seen"`
	Versions    []v1Version `json:"versions"`
	ResolvedAt  *time.Time  `json:"resolved_at"`
	ResolvedBy  string      `json:"resolved_by"`
	Reason      string      `json:"resolved_reason"`
	Muted       *v1Mute     `json:"muted"`
	Regressions uint64      `json:"regressions"`
	Keys        []v1Key     `json:"keys"`
	Grouped     int         `json:"grouped_keys"`
}

// A v1Key is one of the keys of clients that are grouped under an exception.
type v1Key struct {
	ID        string     `json:"exception_id"`
	Key       string     `json:"aggregation_key"`
	Total     uint64     `json:"total_count"`
	FirstSeen *time.Time `json:"first_seen"`
	LastSeen  *time.Time `json:"last_seen"`
}

// A v1Version is one of the service in which the exception occurred; the first of a list is that
// in which it occurred first.
type v1Version struct {
	Name      string     `json:"version"`
	FirstSeen *time.Time `json:"first_seen"`
	LastSeen  *time.Time `json:"last_seen"`
}

type v1Count struct {
	Severity string            `json:"severity"`
	Group    map[string]string `json:"group"`
	Counted  uint64            `json:"counted"`
}

func newV1Exception(e *merge.Exception) v1Exception {
	out := v1Exception{
		ID: e.ID, Service: e.Service, Key: e.Key, Class: e.Class,
		Total: e.Total(), Counted: e.Counted(), History: e.History, Counts: []v1Count{},
		FirstSeen: timeOrNull(e.FirstSeen), LastSeen: timeOrNull(e.LastSeen), Regressions: e.Regressions,
		Versions: []v1Version{}, Keys: []v1Key{}, Grouped: e.Grouped,
	}
	for _, k := range e.Keys {
		out.Keys = append(out.Keys, v1Key{ID: k.ID, Key: k.Label, Total: k.Total, FirstSeen: timeOrNull(k.FirstSeen), LastSeen: timeOrNull(k.LastSeen)})
	}
	for _, v := range e.Versions {
		out.Versions = append(out.Versions, v1Version{Name: v.Name, FirstSeen: timeOrNull(v.First), LastSeen: timeOrNull(v.Last)})
	}
	if e.Resolved != nil {
		out.ResolvedAt, out.ResolvedBy, out.Reason = timeOrNull(e.Resolved.At), e.Resolved.By, e.Resolved.Reason
	}
	if m := e.Muted; m != nil {
		out.Muted = &v1Mute{At: timeOrNull(m.At), By: m.By, Reason: m.Reason, v1Until: newV1Until(m.Until)}
	}
	for i := range e.Counts {
		c := &e.Counts[i]
		out.Counts = append(out.Counts, v1Count{Severity: c.Severity, Group: byName(c.Group), Counted: c.Counted})
	}
	return out
}

func byName(ls periskop.Labels) map[string]string {
	m := make(map[string]string, len(ls))
	for _, l := range ls {
		m[l.Name] = l.Value
	}
	return m
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// exceptions lists those of one service, or of all, at most limit of them: those of a
// severity and a class, that are open or resolved, if that is asked for.
func (a v1) exceptions(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(orElse(r.FormValue("limit"), "10000"))
	if err != nil || limit < 1 {
		failure(w, http.StatusBadRequest, "bad_data", "limit: "+strconv.Quote(r.FormValue("limit"))+" is not a number above 0")
		return
	}
	state := orElse(r.FormValue("state"), stateAll)
	f := v1Filter{Service: r.FormValue("service_name"), Severity: r.FormValue("severity"), Class: r.FormValue("class"), State: state}
	snapshot := a.Snapshot()
	if status, err := f.check(snapshot); err != nil {
		failure(w, status, errorType(status), err.Error())
		return
	}
	successList(w, func(yield func(v1Exception) bool) {
		left := limit
		for e := range f.in(snapshot) {
			if !yield(newV1Exception(e)) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	})
}

// A v1Filter says which exceptions are meant. Empty members mean all.
type v1Filter struct {
	Service  string `json:"service_name"`
	Severity string `json:"severity"`
	Class    string `json:"class"`
	State    string `json:"state"`
}

// check says what is wrong with the filter, with the status of the answer.
func (f *v1Filter) check(s *merge.Snapshot) (status int, err error) {
	switch {
	case !slices.Contains([]string{"", stateAll, stateOpen, stateResolved, stateMuted}, f.State):
		return http.StatusBadRequest, fmt.Errorf("state: %q is none of all, open, resolved and muted", f.State)
	case f.Service != "" && s.Service(f.Service) == nil:
		return http.StatusNotFound, fmt.Errorf("service_name: there is no service %q", f.Service)
	}
	return http.StatusOK, nil
}

// in returns the exceptions that are meant.
func (f *v1Filter) in(s *merge.Snapshot) iter.Seq[*merge.Exception] {
	return func(yield func(*merge.Exception) bool) {
		for _, svc := range s.Services {
			if f.Service != "" && svc.Name != f.Service {
				continue
			}
			for _, e := range svc.Exceptions {
				if hasState(e, f.State) && hasSeverity(e, f.Severity) && hasClass(e, f.Class) && !yield(e) {
					return
				}
			}
		}
	}
}

// The states that can be asked for.
const (
	stateAll      = "all"
	stateOpen     = "open"
	stateResolved = "resolved"
	stateMuted    = "muted"
)

func hasState(e *merge.Exception, state string) bool {
	switch state {
	case stateOpen:
		return e.Open()
	case stateResolved:
		return e.Resolved != nil
	case stateMuted:
		return e.Muted != nil
	}
	return true
}

func hasClass(e *merge.Exception, class string) bool { return class == "" || e.Class == class }

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func hasSeverity(e *merge.Exception, severity string) bool {
	for i := range e.Counts {
		if severity == "" || e.Counts[i].Severity == severity {
			return true
		}
	}
	return severity == ""
}

type v1Trace struct {
	v1Exception
	Decisions   []v1Decision   `json:"decisions"`
	Occurrences []v1Occurrence `json:"occurrences"`
}

type v1Occurrence struct {
	UUID        string            `json:"uuid"`
	Timestamp   *time.Time        `json:"timestamp"`
	Severity    string            `json:"severity"`
	Instance    string            `json:"instance"`
	Labels      map[string]string `json:"labels"`
	Error       *serverError      `json:"error"`
	HTTPContext *serverContext    `json:"http_context"`
}

// trace returns one exception with its occurrences, or with one of them, found by
// exception_id, or by service_name and aggregation_key.
func (a v1) trace(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("exception_id")
	if id == "" {
		if r.FormValue("service_name") == "" {
			failure(w, http.StatusBadRequest, "bad_data", "give exception_id, or service_name and aggregation_key")
			return
		}
		id = merge.ExceptionID(r.FormValue("service_name"), r.FormValue("aggregation_key"))
	}
	snapshot := a.Snapshot()
	e := snapshot.Find(id)
	if group, ok := a.Group(id); ok && e == nil {
		e = snapshot.Find(group)
	}
	if e == nil {
		e = findLabel(snapshot.Service(r.FormValue("service_name")), r.FormValue("aggregation_key"))
	}
	if e == nil {
		failure(w, http.StatusNotFound, "not_found", "no exception has the ID "+strconv.Quote(id)+": it was never reported, or has been gone for longer than it is kept")
		return
	}
	out := v1Trace{v1Exception: newV1Exception(e), Decisions: newV1Decisions(e.Decisions), Occurrences: []v1Occurrence{}}
	list := e.Occurrences()
	for i := range list {
		o := &list[i]
		if uuid := r.FormValue("occurrence"); uuid != "" && o.UUID != uuid {
			continue
		}
		out.Occurrences = append(out.Occurrences, v1Occurrence{
			UUID: o.UUID, Timestamp: timeOrNull(o.Timestamp), Severity: o.Severity, Instance: o.Instance, Labels: byName(o.Labels),
			Error: newServerError(&o.Error), HTTPContext: newServerContext(o.HTTPContext),
		})
	}
	success(w, out)
}

// findLabel returns the exception whose key stands on series like that, or nil: long keys
// are cut there.
func findLabel(s *merge.Service, label string) *merge.Exception {
	if s == nil || label == "" {
		return nil
	}
	for _, e := range s.Exceptions {
		if e.Label == label {
			return e
		}
	}
	return nil
}
