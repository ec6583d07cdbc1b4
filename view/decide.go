package view

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/triage"
)

// decisionForms read the decision that the form of that name stands for.
var decisionForms = map[string]func(r *http.Request, now time.Time) (triage.Decision, error){
	"resolve": plainDecision(triage.Resolved), "reopen": plainDecision(triage.Reopened),
	"mute": muteDecision, "unmute": plainDecision(triage.Unmuted), "note": plainDecision(triage.Noted),
}

// decisionHandler takes a form of a trace, and leads back to it.
func (v *view) decisionHandler(read func(*http.Request, time.Time) (triage.Decision, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v.change(w, r, v.Decide != nil, func(id string) (bool, error) {
			d, err := read(r, v.Now())
			if err != nil {
				return false, err
			}
			d.By = v.User(r)
			return v.Decide([]string{id}, d) > 0, nil
		})
	}
}

func plainDecision(kind triage.Kind) func(*http.Request, time.Time) (triage.Decision, error) {
	return func(r *http.Request, now time.Time) (triage.Decision, error) {
		d := triage.Decision{Kind: kind, At: now, Reason: reasonOf(r)}
		return d, d.Check()
	}
}

func reasonOf(r *http.Request) string { return triage.Reason(r.PostFormValue("reason")) }

// mutePeriods are those that a mute can be chosen for.
var mutePeriods = []struct {
	Value, Name string
	Period      time.Duration
}{
	{"1h", "for an hour", time.Hour},
	{"8h", "for 8 hours", 8 * time.Hour},
	{"1d", "for a day", 24 * time.Hour},
	{"7d", "for a week", 7 * 24 * time.Hour},
	{"30d", "for 30 days", 30 * 24 * time.Hour},
}

// The other ways to mute.
const (
	muteUntil   = "time"
	muteGrowth  = "growth"
	muteVersion = "version"
	muteForGood = "ever"
	// muteGrown is how much growth is offered.
	muteGrown = 100
)

// muteDecision reads the form of a mute.
func muteDecision(r *http.Request, now time.Time) (triage.Decision, error) {
	d := triage.Decision{Kind: triage.Muted, At: now, Reason: reasonOf(r)}
	switch until := r.PostFormValue("until"); until {
	case muteForGood:
	case muteVersion:
		d.Until.Version = true
	case muteGrowth:
		n, err := strconv.ParseUint(strings.TrimSpace(r.PostFormValue("growth")), 10, 53)
		if err != nil || n == 0 {
			return d, fmt.Errorf("%q is no number that the count could grow by; write for example %d", r.PostFormValue("growth"), muteGrown)
		}
		d.Until.Growth = n
	case muteUntil:
		b := parseBound(r.PostFormValue("time"))
		if b.at.IsZero() {
			return d, fmt.Errorf("%q is no time; write for example %s, in UTC", r.PostFormValue("time"), now.UTC().Add(time.Hour).Format("2006-01-02 15:04"))
		}
		d.Until.Time = b.at
	default:
		for _, p := range mutePeriods {
			if p.Value == until {
				d.Until.Time = now.Add(p.Period)
			}
		}
		if d.Until.Time.IsZero() {
			return d, errors.New("it is not said until when it is to be muted")
		}
	}
	return d, d.Check()
}

// change takes a form that changes an exception.
func (v *view) change(w http.ResponseWriter, r *http.Request, allowed bool, f func(id string) (found bool, err error)) {
	if !v.takesForm(w, r, allowed) {
		return
	}
	id := strings.ToLower(r.PathValue("id"))
	to := linksFrom(r)
	switch found, err := f(id); {
	case err != nil:
		v.renderMessage(w, r, http.StatusBadRequest, notDecided(err, to.trace(id, "")))
	case !found:
		v.renderMessage(w, r, http.StatusNotFound, v.exceptionUnknown(id, to))
	default:
		w.Header().Set("Location", to.trace(id, ""))
		w.WriteHeader(http.StatusSeeOther)
	}
}

// takesForm reads the form of a request, or says why it does not.
func (v *view) takesForm(w http.ResponseWriter, r *http.Request, allowed bool) bool {
	if !allowed {
		v.renderMessage(w, r, http.StatusForbidden, readOnly(linksFrom(r)))
		return false
	}
	const mostForm = 16 << 10 // a reason, each of its bytes encoded as three, and more
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return false
	}
	return true
}

func notDecided(err error, back string) *messagePage {
	return &messagePage{
		Heading: "Nothing was changed",
		Lead:    capital(err.Error()) + ".",
		Actions: []action{{"Back", back}},
	}
}

func readOnly(to links) *messagePage {
	return &messagePage{
		Heading: "Nothing can be changed here",
		Lead:    "This exporter was started so that its pages are read only.",
		Actions: []action{{"See all exceptions", to.exceptions(filter{})}},
	}
}
