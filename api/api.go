package api

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/periskop-exporter/periskop_exporter/internal/limit"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// Options are where the answers come from. The functions may be called concurrently.
type Options struct {
	Snapshot func() *merge.Snapshot
	Targets  func() []periskop.ServiceTargets
	Health   func() []periskop.TargetHealth
	// Team returns who looks after a service; "" for not known. Nil knows nobody.
	Team func(service string) string
	// Decide takes in a decision about the exceptions of these IDs, and returns how many of
	// them there are. Nil refuses to decide anything.
	Decide func(ids []string, d triage.Decision) int
	// Decided returns what was decided after a point, about so many decisions of it, with the next
	// point, and whether there is more. Replica is what this replica is called, and Process what
	// this process is, among those that ask for decisions.
	Decided func(after uint64, most int) (list []merge.Decided, next uint64, more bool)
	Replica func() string
	Process string
	// User names who sends a request, "" when that is not known.
	User func(r *http.Request) string
	// Group returns the ID of the exception under which the key of that ID is grouped, and false when
	// it is grouped under none. Nil means that no key is.
	Group func(id string) (group string, ok bool)
	// Processes returns a snapshot and what is known of the processes of a service, which
	// will not be taken back by a crash. It may wait for a disk.
	Processes func(service string) (*merge.Snapshot, []periskop.Process)
	// UUID names this exporter to one that scrapes it, and Prefix is what its paths begin
	// with; "" when the routes begin at the root.
	UUID   func() string
	Prefix string
	// Push takes in a report that a process of the service sends by itself, while it comes. The
	// error is that of the body, or says what is wrong with the report:
	// then nothing is taken in. CanPush says whether the service takes any, and MaxPush how
	// many bytes one may have.
	Push    func(p Pushed, body io.Reader) error
	CanPush func(service string) bool
	MaxPush func() int64
	// Bodies bound the reports that are being taken in at a time.
	Bodies *limit.Bytes
}

// Routes returns the patterns under which the handler is to be mounted. Every route
// answers with and without a slash at its end.
func Routes() []string {
	return []string{"/api", "/api/", "/services", "/services/", "/targets", "/targets/", "/push", "/push/", "POST /errors", "POST /errors/", "/federate", "/federate/"}
}

// New returns the handler of all routes.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	if o.Group == nil {
		o.Group = func(string) (string, bool) { return "", false }
	}
	if o.User == nil {
		o.User = func(*http.Request) string { return "" }
	}
	if o.Team == nil {
		o.Team = func(string) string { return "" }
	}
	v1 := v1{o}
	handle := func(pattern string, h http.HandlerFunc) {
		mux.HandleFunc(pattern, h)
		mux.HandleFunc(pattern+"/{$}", h)
	}
	handle("GET /api/v1/services", v1.services)
	handle("GET /api/v1/exceptions", v1.exceptions)
	handle("GET /api/v1/trace", v1.trace)
	handle("GET /api/v1/targets", v1.targets)
	handle("GET "+names.DecisionsPath, v1.decided)
	handle("POST "+names.DecisionsPath, v1.decide)
	mux.HandleFunc("/api/v1/", v1.unknown)
	server := server{o}
	handle("GET /services", server.services)
	handle("GET /services/{service}/errors", server.errors)
	mux.HandleFunc("DELETE /services/{service}/errors/{key...}", server.resolve)
	mux.HandleFunc("OPTIONS /services/{service}/errors/{key...}", server.options)
	handle("GET /targets", server.targets)
	mux.HandleFunc("POST /push/{path...}", o.push)
	handle("POST /push", pushToNobody)
	handle("POST /errors", pushToNobody)
	handle("GET /federate", o.federate)
	handle("GET /federate/targets", o.federateTargets)
	return localhostCORS(mux)
}

// writeJSON writes v, which always encodes. An error means that the client is gone.
func writeJSON(w http.ResponseWriter, status int, v any) {
	setHeaders(w)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func setHeaders(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
}
