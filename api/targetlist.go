package api

import "net/http"

// A targetGroup is an entry of Prometheus' HTTP service discovery
// (https://prometheus.io/docs/prometheus/latest/http_sd/).
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// federateTargets lists this exporter as a target of each of its services, for the HTTP
// discovery of one that scrapes others: one block there finds all services of all of
// them. The address is the one that was asked, which can be reached from there.
func (a Options) federateTargets(w http.ResponseWriter, r *http.Request) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	groups := []targetGroup{}
	for _, svc := range a.Snapshot().Services {
		groups = append(groups, targetGroup{Targets: []string{r.Host}, Labels: map[string]string{
			"__scheme__": scheme, "__metrics_path__": a.Prefix + "/federate",
			"__param_service_name": svc.Name, "service_name": svc.Name,
		}})
	}
	writeJSON(w, http.StatusOK, groups)
}
