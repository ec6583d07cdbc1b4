package api

import (
	"fmt"
	"net/http"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// federate serves the exceptions of one service as one process would, for another
// exporter to scrape. Each count is an aggregate, whose total only grows for as long as
// its created_at stays the same.
func (a Options) federate(w http.ResponseWriter, r *http.Request) {
	snapshot := a.Durable()
	name := r.FormValue("service_name")
	if name == "" && len(snapshot.Services) == 1 {
		name = snapshot.Services[0].Name
	}
	svc := snapshot.Service(name)
	switch {
	case name == "":
		http.Error(w, "give service_name: one request is for one service", http.StatusBadRequest)
		return
	case svc == nil:
		http.Error(w, fmt.Sprintf("service_name: there is no service %q", name), http.StatusNotFound)
		return
	}
	report := &periskop.Report{TargetUUID: a.UUID()}
	for _, e := range svc.Exceptions {
		report.Aggregates = append(report.Aggregates, aggregates(e)...)
	}
	w.Header().Set("Content-Type", "application/json")
	// An error means that the client went away.
	_ = periskop.Encode(w, report)
}

// aggregates returns one for each count of the exception. The history and the
// occurrences, which are those of all of them, go with the first.
func aggregates(e *merge.Exception) []periskop.Aggregate {
	out := make([]periskop.Aggregate, len(e.Counts))
	for i := range e.Counts {
		c := &e.Counts[i]
		out[i] = periskop.Aggregate{
			Key: e.Key, TotalCount: c.Counted, Severity: c.Severity, CreatedAt: c.Start, FirstSeen: e.FirstSeen,
		}
	}
	if len(out) > 0 {
		out[0].History = e.History
		out[0].Latest = periskop.EncodeOccurrences(e.Occurrences)
	}
	return out
}
