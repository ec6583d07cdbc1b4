package view

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// serveResetForm asks whether what was counted is to be taken back, which cannot be undone.
func (v *view) serveResetForm(w http.ResponseWriter, r *http.Request) {
	to := linksFrom(r)
	id := strings.ToLower(r.PathValue("id"))
	e := v.find(v.Snapshot(), id)
	switch {
	case v.Reset == nil:
		v.renderMessage(w, r, http.StatusForbidden, readOnly(to))
	case e == nil:
		v.renderMessage(w, r, http.StatusNotFound, v.exceptionUnknown(id, to))
	default:
		v.renderMessage(w, r, http.StatusOK, newResetForm(e, to))
	}
}

func newResetForm(e *merge.Exception, to links) *messagePage {
	return &messagePage{
		Heading: "Begin the count anew?",
		Lead: "What this exporter has counted of this exception is taken back, and its counters begin at zero. " +
			"That is for counts that are wrong, such as after a push that was none of the service's. It cannot be undone. " +
			"What targets have told so far is not counted again. Prometheus keeps what it has stored, and other exporters keep their own counts.",
		What:    newFacts("Service", e.Service, "Key", e.Key, "Counted", strconv.FormatUint(e.Counted(), 10)),
		Form:    &action{"Begin at zero", to.reset(e.ID)},
		Actions: []action{{"Leave it as it is", to.trace(e.ID, "")}},
	}
}

// serveReset takes the form of serveResetForm, and leads back to the trace.
func (v *view) serveReset(w http.ResponseWriter, r *http.Request) {
	v.change(w, r, v.Reset != nil, func(id string) (bool, error) { return v.Reset(id, v.User(r)), nil })
}
