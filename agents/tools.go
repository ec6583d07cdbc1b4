package agents

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// tools are what an agent can do.
type tools struct{ Options }

type nothing struct{}

// A service is one of the list.
type service struct {
	Name       string `json:"service_name"`
	Team       string `json:"team,omitempty"`
	Open       int    `json:"open_exceptions"`
	Exceptions int    `json:"exceptions"`
	Targets    int    `json:"targets"`
	Up         int    `json:"targets_up"`
}

func (t *tools) services(*http.Request, nothing) (string, error) {
	up := map[string]int{}
	for _, h := range t.Health() {
		if h.Last != nil && h.Last.Result == periskop.Success {
			up[h.Target.Service]++
		}
	}
	targets := map[string]int{}
	for _, st := range t.Targets() {
		targets[st.Service] = len(st.Targets)
	}
	list := []service{}
	for _, svc := range t.Snapshot().Services {
		s := service{Name: svc.Name, Team: t.Team(svc.Name), Exceptions: len(svc.Exceptions), Targets: targets[svc.Name], Up: up[svc.Name]}
		for _, e := range svc.Exceptions {
			if e.Open() {
				s.Open++
			}
		}
		list = append(list, s)
	}
	return encodeFenced(list)
}

// States are those that can be searched in.
var States = []string{"open", "new", "regressed", "growing", "resolved", "muted", "all"}

type searchInput struct {
	Service string `json:"service_name,omitempty" jsonschema:"the service, or nothing for all of them"`
	Words   string `json:"query,omitempty" jsonschema:"words that all have to occur, or nothing for every exception"`
	State   string `json:"state,omitempty" jsonschema:"open (the default), new, regressed, growing, resolved, muted or all"`
	Limit   int    `json:"limit,omitempty" jsonschema:"how many exceptions at most, those seen last first; 20 unless given, at most 100"`
}

const (
	// maxFound is how many exceptions a search tells of, and usuallyFound how many unless it is said.
	maxFound, usuallyFound = 100, 20
	// maxText is how many bytes of a class, a key or a message are told in a list.
	maxText = 300
)

// A found is an exception of a list.
type found struct {
	ID        string    `json:"exception_id"`
	Service   string    `json:"service_name"`
	Class     string    `json:"class"`
	Key       string    `json:"aggregation_key"`
	Message   string    `json:"message,omitempty"`
	Total     uint64    `json:"total_count"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	Version   string    `json:"last_version,omitempty"`
	State     string    `json:"state"`
	Page      string    `json:"page"`
}

type foundList struct {
	Exceptions []found `json:"exceptions"`
	Matching   int     `json:"matching"`
	Unsearched int     `json:"not_searched,omitempty"`
}

func (t *tools) search(_ *http.Request, in searchInput) (string, error) {
	state := cmp.Or(in.State, States[0])
	switch {
	case !slices.Contains(States, state):
		return "", fmt.Errorf("there is no state %q; there are %s", state, strings.Join(States, ", "))
	case in.Service != "" && t.Snapshot().Service(in.Service) == nil:
		return "", errors.New("there is no such service; list_services has their names")
	}
	list, unsearched := t.Search(in.Service, in.Words, state)
	out := foundList{Exceptions: []found{}, Matching: len(list), Unsearched: unsearched}
	for _, e := range list[:min(len(list), min(max(cmp.Or(in.Limit, usuallyFound), 1), maxFound))] {
		out.Exceptions = append(out.Exceptions, t.found(e))
	}
	return encodeFenced(out)
}

func (t *tools) found(e *merge.Exception) found {
	f := found{
		ID: e.ID, Service: e.Service, Class: short(e.Class), Key: short(e.Key), Total: e.Total(),
		FirstSeen: e.FirstSeen, LastSeen: e.LastSeen, Version: e.LastVersion(), State: "open", Page: t.Link(e.ID),
	}
	switch {
	case e.Resolved != nil:
		f.State = "resolved"
	case e.Muted != nil:
		f.State = "muted"
	}
	if list := e.Occurrences(); len(list) > 0 {
		f.Message = short(list[0].Error.Message)
	}
	return f
}

// short returns the beginning of a text.
func short(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + " …"
}

type exceptionInput struct {
	ID         string `json:"exception_id" jsonschema:"the 16 digits that search_exceptions, alerts and addresses of pages have"`
	Occurrence string `json:"occurrence,omitempty" jsonschema:"the UUID of an occurrence, or nothing for the newest"`
}

func (t *tools) exception(_ *http.Request, in exceptionInput) (string, error) {
	text, ok := t.Markdown(strings.ToLower(in.ID), in.Occurrence)
	if !ok {
		return "", errors.New("there is no such exception, or it does not keep that occurrence any more")
	}
	return fenced(text), nil
}

type targetsInput struct {
	Service string `json:"service_name,omitempty" jsonschema:"the service, or nothing for all of them"`
}

// maxTargets is how many targets are told, those that are down first.
const maxTargets = 200

// A target is one of the list.
type target struct {
	Service  string          `json:"service_name"`
	Instance string          `json:"instance"`
	Result   periskop.Result `json:"last_result,omitempty"`
	Error    string          `json:"last_error,omitempty"`
	Down     *time.Time      `json:"down_since,omitempty"`
}

type targetList struct {
	Targets []target `json:"targets"`
	Of      int      `json:"of"`
}

func (t *tools) targets(_ *http.Request, in targetsInput) (string, error) {
	var list []target
	for _, h := range t.Health() {
		if in.Service != "" && h.Target.Service != in.Service {
			continue
		}
		one := target{Service: h.Target.Service, Instance: h.Target.Instance}
		if h.Last != nil {
			one.Result = h.Last.Result
			if h.Last.Err != nil {
				one.Error = short(h.Last.Err.Error())
			}
		}
		if !h.DownSince.IsZero() {
			one.Down = &h.DownSince
		}
		list = append(list, one)
	}
	slices.SortStableFunc(list, func(a, b target) int {
		switch {
		case (a.Down == nil) == (b.Down == nil):
			return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.Instance, b.Instance))
		case a.Down != nil:
			return -1
		}
		return 1
	})
	return encodeFenced(targetList{Targets: append([]target{}, list[:min(len(list), maxTargets)]...), Of: len(list)})
}

type resolveInput struct {
	ID     string `json:"exception_id" jsonschema:"the 16 digits of the exception"`
	Reason string `json:"reason" jsonschema:"why it will not come back, such as the version or the commit that has the fix"`
}

func (t *tools) resolve(r *http.Request, in resolveInput) (string, error) {
	if t.Decide([]string{in.ID}, triage.Decision{Kind: triage.Resolved, By: t.User(r), Reason: triage.Reason(in.Reason)}) == 0 {
		return "", errors.New("there is no such exception")
	}
	return "It is resolved, until its count grows again: " + t.Link(strings.ToLower(in.ID)) + "\n", nil
}
