//go:build e2e

package fidelity_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// ownerScenarios are the cases in which it changes which targets a service has, and what was
// raised in them while they were not its own is history.
func ownerScenarios() []scenario {
	return []scenario{
		{"first target ever", "The discovery of a service finds nothing at first; then one new target after the other, of clients with and without `target_uuid`, and they go again.", buildFirstTarget},
		{"address used again", "At the addresses of targets that end, processes answer that have run for more than an hour and have a thousand exceptions.", buildUsedAgain},
		{"selector widened", "A reload widens and narrows what relabelling keeps, to targets that have run for more than an hour and have a thousand exceptions.", buildWidened},
		{"moved by relabelling", "Targets move between two services that are both watched, by a label from which relabelling takes who keeps them; they restart.", buildMoved},
		{"service renamed", "A reload gives the service another name, and the first one again; the targets restart.", buildRenamed},
		{"service from a label", "A reload moves the service from a block of its own to a label that relabelling sets, and back; the targets restart.", buildLabelled},
		{"keys grouped", "A reload changes the rules by which keys are grouped: none, two groups, one, and so on; the targets restart.", buildGrouped},
		{"endpoint changed", "A reload changes the endpoint of clients without `target_uuid`; they restart.", buildEndpoint},
	}
}

// longAgo is longer than any discovery lags behind, and no difference of a time zone.
const longAgo = 67 * time.Minute

// old gives a process a history as long as that, and notes that it is none of the service.
func (r *run) old(p *fleet.Process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.elders[p.UUID()] = true
	for key := range 3 {
		p.RaiseTimes(fmt.Sprintf("Error@%d", key), periskop.Occurrence{
			Timestamp: time.Now().Add(-longAgo), Error: periskop.Exception{Class: "Error"},
		}, 1000)
	}
}

// withoutElders is the truth without what old processes told first of what is as old as they,
// or have not told yet.
func (r *run) withoutElders(t fleet.Truth) fleet.Truth {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range t {
		if e := &t[i]; r.elders[e.TargetUUID] && time.Since(e.CreatedAt) > longAgo {
			if e.First == 0 {
				e.Raised = 0
			}
			e.Raised -= e.First
			e.Reported -= e.First
		}
	}
	return t
}

// countedWithoutElders adds a row.
func (r *run) countedWithoutElders(exporter string) {
	r.elders = map[string]bool{}
	row := r.countedBy(exporter)
	all := row.truth
	row.truth = func() fleet.Truth { return r.withoutElders(all()) }
}

func buildFirstTarget(t *testing.T, r *run) {
	file := filepath.Join(t.TempDir(), "targets.json")
	writeTargets(t, file, nil)
	for i := range 6 {
		r.add(t, fleet.ProcessOptions{NoUUID: i%2 == 1}, shared).silent.Store(true)
	}
	r.world.configure(shared, func() string { return r.fileConfig(file) })
	r.countedBy(shared)
	r.key = moreAndMore
	present := map[int]bool{}
	r.disturb(2*time.Second, func(t *testing.T, i int) {
		n := i % len(r.targets)
		target := r.targets[n]
		if present[n] {
			target.silent.Store(true)
			for _, row := range r.rows {
				row.told(t)
			}
			present[n] = false
		} else {
			target.restart()
			target.silent.Store(false)
			target.raise(fmt.Sprintf("First@%d", i), 3)
			present[n] = true
		}
		var some []string
		for j, address := range r.addresses[shared] {
			if present[j] {
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

func buildUsedAgain(t *testing.T, r *run) {
	for range 4 {
		r.add(t, fleet.ProcessOptions{}, shared)
	}
	r.scrapedBy(shared)
	r.countedWithoutElders(shared)
	r.disturb(2*time.Second, func(t *testing.T, i int) {
		target := r.targets[i%len(r.targets)]
		target.silent.Store(true)
		elder := r.fleet.Start(fleet.ProcessOptions{Service: r.service, NoUUID: i%3 == 2})
		r.old(elder)
		target.become(elder)
		target.answered(t)
		target.silent.Store(false)
	})
}

// reload gives the exporter other services, and waits until that is what it runs with.
func (r *run) reload(t *testing.T, exporter, services string) {
	t.Helper()
	program := r.world.exporters[exporter]
	if err := os.WriteFile(program.Config, []byte(configOf(services)), 0o600); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, program.URL+"/-/reload", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("reload: %s, %v", res.Status, err)
	}
}

// reloaded gives the run's own exporter one configuration after the other, and begins with the
// first.
func (r *run) reloaded(pause time.Duration, configs []func() string, also func(t *testing.T, i int)) {
	r.world.args[r.name] = []string{"--web.enable-lifecycle"}
	r.world.configure(r.name, configs[0])
	r.disturb(pause, func(t *testing.T, i int) {
		r.reload(t, r.name, configs[(i+1)%len(configs)]())
		// What a target answers at this moment is told to nobody, and to be told again.
		wait(t, scrapeInterval)
		also(t, i)
	})
	drive := r.drive
	r.drive = func(t *testing.T) {
		drive(t)
		r.reload(t, r.name, configs[len(configs)-1]())
	}
}

func buildWidened(t *testing.T, r *run) {
	for range 4 {
		r.add(t, fleet.ProcessOptions{}, r.name)
	}
	r.countedWithoutElders(r.name)
	keep := func(n int) func() string {
		return func() string {
			regex := strings.Join(r.addresses[r.name][:n], "|")
			return r.config(r.name, "") + fmt.Sprintf("  relabel_configs: [{source_labels: [__address__], regex: %q, action: keep}]\n", regex)
		}
	}
	for _, target := range r.targets[2:] {
		r.old(target.current())
		target.silent.Store(true)
	}
	r.reloaded(3*time.Second, []func() string{keep(2), keep(4)}, func(t *testing.T, i int) {
		if i > 0 {
			return
		}
		for _, target := range r.targets[2:] {
			target.answered(t)
			target.silent.Store(false)
		}
	})
}

func buildMoved(t *testing.T, r *run) {
	file := filepath.Join(t.TempDir(), "targets.json")
	for i := range 4 {
		r.add(t, fleet.ProcessOptions{NoUUID: i == 3}, shared)
	}
	r.further = []string{r.service + "-too"}
	owner := make([]string, len(r.targets))
	write := func(t *testing.T) {
		var groups []any
		for i, address := range r.addresses[shared] {
			groups = append(groups, map[string]any{"targets": []string{address}, "labels": map[string]string{"owner": owner[i]}})
		}
		content, err := json.Marshal(groups)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, file, content)
	}
	for i := range owner {
		owner[i] = r.services()[i%2]
	}
	write(t)
	for _, service := range r.services() {
		r.world.configure(shared, func() string {
			return strings.Replace(r.fileConfig(file), "name: "+r.service, "name: "+service, 1) +
				fmt.Sprintf("  relabel_configs: [{source_labels: [owner], regex: %s, action: keep}]\n", service)
		})
	}
	r.countedBy(shared)
	r.disturb(2*time.Second, func(t *testing.T, i int) {
		owner[i%len(owner)] = r.services()[i/len(owner)%2]
		write(t)
		if i%2 == 1 {
			r.restartOne(t, i/2)
		}
	})
}

// ownReload gives the run targets of clients with and without a UUID.
func (r *run) ownReload(t *testing.T, configs ...func() string) {
	t.Helper()
	for i := range 4 {
		r.add(t, fleet.ProcessOptions{NoUUID: i == 3}, r.name)
	}
	r.countedBy(r.name)
	r.reloaded(3*time.Second, configs, r.restartOne)
}

func buildRenamed(t *testing.T, r *run) {
	r.further = []string{r.service + "-too"}
	r.ownReload(t,
		func() string { return r.config(r.name, "") },
		func() string {
			return strings.Replace(r.config(r.name, ""), "name: "+r.service, "name: "+r.further[0], 1)
		},
	)
}

func buildLabelled(t *testing.T, r *run) {
	r.ownReload(t,
		func() string { return r.config(r.name, "") },
		r.labelled,
	)
}

// labelled is a block whose targets belong to the service by a label.
func (r *run) labelled() string {
	return strings.Replace(r.config(r.name, ""), "name: "+r.service, "name: all-of-the-cluster", 1) +
		fmt.Sprintf("  relabel_configs: [{target_label: service_name, replacement: %s}]\n", r.service)
}

func buildGrouped(t *testing.T, r *run) {
	by := func(rules string) func() string {
		return func() string { return r.config(r.name, "") + "  grouping: " + rules + "\n" }
	}
	r.ownReload(t,
		by(`[]`),
		by(`[{matchers: ['key=~"Error@[0-2]"'], key: the first ones}, {key: '{class} of the others'}]`),
		by(`[{key: all of them}]`),
	)
	for _, row := range r.rows {
		row.together = true
	}
}

func buildEndpoint(t *testing.T, r *run) {
	for range 3 {
		r.add(t, fleet.ProcessOptions{NoUUID: true}, r.name)
	}
	r.countedBy(r.name)
	at := func(endpoint string) func() string {
		return func() string { return r.config(r.name, "endpoint: "+endpoint) }
	}
	r.reloaded(3*time.Second, []func() string{at("/errors"), at("/-/exceptions")}, r.restartOne)
}
