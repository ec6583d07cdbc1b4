package view

import "net/http"

// A messagePage says why there is nothing to show, and what to do.
type messagePage struct {
	Heading string
	Lead    string
	// What is what was asked for.
	What []fact
	// Reasons why it may not be there.
	Reasons []string
	// PromQL asks Prometheus for what is known of it there, and Queries do so at once.
	PromQL  string
	Queries []query
	Actions []action
	// Form is a button that changes something; nil for none.
	Form *action
}

// A fact is a name and what a stranger, or the reader, wrote for it.
type fact struct {
	Name  string
	Value block
}

// An action is something to do next.
type action struct {
	Text string
	URL  string
}

func (v *view) serveNotFound(w http.ResponseWriter, r *http.Request) {
	to := linksFrom(r)
	v.renderMessage(w, r, http.StatusNotFound, &messagePage{
		Heading: "There is no such page",
		Lead:    "The address may be cut short, or of another version of this program.",
		Actions: []action{
			{"See all services", to.overview()},
			{"See all exceptions", to.exceptions(filter{})},
		},
	})
}

func (v *view) renderMessage(w http.ResponseWriter, r *http.Request, status int, m *messagePage) {
	v.render(w, r, status, pageMessage, v.Now(), &page{Title: title(m.Heading), Content: m})
}

// newFacts returns the facts that have a value, given as names and values in turn.
func newFacts(namesAndValues ...string) []fact {
	var facts []fact
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		if value := namesAndValues[i+1]; value != "" {
			limit := budget{left: lineBudget}
			facts = append(facts, fact{namesAndValues[i], limit.line(value)})
		}
	}
	return facts
}

// isExceptionID reports whether s has the form of a merge.ExceptionID.
func isExceptionID(s string) bool {
	const length = 16
	if len(s) != length {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
