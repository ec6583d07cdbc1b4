package main

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/periskop-exporter/periskop_exporter/internal/limit"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// The kinds of requests, each of which is bounded by itself: metrics never wait behind
// pages, and a person never behind programs. Health checks have no bound.
const (
	kindMetrics    = "metrics"
	kindPages      = "pages"
	kindAPI        = "api"
	kindFederation = "federation"
	kindPush       = "push"
	kindReload     = "reload"
	// kindConnection is that of connections that are closed because there are too many.
	kindConnection = "connection"
)

const (
	// waiting is how many requests of a kind may wait, and maxWait for how long: as long as
	// the scrape timeout of Prometheus, after which nobody may be there any more.
	waiting = 100
	maxWait = 10 * time.Second
	// pushedBytes is how much of reports that are pushed is held at a time: the largest that
	// may be sent by default, so that these are taken in one after another.
	pushedBytes = 64 << 20
)

// answerPace is how fast an answer has to be read. A large exposition over a slow line
// takes minutes.
var answerPace = limit.Pace{Stall: 10 * time.Second, Most: 5 * time.Minute}

// atOnce is how many requests of a kind are answered at a time. What each of them holds is
// some hundred kilobytes, and a few megabytes where occurrences are as large as they may be:
// see docs/limits.md.
var atOnce = map[string]int{
	kindMetrics:    8,
	kindPages:      8,
	kindAPI:        4,
	kindFederation: 4,
	kindPush:       64, // of which most wait for their bodies
	kindReload:     1,
}

// kindOf returns the kind of a route of package api.
func kindOf(route string) string {
	switch {
	case strings.Contains(route, "/push") || strings.Contains(route, "/errors"):
		return kindPush
	case strings.Contains(route, "/federate"):
		return kindFederation
	}
	return kindAPI
}

// limits are the bounds by kind.
type limits map[string]*limit.Requests

// newRefusals returns the counter of what is refused, by kind.
func newRefusals(reg prometheus.Registerer) *prometheus.CounterVec {
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: names.ExporterRequestsRefused, Help: names.Find(names.ExporterRequestsRefused).Help,
	}, []string{names.Kind})
	reg.MustRegister(refused)
	refused.WithLabelValues(kindConnection)
	return refused
}

func newLimits(refused *prometheus.CounterVec) limits {
	l := limits{}
	for kind, n := range atOnce {
		l[kind] = limit.NewRequests(limit.RequestOptions{
			AtOnce: n, Waiting: waiting, MaxWait: maxWait, Refused: refused.WithLabelValues(kind).Inc,
		})
	}
	return l
}
