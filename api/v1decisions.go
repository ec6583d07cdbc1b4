package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/triage"
)

// A v1Until is when a mute ends by itself. Without any of its members set, it is for good.
type v1Until struct {
	Time    *time.Time `json:"until"`
	Growth  uint64     `json:"until_grown_by"`
	Version bool       `json:"until_new_version"`
}

func newV1Until(u triage.Until) v1Until {
	return v1Until{Time: timeOrNull(u.Time), Growth: u.Growth, Version: u.Version}
}

type v1Mute struct {
	At     *time.Time `json:"at"`
	By     string     `json:"by"`
	Reason string     `json:"reason"`
	v1Until
}

// A v1Decision is one entry of the history of an exception.
type v1Decision struct {
	Kind   triage.Kind `json:"kind"`
	At     *time.Time  `json:"at"`
	By     string      `json:"by"`
	Reason string      `json:"reason"`
	v1Until
	// Of is when the decision was made that came to an end by itself.
	Of *time.Time `json:"of,omitempty"`
}

// newV1Decisions lists them, the oldest first.
func newV1Decisions(list []triage.Decision) []v1Decision {
	out := make([]v1Decision, len(list))
	for i, d := range list {
		out[i] = v1Decision{Kind: d.Kind, At: timeOrNull(d.At), By: d.By, Reason: d.Reason, v1Until: newV1Until(d.Until), Of: timeOrNull(d.Of)}
	}
	return out
}

// A v1Action is what is to be decided about exceptions: those that are named, or all that the filter
// leaves.
type v1Action struct {
	Kind   triage.Kind `json:"kind"`
	Reason string      `json:"reason"`
	v1Until
	IDs    []string  `json:"exception_ids"`
	Filter *v1Filter `json:"filter"`
}

// A v1Outcome says of how many exceptions it was decided, and which of those that were named there
// are not.
type v1Outcome struct {
	Decided int      `json:"decided"`
	Unknown []string `json:"unknown"`
}

// maxAction is how many bytes an action may have: the IDs of as many exceptions as there may be.
const maxAction = 256 << 10

// decide takes in a decision about exceptions, all of it or nothing.
func (a v1) decide(w http.ResponseWriter, r *http.Request) {
	if a.Decide == nil {
		failure(w, http.StatusForbidden, "forbidden", "this exporter is read only")
		return
	}
	var action v1Action
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAction))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&action); err != nil {
		failure(w, http.StatusBadRequest, "bad_data", "the body is no action: "+err.Error())
		return
	}
	d, err := action.decision(time.Now())
	if err != nil {
		failure(w, http.StatusBadRequest, "bad_data", err.Error())
		return
	}
	ids, status, err := a.meant(&action)
	if err != nil {
		failure(w, status, errorType(status), err.Error())
		return
	}
	d.By = a.User(r)
	out := v1Outcome{Decided: a.Decide(ids, d), Unknown: []string{}}
	if out.Decided < len(ids) {
		out.Unknown = a.unknownOf(ids)
	}
	if out.Decided == 0 {
		failure(w, http.StatusNotFound, "not_found", "none of the exceptions is here")
		return
	}
	success(w, out)
}

func (a *v1Action) decision(now time.Time) (triage.Decision, error) {
	d := triage.Decision{Kind: a.Kind, At: now, Reason: triage.Reason(a.Reason), Until: triage.Until{Growth: a.Growth, Version: a.Version}}
	if a.Time != nil {
		d.Until.Time = *a.Time
	}
	return d, d.Check()
}

// meant returns the IDs of the exceptions that an action is about.
func (a v1) meant(action *v1Action) (ids []string, status int, err error) {
	switch {
	case (action.Filter == nil) == (len(action.IDs) == 0):
		return nil, http.StatusBadRequest, fmt.Errorf("give either exception_ids or a filter")
	case action.Filter == nil:
		ids = action.IDs
	default:
		snapshot := a.Snapshot()
		if status, err := action.Filter.check(snapshot); err != nil {
			return nil, status, err
		}
		for e := range action.Filter.in(snapshot) {
			ids = append(ids, e.ID)
		}
	}
	if len(ids) > triage.MaxAtOnce {
		return nil, http.StatusBadRequest, fmt.Errorf("%d exceptions are more than the %d that can be decided about at once", len(ids), triage.MaxAtOnce)
	}
	return ids, http.StatusOK, nil
}

// unknownOf returns those of the IDs that no exception has.
func (a v1) unknownOf(ids []string) []string {
	known := map[string]bool{}
	for _, svc := range a.Snapshot().Services {
		for _, e := range svc.Exceptions {
			known[e.ID] = true
		}
	}
	out := []string{}
	for _, id := range ids {
		if !known[strings.ToLower(id)] {
			out = append(out, id)
		}
	}
	return out
}

func errorType(status int) string {
	if status == http.StatusNotFound {
		return "not_found"
	}
	return "bad_data"
}
