package api

import (
	"net/http"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// server answers as the Periskop server does: bare values, times in Unix seconds.
type server struct{ Options }

// localhostCORS lets pages on localhost, where the Periskop server's own page is developed,
// read the answers and resolve, and those of no other site, as the Periskop server does.
func localhostCORS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); isLocalhost(origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
		}
		next.ServeHTTP(w, r)
	})
}

func isLocalhost(origin string) bool { return strings.HasPrefix(origin, "http://localhost:") }

func (s server) services(w http.ResponseWriter, _ *http.Request) {
	services := []string{}
	for _, svc := range s.Snapshot().Services {
		services = append(services, svc.Name)
	}
	writeJSON(w, http.StatusOK, services)
}

type serverAggregate struct {
	Key        string             `json:"aggregation_key"`
	TotalCount uint64             `json:"total_count"`
	Severity   string             `json:"severity"`
	Latest     []serverOccurrence `json:"latest_errors"`
	CreatedAt  int64              `json:"created_at"`
}

type serverOccurrence struct {
	Error       *serverError   `json:"error"`
	UUID        string         `json:"uuid"`
	Timestamp   int64          `json:"timestamp"`
	Severity    string         `json:"severity"`
	HTTPContext *serverContext `json:"http_context"`
}

type serverError struct {
	Class      string       `json:"class"`
	Message    string       `json:"message"`
	Stacktrace []string     `json:"stacktrace"`
	Cause      *serverError `json:"cause"`
}

type serverContext struct {
	Method  string            `json:"request_method"`
	URL     string            `json:"request_url"`
	Headers map[string]string `json:"request_headers"`
	Body    string            `json:"request_body"`
}

// errors lists what is not resolved. The server's page and its Backstage plugin break
// on an aggregate without occurrences, so those are left out.
func (s server) errors(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("service")
	svc := s.Snapshot().Service(name)
	if svc == nil {
		http.Error(w, "service "+name+" not found", http.StatusNotFound)
		return
	}
	writeList(w, "", func(yield func(serverAggregate) bool) {
		for _, e := range svc.Exceptions {
			if !e.Open() {
				continue
			}
			if list := e.Occurrences(); len(list) > 0 && !yield(newServerAggregate(e, list)) {
				return
			}
		}
	}, "")
}

func newServerAggregate(e *merge.Exception, list []periskop.Occurrence) serverAggregate {
	a := serverAggregate{
		Key: e.Key, TotalCount: e.Total(), Severity: severity(e), CreatedAt: e.FirstSeen.Unix(),
		Latest: make([]serverOccurrence, len(list)),
	}
	for i := range list {
		o := &list[i]
		a.Latest[i] = serverOccurrence{
			Error: newServerError(&o.Error), UUID: o.UUID, Timestamp: o.Timestamp.Unix(),
			Severity: o.Severity, HTTPContext: newServerContext(o.HTTPContext),
		}
	}
	return a
}

// severity is that of most of the exception's occurrences.
func severity(e *merge.Exception) string {
	out, most := periskop.DefaultSeverity, uint64(0)
	for i := range e.Counts {
		if c := &e.Counts[i]; i == 0 || c.Counted > most {
			out, most = c.Severity, c.Counted
		}
	}
	return out
}

func newServerError(e *periskop.Exception) *serverError {
	if e == nil {
		return nil
	}
	out := &serverError{Class: e.Class, Message: e.Message, Stacktrace: e.Stacktrace, Cause: newServerError(e.Cause)}
	if out.Stacktrace == nil {
		out.Stacktrace = []string{}
	}
	return out
}

func newServerContext(c *periskop.HTTPContext) *serverContext {
	if c == nil {
		return nil
	}
	out := &serverContext{Method: c.Method, URL: c.URL, Body: c.Body, Headers: make(map[string]string, len(c.Headers))}
	for _, h := range c.Headers {
		if before, ok := out.Headers[h.Name]; ok {
			h.Value = before + ", " + h.Value
		}
		out.Headers[h.Name] = h.Value
	}
	return out
}

func (s server) resolve(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.Decide == nil:
		http.Error(w, "this exporter is read only", http.StatusForbidden)
		return
	case !isLocalhost(r.Header.Get("Origin")) && http.NewCrossOriginProtection().Check(r) != nil:
		http.Error(w, "cross-origin request", http.StatusForbidden)
		return
	}
	key := strings.TrimSuffix(r.PathValue("key"), "/")
	id := merge.ExceptionID(r.PathValue("service"), key)
	if s.Decide([]string{id}, triage.Decision{Kind: triage.Resolved, By: s.User(r)}) == 0 {
		http.NotFound(w, r)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (server) options(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// A serverTarget has the address and the path of a target: the Periskop server's page
// puts the scheme in front.
type serverTarget struct {
	Endpoint string `json:"endpoint"`
}

func (s server) targets(w http.ResponseWriter, _ *http.Request) {
	targets := map[string][]serverTarget{}
	for _, st := range s.Targets() {
		list := []serverTarget{}
		for _, t := range st.Targets {
			_, rest, _ := strings.Cut(t.Shown(), "://")
			list = append(list, serverTarget{rest})
		}
		targets[st.Service] = list
	}
	writeJSON(w, http.StatusOK, targets)
}
