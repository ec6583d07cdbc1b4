package api

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// federate serves the exceptions of one service as one process would, for another
// exporter to scrape: each count is an aggregate, whose total only grows for as long as
// its created_at stays the same. What the processes told stands beside that: by it another
// exporter counts.
func (a Options) federate(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("service_name")
	if services := a.Snapshot().Services; name == "" && len(services) == 1 {
		name = services[0].Name
	}
	snapshot, processes := a.Processes(name)
	svc := snapshot.Service(name)
	switch {
	case name == "":
		http.Error(w, "give service_name: one request is for one service", http.StatusBadRequest)
		return
	case svc == nil:
		http.Error(w, fmt.Sprintf("service_name: there is no service %q", name), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// An error means that the client went away.
	_ = periskop.EncodeEach(w, a.UUID(), func(yield func(periskop.Aggregate) bool) {
		for _, e := range svc.Exceptions {
			for _, aggregate := range aggregates(e) {
				if !yield(aggregate) {
					return
				}
			}
		}
	}, processes)
}

// aggregates returns one for each count of the exception. The history and the
// occurrences, which are those of all of them, go with the first.
func aggregates(e *merge.Exception) []periskop.Aggregate {
	out := make([]periskop.Aggregate, len(e.Counts))
	id, _ := strconv.ParseUint(e.ID, 16, 64) // it has 16 hexadecimal digits
	for i := range e.Counts {
		c := &e.Counts[i]
		out[i] = periskop.Aggregate{
			Key: e.Key, ID: id, TotalCount: c.Counted, Severity: c.Severity, CreatedAt: c.Start, FirstSeen: e.FirstSeen,
		}
	}
	if len(out) > 0 {
		out[0].History = e.History
		out[0].Latest = periskop.EncodeOccurrences(e.Occurrences())
	}
	return out
}
