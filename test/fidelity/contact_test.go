//go:build e2e

package fidelity_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// buildFirstContact has no quiet time in which everything becomes history. What is, is
// said by the time at which the watch began: of what was created before, what was told
// at first.
func buildFirstContact(t *testing.T, r *run) {
	r.plain(t, 5, fleet.ProcessOptions{}, shared)
	for _, target := range r.targets {
		if err := target.server.SetFault(fleet.InternalError); err != nil {
			t.Fatal(err)
		}
	}
	row := r.rows[0]
	all := row.truth
	row.truth = func() fleet.Truth { return since(r.watchedSince(t), all()) }
	row.older = func() uint64 { return reported(all()) - reported(row.truth()) }
	r.key = moreAndMore
	r.drive = func(t *testing.T) {
		r.throw(func() {
			for i, target := range r.targets {
				wait(t, time.Second)
				process.Eventually(t, "the target is up", func() error { return target.server.SetFault(fleet.NoFault) })
				if i%2 == 1 {
					target.restart()
				}
			}
			wait(t, r.world.duration/2)
		})
	}
}

// since is what is true of the time after the watch began. Before that, nothing is.
func since(watch time.Time, all fleet.Truth) fleet.Truth {
	if watch.IsZero() {
		return nil
	}
	for i := range all {
		if e := &all[i]; e.CreatedAt.Before(watch) {
			e.Raised -= e.First
			e.Reported -= e.First
		}
	}
	return all
}

func reported(t fleet.Truth) uint64 {
	var n uint64
	for _, e := range t {
		n += e.Reported
	}
	return n
}

// watchedSince asks the shared exporter since when it watches the service: zero when it
// does not.
func (r *run) watchedSince(t *testing.T) time.Time {
	t.Helper()
	body, err := process.Get(t.Context(), r.world.exporters[shared].URL+"/api/v1/services")
	if err != nil {
		t.Error(err)
		return time.Time{}
	}
	var answer struct {
		Data []struct {
			Name  string    `json:"service_name"`
			Since time.Time `json:"watched_since"`
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Error(err)
	}
	for _, service := range answer.Data {
		if service.Name == r.service {
			return service.Since
		}
	}
	return time.Time{}
}
