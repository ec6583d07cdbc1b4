package notify

import (
	"fmt"
	"maps"
	"net/http"
	"time"

	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
)

// Settings are what a reload can change. What they point to is not changed any more.
type Settings struct {
	// Alertmanagers are told. Without any, nothing is done.
	Alertmanagers []Alertmanager
	// ExternalLabels are added to alerts that do not have them.
	ExternalLabels map[string]string
	// Relabel rewrites or drops alerts before the rules of an Alertmanager do.
	Relabel []*relabel.Config
	// Quiet is after how much time without growth an alert ends: what merge knows as
	// EpisodeQuiet.
	Quiet time.Duration
	// Resend is how often an alert that goes on is sent again.
	Resend time.Duration
	// DashboardURL is where the overview dashboard is, for links; empty for none.
	DashboardURL string
}

// An Alertmanager is a set of Alertmanagers that are spoken to alike.
type Alertmanager struct {
	// Name is that under which its targets are published.
	Name       string
	HTTPClient commonconfig.HTTPClientConfig
	Timeout    time.Duration
	Relabel    []*relabel.Config
}

// A destination is an Alertmanager of the settings, with its client.
type destination struct {
	Alertmanager
	client *http.Client
}

// destinations makes the clients.
func (s *Settings) destinations() ([]*destination, error) {
	out := make([]*destination, len(s.Alertmanagers))
	for i, a := range s.Alertmanagers {
		client, err := commonconfig.NewClientFromConfig(a.HTTPClient, "alertmanager")
		if err != nil {
			return nil, fmt.Errorf("alertmanagers[%d]: %w", i, err)
		}
		out[i] = &destination{a, client}
	}
	return out, nil
}

// allLabelled returns those of the alerts that are not dropped, with their labels.
func (s *Settings) allLabelled(list []*alert, rules []*relabel.Config) []*alert {
	var out []*alert
	for _, a := range list {
		if labelled := s.labelled(a, rules); labelled != nil {
			out = append(out, labelled)
		}
	}
	return out
}

// labelled returns the alert with the labels that it is sent with, or nil when it is
// dropped.
func (s *Settings) labelled(a *alert, rules []*relabel.Config) *alert {
	all := maps.Clone(s.ExternalLabels)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, a.Labels)
	b := labels.NewBuilder(labels.FromMap(all))
	if !relabel.ProcessBuilder(b, s.Relabel...) || !relabel.ProcessBuilder(b, rules...) {
		return nil
	}
	out := *a
	out.Labels = b.Labels().Map()
	return &out
}
