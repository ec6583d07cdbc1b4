package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// A v1Decided says what was decided, a part of it at a time.
type v1Decided struct {
	Process string `json:"process"`
	Replica string `json:"replica"`
	// Next is what to ask for next, and More is set when there is more already.
	Next       uint64           `json:"next"`
	More       bool             `json:"more"`
	Exceptions []v1DecidedAbout `json:"exceptions"`
}

type v1DecidedAbout struct {
	Service string `json:"service_name"`
	ID      string `json:"exception_id"`
	// ResolvedAgo is how long ago the resolution was made that holds: clocks differ.
	ResolvedAgo *float64     `json:"resolved_seconds_ago"`
	Decisions   []v1Decision `json:"decisions"`
}

// maxDecided is about how many decisions one answer has: some 300 kB.
const maxDecided = 1000

// decided tells what was decided, to other replicas. Who asks says how far it has read: since is a
// process and a number, once for each process that it knows.
func (a v1) decided(w http.ResponseWriter, r *http.Request) {
	if a.Decided == nil {
		a.unknown(w, r)
		return
	}
	after := uint64(0)
	for _, since := range r.URL.Query()["since"] {
		dot := strings.LastIndexByte(since, '.')
		n, err := strconv.ParseUint(since[dot+1:], 10, 64)
		if dot < 0 || err != nil {
			failure(w, http.StatusBadRequest, "bad_data", "since: "+strconv.Quote(since)+" is no process and number, as process and next of an answer with a point between")
			return
		}
		if since[:dot] == a.Process {
			after = n
		}
	}
	now := time.Now()
	list, next, more := a.Decided(after, maxDecided)
	out := v1Decided{Process: a.Process, Replica: a.Replica(), Next: next, More: more, Exceptions: make([]v1DecidedAbout, len(list))}
	for i := range list {
		out.Exceptions[i] = newV1DecidedAbout(&list[i], now)
	}
	success(w, out)
}

func newV1DecidedAbout(d *merge.Decided, now time.Time) v1DecidedAbout {
	out := v1DecidedAbout{Service: d.Service, ID: d.ID, Decisions: newV1Decisions(d.Decisions)}
	if !d.Made.IsZero() {
		ago := now.Sub(d.Made).Seconds()
		out.ResolvedAgo = &ago
	}
	return out
}
