package discovery

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promdiscovery "github.com/prometheus/prometheus/discovery"
)

const (
	kubernetesName     = "kubernetes"
	kubernetesRequests = promdiscovery.KubernetesMetricsNamespace + "_http_request_total"
	// noAnswer is how the Kubernetes client counts a request that got no status.
	noAnswer = "<error>"
	// kubernetesQuiet is longer than the Kubernetes client waits between two
	// attempts: 30 s, and up to as much again at random.
	kubernetesQuiet = 90 * time.Second
)

// apiServerHealth is the health of the Kubernetes API, by how its requests end. Kubernetes
// discovery does not say that the API does not answer: the client neither logs nor counts
// a refused connection as a failure, and goes on trying. Only its count of requests by
// status, which is one for the whole process, shows it.
//
// It is used by the goroutine of [Discovery.Run].
type apiServerHealth struct {
	requests prometheus.Gatherer
	counts   map[string]float64
	failures map[string]apiFailure // by status
	success  time.Time             // of the first request that had any
	fineFrom time.Time             // since when no request has failed; zero while one has
}

type apiFailure struct {
	count int // in a row
	last  time.Time
}

// newAPIServerHealth registers the metrics of the Kubernetes client with reg.
func newAPIServerHealth(reg prometheus.Registerer) (*apiServerHealth, error) {
	if err := promdiscovery.RegisterK8sClientMetricsWithPrometheus(reg); err != nil {
		return nil, err
	}
	// The metrics are the process's; in a registry of their own they can be read.
	own := prometheus.NewRegistry()
	if err := promdiscovery.RegisterK8sClientMetricsWithPrometheus(own); err != nil {
		return nil, err
	}
	a := &apiServerHealth{requests: own, failures: map[string]apiFailure{}}
	a.counts = a.read()
	return a, nil
}

// check reads what has happened since it was last called.
func (a *apiServerHealth) check(now time.Time) {
	counts := a.read()
	succeeded := false
	for status, count := range counts {
		n := int(count - a.counts[status])
		if n > 0 && isFailure(status) {
			a.failures[status] = apiFailure{a.failures[status].count + n, now}
		}
		succeeded = succeeded || n > 0 && status[0] == '2'
	}
	a.counts = counts
	if succeeded && a.success.IsZero() {
		a.success = now
	}
	for status, f := range a.failures {
		// What answers is there. A status may be about one of several resources.
		back := status == noAnswer && succeeded && f.last.Before(now)
		if back || now.Sub(f.last) > kubernetesQuiet {
			delete(a.failures, status)
		}
	}
	switch {
	case len(a.failures) > 0:
		a.fineFrom = time.Time{}
	case a.fineFrom.IsZero():
		a.fineFrom = now
	}
}

// inSync reports whether watches can be relied on: the API has answered, and has not
// failed for so long that what a failure held up has been sent since.
func (a *apiServerHealth) inSync(now time.Time) bool {
	return a.answered(now) && !a.fineFrom.IsZero() && (!a.fineFrom.After(a.success) || now.Sub(a.fineFrom) >= maxFirstAnswer)
}

// answered reports whether the API has answered, and long enough ago for discovery to
// have said what there is: it says nothing when there is nothing.
func (a *apiServerHealth) answered(now time.Time) bool {
	return !a.success.IsZero() && now.Sub(a.success) >= checkInterval
}

func (a *apiServerHealth) read() map[string]float64 {
	counts := map[string]float64{}
	families, err := a.requests.Gather()
	if err != nil {
		return counts
	}
	for _, family := range families {
		if family.GetName() != kubernetesRequests {
			continue
		}
		for _, m := range family.GetMetric() {
			counts[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
		}
	}
	return counts
}

// isFailure leaves out statuses that the client knows how to deal with, such as 410
// for a watch that is too old.
func isFailure(status string) bool {
	switch status {
	case noAnswer, "401", "403":
		return true
	}
	return status[0] == '5'
}

// problems returns what is wrong for all services with Kubernetes discovery. A single
// failure is none: a reload breaks off requests.
func (a *apiServerHealth) problems() []problem {
	var result []problem
	for status, f := range a.failures {
		if f.count < 2 {
			continue
		}
		text := "A Kubernetes API server does not answer."
		if code, err := strconv.Atoi(status); err == nil {
			text = fmt.Sprintf("A Kubernetes API server answers with status %d (%s).", code, http.StatusText(code))
		}
		result = append(result, problem{"kubernetes " + status, text})
	}
	return sorted(result)
}
