package view

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// A many is the form by which something is decided about several exceptions of the list: those that
// are ticked, or all that the filter shows.
type many struct {
	URL        string
	Filter     string // of the list, as it stands in its address
	Page       int
	All        string // how many the filter shows
	Actions    []option
	Mutes      []option
	Grown      int
	MostReason int
}

// Names in the form and in the address that it leads to.
const (
	idField     = "id"
	scopeField  = "scope"
	scopeAll    = "all"
	filterField = "filter"
	pageField   = "page"
	doneParam   = "done"
)

// manyActions are what can be decided, for those that are in a condition.
func manyActions(c condition) []option {
	resolve, mute := option{Value: "resolve", Name: "Resolve"}, option{Value: "mute", Name: "Mute"}
	reopen, unmute := option{Value: "reopen", Name: "Reopen"}, option{Value: "unmute", Name: "Unmute"}
	switch c {
	case conditionResolved:
		return []option{reopen, mute}
	case conditionMuted:
		return []option{unmute, resolve}
	case conditionAny:
		return []option{resolve, mute, reopen, unmute}
	default:
		return []option{resolve, mute}
	}
}

// newMany returns nil when nothing can be changed, or there is nothing to change.
func (v *view) newMany(f filter, all, unsearched int, to links) *many {
	if v.Decide == nil || all == 0 {
		return nil
	}
	m := &many{
		URL: to.to("exceptions", nil), Filter: f.whole().values().Encode(), Page: f.Page,
		Actions: manyActions(f.State), Mutes: muteOptions(true), Grown: muteGrown, MostReason: triage.MaxReason,
	}
	if unsearched == 0 && all <= triage.MaxAtOnce {
		m.All = plural(all, "exception")
	}
	return m
}

// whole is the filter without what says which part of the list is shown.
func (f filter) whole() filter {
	f.Page = 1
	return f
}

// serveMany takes the form, and leads back to the list.
func (v *view) serveMany(w http.ResponseWriter, r *http.Request) {
	if !v.takesForm(w, r, v.Decide != nil) {
		return
	}
	to := linksFrom(r)
	q, err := url.ParseQuery(r.PostFormValue(filterField))
	f := parseFilter(q)
	f.Page, _ = strconv.Atoi(r.PostFormValue(pageField))
	n, kind := 0, triage.Kind("")
	if err == nil {
		n, kind, err = v.decideMany(r, f)
	}
	if err != nil {
		v.renderMessage(w, r, http.StatusBadRequest, notDecided(err, to.exceptions(f)))
		return
	}
	back := f.values()
	back.Set(doneParam, fmt.Sprintf("%s-%d", kind, n))
	w.Header().Set("Location", to.to("exceptions", back))
	w.WriteHeader(http.StatusSeeOther)
}

func (v *view) decideMany(r *http.Request, f filter) (int, triage.Kind, error) {
	now := v.Now()
	read := decisionForms[r.PostFormValue("action")]
	if read == nil {
		return 0, "", fmt.Errorf("there is no action %q", r.PostFormValue("action"))
	}
	d, err := read(r, now)
	if err != nil {
		return 0, "", err
	}
	ids := r.PostForm[idField]
	if r.PostFormValue(scopeField) == scopeAll {
		if ids, err = v.shown(f, now); err != nil {
			return 0, "", err
		}
	}
	if len(ids) == 0 {
		return 0, "", fmt.Errorf("no exception is ticked")
	}
	d.By = v.User(r)
	return v.Decide(ids, d), d.Kind, nil
}

// shown returns the IDs of all that the filter shows now.
func (v *view) shown(f filter, now time.Time) ([]string, error) {
	list, unsearched := v.lists.exceptions(v.Snapshot(), f.whole(), classifier{now, v.Growth()}, &v.searches)
	switch {
	case unsearched > 0:
		return nil, fmt.Errorf("not all exceptions were searched: search all of them first")
	case len(list) > triage.MaxAtOnce:
		return nil, fmt.Errorf("%s are more than the %s that can be decided about at once: set a filter", plural(len(list), "exception"), number(triage.MaxAtOnce))
	}
	return idsOf(list), nil
}

func idsOf(list []*merge.Exception) []string {
	ids := make([]string, len(list))
	for i, e := range list {
		ids[i] = e.ID
	}
	return ids
}

// doneWords say what was decided about many.
var doneWords = map[triage.Kind]string{
	triage.Resolved: "resolved", triage.Reopened: "open again", triage.Muted: "muted", triage.Unmuted: "no longer muted", triage.Noted: "noted",
}

// doneText says what was done, as an address has it; "" when it says nothing.
func doneText(q url.Values) string {
	kind, count, _ := strings.Cut(q.Get(doneParam), "-")
	n, err := strconv.Atoi(count)
	words := doneWords[triage.Kind(kind)]
	if err != nil || words == "" || n < 0 || n > triage.MaxAtOnce {
		return ""
	}
	if n == 1 {
		return "1 exception is " + words + "."
	}
	return plural(n, "exception") + " are " + words + "."
}
