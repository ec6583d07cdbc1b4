package notify

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
)

// An alert is what Alertmanager is told, in the words of its API (v2, postableAlert). It
// is not changed once it is made.
type alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`

	// key tells alerts apart before they are relabelled.
	key string
	// late is set when it has ended already, and EndsAt only gives Alertmanager the time
	// to tell of it.
	late bool
}

// Labels and annotations that have no other use in this module.
const (
	alertname = "alertname"
	severity  = "severity"
	warning   = "warning"
)

// An alertBuilder makes alerts of a snapshot.
type alertBuilder struct {
	// externalURL and dashboardURL are without a slash at the end.
	externalURL, dashboardURL string
	quiet                     time.Duration
	ownCode                   func(service string) []string
	team                      func(service string) string
}

// active returns the alerts that there are at that time.
func (b *alertBuilder) active(s *merge.Snapshot, now time.Time) []*alert {
	var out []*alert
	for _, service := range s.Services {
		var crowd []*merge.Exception
		for _, e := range service.Exceptions {
			switch {
			case !e.Active(now, b.quiet):
			case e.Episode.Crowded:
				crowd = append(crowd, e)
			default:
				out = append(out, b.exception(e))
			}
		}
		if len(crowd) > 0 {
			out = append(out, b.crowd(service.Name, crowd))
		}
	}
	return out
}

// closed returns the alerts that there would be at that time if nobody had resolved or muted their
// exceptions.
func (b *alertBuilder) closed(s *merge.Snapshot, now time.Time) []*alert {
	var out []*alert
	for _, service := range s.Services {
		for _, e := range service.Exceptions {
			if open := *e; !e.Open() && !e.Episode.Crowded {
				if open.Resolved, open.Muted = nil, nil; open.Active(now, b.quiet) {
					out = append(out, b.exception(&open))
				}
			}
		}
	}
	return out
}

func (b *alertBuilder) exception(e *merge.Exception) *alert {
	e = e.Read()
	name, summary := names.NewException, "New exception in "
	description := fmt.Sprintf("%s was first seen at %s and was counted %s%s.", e.Label, timestamp(e.FirstSeen), counts(e), onInstance(e))
	switch {
	case e.Episode.Unmuted:
		name, summary = names.ExceptionRegressed, "Muted exception is back in "
		description = fmt.Sprintf("%s was muted, and that ended at %s as it had been decided. It was first seen at %s and was counted %s%s.",
			e.Label, timestamp(e.Episode.Began), timestamp(e.FirstSeen), counts(e), onInstance(e))
	case e.Regressions > 0:
		name, summary = names.ExceptionRegressed, "Resolved exception is back in "
		description = fmt.Sprintf("%s was resolved and came back at %s. It was first seen at %s and was counted %s%s.",
			e.Label, timestamp(e.Episode.Began), timestamp(e.FirstSeen), counts(e), onInstance(e))
	}
	trace := b.externalURL + "/trace/" + e.ID
	a := &alert{
		key: name + "/" + e.ID,
		Labels: map[string]string{
			alertname: name, severity: warning, names.ServiceName: e.Service,
			names.AggregationKey: e.Label, names.ExceptionID: e.ID,
		},
		Annotations: map[string]string{
			"summary":       summary + e.Service + ": " + headline(e),
			"description":   description,
			"exception_url": trace,
			"runbook_url":   runbook(name),
		},
		StartsAt: e.Episode.Began, EndsAt: e.Grown.Add(b.quiet), GeneratorURL: trace,
	}
	b.route(a, e.Service)
	b.linkDashboard(a, "var-service", e.Service, "var-key", e.Label)
	if e.Kept.Len() > 0 {
		o := &e.Occurrences()[0]
		about(a.Annotations, &o.Error, b.ownCode(e.Service))
		whence(a.Annotations, o)
	}
	return a
}

// crowd returns the alert that stands for many.
func (b *alertBuilder) crowd(service string, list []*merge.Exception) *alert {
	begin := func(a, b *merge.Exception) int { return a.Episode.Began.Compare(b.Episode.Began) }
	grown := func(a, b *merge.Exception) int { return a.Grown.Compare(b.Grown) }
	newest := slices.SortedStableFunc(slices.Values(list), func(a, b *merge.Exception) int { return begin(b, a) })
	link := b.externalURL + "/exceptions?" + url.Values{names.ServiceName: {service}}.Encode()
	a := &alert{
		key:    names.ManyExceptions + "/" + service,
		Labels: map[string]string{alertname: names.ManyExceptions, severity: warning, names.ServiceName: service},
		Annotations: map[string]string{
			"summary": fmt.Sprintf("%s in %s", plural(len(list), "more new or returned exception"), service),
			"description": fmt.Sprintf("Too many exceptions of %s are new or came back for an alert each. Without one: %d, among them %s.",
				service, len(list), sample(newest)),
			"exception_url": link,
			"runbook_url":   runbook(names.ManyExceptions),
		},
		StartsAt: slices.MinFunc(list, begin).Episode.Began,
		EndsAt:   slices.MaxFunc(list, grown).Grown.Add(b.quiet), GeneratorURL: link,
	}
	b.route(a, service)
	b.linkDashboard(a, "var-service", service)
	return a
}

// route adds the label by which Alertmanager can route the alert.
func (b *alertBuilder) route(a *alert, service string) {
	if team := b.team(service); team != "" {
		a.Labels["team"] = team
	}
}

// sampled is how many exceptions of a crowd are named: as many as one reads.
const sampled = 5

func sample(list []*merge.Exception) string {
	var keys []string
	for _, e := range list[:min(len(list), sampled)] {
		keys = append(keys, e.Label)
	}
	return strings.Join(keys, ", ")
}

// linkDashboard adds a link with variables, given as names and values in turn.
func (b *alertBuilder) linkDashboard(a *alert, variables ...string) {
	if b.dashboardURL == "" {
		return
	}
	separator := "?"
	if strings.Contains(b.dashboardURL, "?") {
		separator = "&"
	}
	link := b.dashboardURL
	for i := 0; i+1 < len(variables); i += 2 {
		link += separator + variables[i] + "=" + url.QueryEscape(variables[i+1])
		separator = "&"
	}
	a.Annotations["dashboard_url"] = link
}

func runbook(name string) string { return strings.ReplaceAll(names.RunbookURL, "{alert}", name) }
