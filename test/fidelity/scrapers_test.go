//go:build e2e

package fidelity_test

import (
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
)

// federateInterval is that of the Prometheus which federates from the first one: longer
// than the interval at which that one scrapes.
const federateInterval = 3 * time.Second

// federateDelay lets one of its scrapes fail.
const federateDelay = 2*federateInterval + time.Second

// scraperScenarios are the cases in which something is special about those who scrape the
// exporter.
func scraperScenarios() []scenario {
	return []scenario{
		{"Prometheus restarted", "Prometheus is stopped at any moment, is away for a second, and needs some more until it scrapes again.", buildPrometheusRestarted},
		{"Prometheus moves", "Every few seconds Prometheus comes from another address, after a second in which it cannot reach the exporter.", buildMoves},
		{"Prometheus away", "Prometheus cannot reach the exporter for {away}.", buildAway},
		{"two behind a proxy", "Two Prometheus servers of one version scrape through a proxy, which says nothing of them and keeps no connection.", buildProxied},
		{federated, "A second Prometheus federates from the first, every 3 seconds; the exporter has `--web.new-series-delay=7s`.", buildFederated},
		{"two vmagents", "Two vmagents scrape the exporter and write into one VictoriaMetrics, which keeps one sample a second.", buildAgents},
	}
}

func buildPrometheusRestarted(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	r.world.scrapedBy(r.name, restarted)
	r.rows[0].server = restarted
	r.key = moreAndMore
	r.disturb(2*time.Second, func(t *testing.T, _ int) {
		prometheus := r.world.servers[restarted]
		prometheus.Stop(t)
		wait(t, time.Second)
		prometheus.Start(t)
		r.rows[0].scraped(t)
	})
}

func buildMoves(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	r.key = moreAndMore
	r.world.behind(t, r.name)
	r.disturb(4*time.Second, func(t *testing.T, i int) {
		gateway := r.world.gateways[r.name]
		gateway.cut()
		wait(t, time.Second)
		gateway.open(loopback(1 + i))
	})
}

func buildAway(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	r.key = moreAndMore
	r.world.behind(t, r.name)
	r.drive = func(t *testing.T) {
		gateway := r.world.gateways[r.name]
		r.throw(func() {
			wait(t, r.world.duration/4)
			gateway.cut()
			wait(t, r.world.away)
			gateway.open(loopback(1))
			wait(t, r.world.duration/4)
		})
	}
}

func buildProxied(t *testing.T, r *run) {
	for range 3 {
		r.add(t, fleet.ProcessOptions{}, r.name)
	}
	r.scrapedBy(r.name)
	r.world.hidden(t, r.name)
	r.world.scrapedBy(r.name, first, second)
	r.countedBy(r.name).name += ", one"
	other := r.countedBy(r.name)
	other.name += ", the other"
	other.server = second
	r.key = moreAndMore
	r.disturb(2*time.Second, r.restartOne)
}

func buildFederated(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	r.world.args[r.name] = []string{"--web.new-series-delay=" + federateDelay.String()}
	r.rows[0].name += ", the first"
	other := r.countedBy(r.name)
	other.name += ", the second"
	other.server = second
	r.key = moreAndMore
	r.disturb(2*time.Second, r.restartOne)
}

func buildAgents(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	r.world.scrapedBy(r.name, victoriaMetrics)
	r.rows[0].server = victoriaMetrics
	r.key = moreAndMore
	r.disturb(2*time.Second, r.restartOne)
}
