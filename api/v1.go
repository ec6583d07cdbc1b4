package api

import (
	"net/http"
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
	failure(w, http.StatusNotFound, "not_found", "no such endpoint: there are services, exceptions, trace and targets")
}

type v1Service struct {
	Name            string            `json:"service_name"`
	WatchedSince    *time.Time        `json:"watched_since"`
	Exceptions      int               `json:"exceptions"`
	OverflowKeys    int               `json:"overflow_keys"`
	Inconsistencies map[string]uint64 `json:"inconsistencies"`
	Targets         int               `json:"targets"`
	TargetsUp       int               `json:"targets_up"`
	Problems        []string          `json:"discovery_problems"`
}

func (a v1) services(w http.ResponseWriter, _ *http.Request) {
	up := map[string]int{}
	for _, h := range a.Health() {
		if h.Last != nil && h.Last.Result == periskop.Success {
			up[h.Target.Service]++
		}
	}
	discovered := map[string]periskop.ServiceTargets{}
	for _, st := range a.Targets() {
		discovered[st.Service] = st
	}
	out := []v1Service{}
	for _, svc := range a.Snapshot().Services {
		s := v1Service{
			Name: svc.Name, WatchedSince: timeOrNull(svc.WatchedSince), Exceptions: len(svc.Exceptions),
			OverflowKeys: svc.OverflowKeys, Inconsistencies: map[string]uint64{},
			Targets: len(discovered[svc.Name].Targets), TargetsUp: up[svc.Name],
			Problems: append([]string{}, discovered[svc.Name].Problems...),
		}
		for reason, n := range svc.Inconsistencies {
			s.Inconsistencies[string(reason)] = n
		}
		out = append(out, s)
	}
	success(w, out)
}

type v1Exception struct {
	ID          string     `json:"exception_id"`
	Service     string     `json:"service_name"`
	Key         string     `json:"aggregation_key"`
	Class       string     `json:"class"`
	Total       uint64     `json:"total_count"`
	Counted     uint64     `json:"counted"`
	History     uint64     `json:"history"`
	Counts      []v1Count  `json:"counts"`
	FirstSeen   *time.Time `json:"first_seen"`
	LastSeen    *time.Time `json:"last_seen"`
	ResolvedAt  *time.Time `json:"resolved_at"`
	Regressions uint64     `json:"regressions"`
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
	}
	if e.Resolved != nil {
		out.ResolvedAt = timeOrNull(e.Resolved.At)
	}
	for i := range e.Counts {
		c := &e.Counts[i]
		group := map[string]string{}
		for _, l := range c.Group {
			group[l.Name] = l.Value
		}
		out.Counts = append(out.Counts, v1Count{Severity: c.Severity, Group: group, Counted: c.Counted})
	}
	return out
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// exceptions lists those of one service, or of all, at most limit of them.
func (a v1) exceptions(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(orElse(r.FormValue("limit"), "10000"))
	if err != nil || limit < 1 {
		failure(w, http.StatusBadRequest, "bad_data", "limit: "+strconv.Quote(r.FormValue("limit"))+" is not a number above 0")
		return
	}
	snapshot := a.Snapshot()
	name := r.FormValue("service_name")
	if name != "" && snapshot.Service(name) == nil {
		failure(w, http.StatusNotFound, "not_found", "service_name: there is no service "+strconv.Quote(name))
		return
	}
	out := []v1Exception{}
	for _, svc := range snapshot.Services {
		if name != "" && svc.Name != name {
			continue
		}
		for _, e := range svc.Exceptions {
			if len(out) < limit && hasSeverity(e, r.FormValue("severity")) {
				out = append(out, newV1Exception(e))
			}
		}
	}
	success(w, out)
}

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
	Occurrences []v1Occurrence `json:"occurrences"`
}

type v1Occurrence struct {
	UUID        string         `json:"uuid"`
	Timestamp   *time.Time     `json:"timestamp"`
	Severity    string         `json:"severity"`
	Instance    string         `json:"instance"`
	Error       *serverError   `json:"error"`
	HTTPContext *serverContext `json:"http_context"`
}

// trace returns one exception with its occurrences, found by exception_id, or by
// service_name and aggregation_key.
func (a v1) trace(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("exception_id")
	if id == "" {
		if r.FormValue("service_name") == "" {
			failure(w, http.StatusBadRequest, "bad_data", "give exception_id, or service_name and aggregation_key")
			return
		}
		id = merge.ExceptionID(r.FormValue("service_name"), r.FormValue("aggregation_key"))
	}
	e := a.Snapshot().Find(id)
	if e == nil {
		failure(w, http.StatusNotFound, "not_found", "no exception has the ID "+strconv.Quote(id)+": it was never reported, or has been gone for longer than it is kept")
		return
	}
	out := v1Trace{v1Exception: newV1Exception(e), Occurrences: []v1Occurrence{}}
	for i := range e.Occurrences {
		o := &e.Occurrences[i]
		out.Occurrences = append(out.Occurrences, v1Occurrence{
			UUID: o.UUID, Timestamp: timeOrNull(o.Timestamp), Severity: o.Severity, Instance: o.Instance,
			Error: newServerError(&o.Error), HTTPContext: newServerContext(o.HTTPContext),
		})
	}
	success(w, out)
}

type v1Target struct {
	Service    string            `json:"service_name"`
	Instance   string            `json:"instance"`
	URL        string            `json:"scrape_url"`
	Labels     map[string]string `json:"labels"`
	Discovered map[string]string `json:"discovered_labels"`
	Health     string            `json:"health"` // up, down or unknown
	Result     string            `json:"last_result"`
	LastError  string            `json:"last_error"`
	LastScrape *time.Time        `json:"last_scrape"`
	Duration   float64           `json:"last_scrape_duration_seconds"`
	Size       int               `json:"last_scrape_size_bytes"`
	DownSince  *time.Time        `json:"down_since"`
	Interval   string            `json:"scrape_interval"`
	Timeout    string            `json:"scrape_timeout"`
}

func (a v1) targets(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("service_name")
	out := []v1Target{}
	for _, h := range a.Health() {
		if name == "" || h.Target.Service == name {
			out = append(out, newV1Target(h))
		}
	}
	success(w, out)
}

func newV1Target(h periskop.TargetHealth) v1Target {
	t := h.Target
	out := v1Target{
		Service: t.Service, Instance: t.Instance, URL: t.URL, Labels: labelMap(t.Labels), Discovered: labelMap(t.Discovered),
		Health: "unknown", DownSince: timeOrNull(h.DownSince), Interval: t.Interval.String(), Timeout: t.Timeout.String(),
	}
	if h.Last == nil {
		return out
	}
	out.Health = "up"
	if h.Last.Err != nil {
		out.Health, out.LastError = "down", h.Last.Err.Error()
	}
	out.Result, out.LastScrape = string(h.Last.Result), timeOrNull(h.Last.Start)
	out.Duration, out.Size = h.Last.Duration.Seconds(), h.Last.Size
	return out
}

func labelMap(labels periskop.Labels) map[string]string {
	out := make(map[string]string, len(labels))
	for _, l := range labels {
		out[l.Name] = l.Value
	}
	return out
}
