//go:build e2e

package fidelity_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// targetScenarios are the cases in which something happens to targets, or nothing.
func targetScenarios() []scenario {
	return []scenario{
		{"steady", "Nothing happens.", func(t *testing.T, r *run) { r.plain(t, 3, fleet.ProcessOptions{}, shared) }},
		{"new keys", "Two keys a second that were never seen before.", buildNewKeys},
		{"targets restart", "Of four targets, one restarts every two seconds.", buildRestarts},
		{"targets unreachable", "Targets refuse connections, hang, answer with errors, and with half of a report, for 1.5 seconds each; one of them restarts meanwhile.", buildUnreachable},
		{"first contact", "Exceptions are thrown from the beginning, and the targets are reached one after another: some is older than the watch, some is news.", buildFirstContact},
		{"discovery flaps", "The file of `file_sd_configs` is rewritten all the time, with another part of the targets each time.", buildFlapping},
		{"load balancer", "Eight processes answer in turn behind one address; they restart one by one.", buildBalanced},
		{"pre-fork server", "What a real one served is replayed: four workers with counts of their own under one uuid, restarted twice.", buildPrefork},
		{"two addresses", "Each process is discovered at two addresses; they restart.", buildTwoAddresses},
		{"long history", "The targets have reported millions before the exporter starts for the first time; nothing may be counted of it, and nobody alerted.", buildHistory},
	}
}

func buildNewKeys(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, shared)
	r.key = func(random *rand.Rand, i int) string {
		const each = 10
		if i%each == 0 {
			return fmt.Sprintf("New@%d", i)
		}
		return fmt.Sprintf("New@%d", each*random.IntN(i/each+1))
	}
}

func buildRestarts(t *testing.T, r *run) {
	r.plain(t, 4, fleet.ProcessOptions{}, shared)
	r.disturb(2*time.Second, r.restartOne)
}

func buildUnreachable(t *testing.T, r *run) {
	r.plain(t, 4, fleet.ProcessOptions{}, shared)
	faults := []fleet.Fault{fleet.Down, fleet.Hang, fleet.InternalError, fleet.HalfReport, fleet.CutOff, fleet.Empty}
	r.disturb(3*scrapeInterval/2, func(t *testing.T, i int) {
		sick, well := r.targets[i%len(r.targets)], r.targets[(i+1)%len(r.targets)]
		process.Eventually(t, "the target is back", func() error { return well.server.SetFault(fleet.NoFault) })
		if err := sick.server.SetFault(faults[i%len(faults)]); err != nil {
			t.Error(err)
		}
		if i%3 == 0 {
			sick.restart()
		}
	})
	drive := r.drive
	r.drive = func(t *testing.T) {
		drive(t)
		for _, target := range r.targets {
			process.Eventually(t, "the target is back", func() error { return target.server.SetFault(fleet.NoFault) })
		}
	}
}

func buildFlapping(t *testing.T, r *run) {
	file := filepath.Join(t.TempDir(), "targets.json")
	for range 4 {
		r.add(t, fleet.ProcessOptions{}, shared)
	}
	writeTargets(t, file, r.addresses[shared])
	r.world.configure(shared, func() string { return r.fileConfig(file) })
	r.countedBy(shared)
	random := rand.New(rand.NewPCG(2, 2))
	r.disturb(scrapeInterval/2, func(t *testing.T, _ int) {
		var some []string
		for _, address := range r.addresses[shared] {
			if random.IntN(2) == 0 {
				some = append(some, address)
			}
		}
		writeTargets(t, file, some)
	})
	drive := r.drive
	r.drive = func(t *testing.T) {
		drive(t)
		writeTargets(t, file, r.addresses[shared])
	}
}

// writeTargets writes a file for discovery, whole or not at all.
func writeTargets(t *testing.T, file string, addresses []string) {
	t.Helper()
	content, err := json.Marshal([]map[string][]string{{"targets": append([]string{}, addresses...)}})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, file, content)
}

// writeFile replaces a file at once.
func writeFile(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

func buildBalanced(t *testing.T, r *run) {
	var handlers []http.Handler
	for range 8 {
		handlers = append(handlers, r.addUnserved(fleet.ProcessOptions{}))
	}
	// Each of those who scrape has a balancer of its own, or they would meet only half
	// of the processes each.
	r.serve(t, fleet.Balance(handlers...), shared)
	r.serve(t, fleet.Balance(handlers...), byRule)
	r.scrapedBy(shared)
	r.countedBy(shared)
	r.disturb(2*time.Second, r.restartOne)
}

func buildPrefork(t *testing.T, r *run) {
	captures, err := fleet.ReadSequence("../../periskop/testdata/payloads/seq-python-prefork/seq-python-prefork.json")
	if err != nil {
		t.Fatal(err)
	}
	replays := map[string]*fleet.Replay{}
	for _, scraper := range []string{shared, byRule} {
		replays[scraper] = &fleet.Replay{Captures: captures}
		r.serve(t, replays[scraper], scraper)
	}
	r.scrapedBy(shared)
	replay := replays[shared]
	row := r.countedBy(shared)
	row.truth = func() fleet.Truth { return replay.Truth(r.service) }
	row.raised = func() uint64 { return sum(replay.Current().Raised) }
	r.drive = func(t *testing.T) {
		for {
			served := min(replay.Served(), replays[byRule].Served())
			if served == len(captures) {
				return
			}
			// The next one when both have had this one.
			if replay.Current().Name == captures[max(served-1, 0)].Name {
				for _, replay := range replays {
					replay.Advance()
				}
			}
			wait(t, throwInterval)
		}
	}
}

func buildTwoAddresses(t *testing.T, r *run) {
	for range 3 {
		r.add(t, fleet.ProcessOptions{}, shared, shared, byRule)
	}
	r.scrapedBy(shared)
	r.countedBy(shared)
	r.disturb(2*time.Second, r.restartOne)
}

func buildHistory(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, shared)
	for i, target := range r.targets {
		for key := range 50 {
			target.raise(fmt.Sprintf("Error@%d", key), uint64(1+1000*i*key*key))
		}
	}
	r.key = func(random *rand.Rand, _ int) string { return fmt.Sprintf("Error@%d", random.IntN(50)) }
	// Alerts are evaluated every second, and the case begins after some of them.
	quiet := func(t *testing.T, when, matchers string) {
		alerts, err := query(t.Context(), r.world.servers[first], fmt.Sprintf("count_over_time(ALERTS{service_name=%q%s}[1h])", r.service, matchers), time.Time{})
		if err != nil || len(alerts) > 0 {
			t.Errorf("somebody is alerted %s: %v, %v", when, alerts, err)
		}
	}
	r.drive = func(t *testing.T) {
		quiet(t, "of history", "")
		r.throw(func() { wait(t, r.world.duration) })
		quiet(t, "of what is not new", `,alertname=~"PeriskopNewException|PeriskopExceptionSpike"`)
	}
}
