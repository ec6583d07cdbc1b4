package api

import (
	"net/http"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

type v1Target struct {
	Service    string            `json:"service_name"`
	Instance   string            `json:"instance"`
	URL        string            `json:"scrape_url"`
	Labels     map[string]string `json:"labels"`
	Discovered map[string]string `json:"discovered_labels"`
	Health     string            `json:"health"` // up, down or unknown
	Result     string            `json:"last_result"`
	LastError  string            `json:"last_error"`
	LastScrape *time.Time        `json:"last_scrape"`
	Duration   float64           `json:"last_scrape_duration_seconds"`
	Size       int               `json:"last_scrape_size_bytes"`
	DownSince  *time.Time        `json:"down_since"`
	Interval   string            `json:"scrape_interval"`
	Timeout    string            `json:"scrape_timeout"`
}

func (a v1) targets(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("service_name")
	successList(w, func(yield func(v1Target) bool) {
		for _, h := range a.Health() {
			if (name == "" || h.Target.Service == name) && !yield(newV1Target(h)) {
				return
			}
		}
	})
}

func newV1Target(h periskop.TargetHealth) v1Target {
	t := h.Target
	out := v1Target{
		Service: t.Service, Instance: t.Instance, URL: t.Shown(), Labels: labelMap(t.Labels), Discovered: labelMap(t.Discovered),
		Health: "unknown", DownSince: timeOrNull(h.DownSince), Interval: t.Interval.String(), Timeout: t.Timeout.String(),
	}
	if h.Last == nil {
		return out
	}
	out.Health = "up"
	if h.Last.Err != nil {
		out.Health, out.LastError = "down", h.Last.Err.Error()
	}
	out.Result, out.LastScrape = string(h.Last.Result), timeOrNull(h.Last.Start)
	out.Duration, out.Size = h.Last.Duration.Seconds(), h.Last.Size
	return out
}

func labelMap(labels periskop.Labels) map[string]string {
	out := make(map[string]string, len(labels))
	for _, l := range labels {
		out[l.Name] = l.Value
	}
	return out
}
