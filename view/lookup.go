package view

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
)

// serveLookup leads from a service and an aggregation key to the permalink. The key
// may be whole, or as it stands on a series.
func (v *view) serveLookup(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	service, key := q.Get(names.ServiceName), q.Get(names.AggregationKey)
	if key == "" {
		v.renderMessage(w, r, http.StatusBadRequest, keyMissing(service, linksFrom(r)))
		return
	}
	snapshot := v.Snapshot()
	found := lookUp(snapshot, service, key)
	id := merge.ExceptionID(service, key)
	if group, ok := v.Group(id); ok && len(found) == 0 {
		redirect(w, linksFrom(r).trace(group, q.Get(names.Occurrence)))
		return
	}
	switch {
	case len(found) == 0 && v.Departed(id) != nil: // its page has what is left of it
		redirect(w, linksFrom(r).trace(id, ""))
	case len(found) == 0:
		v.renderMessage(w, r, http.StatusNotFound, keyUnknown(snapshot, service, key, linksFrom(r)))
	case len(found) == 1:
		redirect(w, linksFrom(r).trace(found[0].ID, q.Get(names.Occurrence)))
	default:
		redirect(w, linksFrom(r).exceptions(filter{Query: key}))
	}
}

// redirect sends the browser to an address relative to the one it asked for. Unlike
// http.Redirect it adds no path to it: the prefix is not known here.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusFound)
}

// lookUp returns the exception of that key, or of that label, in the service; without
// a service, those of all services.
func lookUp(s *merge.Snapshot, service, key string) []*merge.Exception {
	var found []*merge.Exception
	for _, svc := range s.Services {
		if service != "" && svc.Name != service {
			continue
		}
		if e := lookUpIn(svc, key); e != nil {
			found = append(found, e)
		}
	}
	return found
}

func lookUpIn(svc *merge.Service, key string) *merge.Exception {
	var byLabel *merge.Exception
	for _, e := range svc.Exceptions {
		if e.Key == key {
			return e
		}
		if e.Label == key {
			byLabel = e
		}
	}
	return byLabel
}

func keyMissing(service string, to links) *messagePage {
	return &messagePage{
		Heading: "Which exception?",
		Lead: fmt.Sprintf("This address needs %s and %s, as they stand on the series of %s.",
			names.ServiceName, names.AggregationKey, names.ExceptionsTotal),
		What:    newFacts("Service", service),
		Reasons: []string{"A character of the key that is not encoded ends it: & must be %26, # must be %23, + must be %2B."},
		Actions: []action{
			{"Choose it from the list", to.exceptions(filter{Service: service})},
		},
	}
}

func keyUnknown(s *merge.Snapshot, service, key string, to links) *messagePage {
	m := &messagePage{
		Heading: "No exception has this key",
		Lead:    "No service has an exception with this aggregation key now.",
		What:    newFacts("Service", service, "Aggregation key", key),
		Reasons: []string{
			"The key is cut short: a character that is not encoded ends it. & must be %26, # must be %23, + must be %2B.",
			"It has not been reported for so long that it was forgotten.",
		},
		PromQL: seriesQuery(url.Values{names.ServiceName: {service}, names.AggregationKey: {key}}),
		Actions: []action{
			{"Search for it", to.exceptions(filter{Service: service, Query: key})},
			{"See all exceptions", to.exceptions(filter{})},
		},
	}
	if service == "" {
		return m
	}
	if s.Service(service) != nil {
		m.Lead = "The service has no exception with this aggregation key now."
		return m
	}
	m.Heading = "There is no such service"
	m.Lead = "No service of this name is configured here."
	m.Reasons = []string{"It was renamed, or taken out of the configuration.", "Another exporter scrapes it."}
	m.Actions = []action{
		{"Search all services for it", to.exceptions(filter{Query: key})},
		{"See all services", to.overview()},
	}
	return m
}
