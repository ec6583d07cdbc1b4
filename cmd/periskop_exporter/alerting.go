package main

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/alerts/notify"
	"github.com/periskop-exporter/periskop_exporter/config"
	"github.com/periskop-exporter/periskop_exporter/discovery"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Alertmanagers are discovered as services are, under names that no service has: one
// does not begin with a space.
const alertmanagerPrefix = " alerting.alertmanagers"

func alertmanagerName(i int) string { return fmt.Sprintf("%s[%d]", alertmanagerPrefix, i) }

func alertmanagerServices(cfg *config.Config) []discovery.Service {
	var services []discovery.Service
	for i, a := range cfg.Alerting.Alertmanagers {
		services = append(services, discovery.Service{
			Name: alertmanagerName(i), FixedName: true, Configs: a.Discovery, Relabel: a.Relabel,
			Scheme: a.Scheme, Path: path.Join("/", a.PathPrefix, "/api/v2/alerts"),
			// They are not scraped; the interval only has to be there.
			Interval: max(a.Timeout, time.Minute), Timeout: a.Timeout,
		})
	}
	return services
}

// split separates the services from the Alertmanagers. The latter sort before all
// others, as discovery sorts by name and a space comes first.
func split(all []periskop.ServiceTargets) (services, alertmanagers []periskop.ServiceTargets) {
	for i := range all {
		if !strings.HasPrefix(all[i].Service, alertmanagerPrefix) {
			return all[i:], all[:i]
		}
	}
	return []periskop.ServiceTargets{}, all
}

func notifySettings(cfg *config.Config) notify.Settings {
	a := &cfg.Alerting
	s := notify.Settings{
		ExternalLabels: cfg.ExternalLabels, Relabel: a.Relabel,
		Quiet: a.QuietAfter, Resend: a.ResendDelay, DashboardURL: a.DashboardURL,
	}
	for i := range a.Alertmanagers {
		am := &a.Alertmanagers[i]
		s.Alertmanagers = append(s.Alertmanagers, notify.Alertmanager{
			Name: alertmanagerName(i), HTTPClient: am.HTTPClient, Timeout: am.Timeout, Relabel: am.AlertRelabel,
		})
	}
	return s
}
