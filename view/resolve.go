package view

import (
	"net/http"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// mostReason is how long the reason of a resolution may be, in bytes: a paragraph.
const mostReason = 1000

// A resolution is what a trace says about whether its exception is resolved, and the
// addresses to change that. Those are empty when nothing can be changed.
type resolution struct {
	At         moment // unknown: it is not resolved
	Reason     block
	Came       string // how often it came back; empty for never
	ResolveURL string
	ReopenURL  string
	MostReason int
}

func (v *view) newResolution(e *merge.Exception, now time.Time, limit *budget, to links) resolution {
	r := resolution{MostReason: mostReason}
	if e.Regressions > 0 {
		r.Came = times(e.Regressions)
	}
	if e.Resolved != nil {
		r.At = newMoment(now, e.Resolved.At)
		r.Reason = limit.block(e.Resolved.Reason, lines, lineBudget)
		if v.Reopen != nil {
			r.ReopenURL = to.reopen(e.ID)
		}
	} else if v.Resolve != nil {
		r.ResolveURL = to.resolve(e.ID)
	}
	return r
}

// serveResolve takes the form of a trace, and leads back to it.
func (v *view) serveResolve(w http.ResponseWriter, r *http.Request) {
	v.change(w, r, v.Resolve != nil, func(id string) bool {
		reason, _ := beginning(strings.TrimSpace(r.PostFormValue("reason")), mostReason)
		return v.Resolve(id, strings.ToValidUTF8(reason, "\ufffd"))
	})
}

func (v *view) serveReopen(w http.ResponseWriter, r *http.Request) {
	v.change(w, r, v.Reopen != nil, func(id string) bool { return v.Reopen(id) })
}

func (v *view) change(w http.ResponseWriter, r *http.Request, allowed bool, f func(id string) bool) {
	if !allowed {
		v.renderMessage(w, r, http.StatusForbidden, readOnly(linksFrom(r)))
		return
	}
	const mostForm = 16 << 10 // a reason, each of its bytes encoded as three, and more
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	id := strings.ToLower(r.PathValue("id"))
	if !f(id) {
		v.renderMessage(w, r, http.StatusNotFound, v.exceptionUnknown(id, linksFrom(r)))
		return
	}
	w.Header().Set("Location", linksFrom(r).trace(id, ""))
	w.WriteHeader(http.StatusSeeOther)
}

func readOnly(to links) *messagePage {
	return &messagePage{
		Heading: "Nothing can be changed here",
		Lead:    "This exporter was started so that its pages are read only.",
		Actions: []action{{"See all exceptions", to.exceptions(filter{})}},
	}
}
