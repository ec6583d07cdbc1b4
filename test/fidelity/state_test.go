//go:build e2e

package fidelity_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
)

// stateScenarios are the cases in which something happens to what an exporter keeps.
func stateScenarios() []scenario {
	return []scenario{
		{"state lost", "The exporter is killed, and its storage deleted. What is thrown until it has scraped every target again is history for it.", buildLost},
		{"state put back", "It is killed, and an older copy of `state.db` put back. The same is history.", buildPutBack},
		{"state damaged", "It is killed, and bytes of `state.db` are flipped, zeroed, overwritten or cut off. Nothing is thrown until it has scraped every target again.", buildDamaged},
		{"state moved", "It is stopped, its storage copied elsewhere, and it goes on with the copy.", buildStateMoved},
		{"exporter moves without disk", "It is killed, and another one begins at another address with an empty disk. As above, what is thrown until that has scraped every target is history: that is what such a move costs. `increase()` extrapolates to the end of the series of each place.", buildNoDisk},
	}
}

const stateFile = "state.db"

// loses has the exporter end and begin again a few times without some of what it knew. What
// is told in between is history for it.
func (r *run) loses(again func(t *testing.T)) {
	row := r.rows[0]
	r.drive = func(t *testing.T) {
		for range 2 {
			r.throw(func() { wait(t, r.world.duration/4) })
			r.settle(t)
			due, thrown := row.due(), row.thrown()
			again(t)
			row.told(t)
			row.scraped(t)
			row.forget(due, thrown)
		}
		r.throw(func() { wait(t, r.world.duration/4) })
	}
}

func buildLost(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	r.loses(func(t *testing.T) {
		exporter := r.world.exporters[r.name]
		exporter.Kill(t)
		if err := os.RemoveAll(exporter.Data); err != nil {
			t.Fatal(err)
		}
		r.history()
		r.restart(t)
	})
}

func buildPutBack(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	r.key = moreAndMore
	state := func() string { return filepath.Join(r.world.exporters[r.name].Data, stateFile) }
	var backup string
	r.loses(func(t *testing.T) {
		now := filepath.Join(t.TempDir(), "now")
		copyFile(t, state(), now)
		r.world.exporters[r.name].Kill(t)
		copyFile(t, backup, state())
		backup = now
		r.history()
		r.restart(t)
	})
	drive := r.drive
	r.drive = func(t *testing.T) {
		backup = filepath.Join(t.TempDir(), "first")
		copyFile(t, state(), backup)
		drive(t)
	}
}

// damage does something to a file.
func damage(t *testing.T, file string, random *rand.Rand, i int) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := random.IntN(len(b))
	end := min(len(b), at+1+random.IntN(1<<12))
	switch i % 4 {
	case 0:
		b[at] ^= 1 << random.IntN(8)
	case 1:
		clear(b[at:end])
	case 2:
		for j := at; j < end; j++ {
			b[j] = byte(random.Uint32())
		}
	case 3:
		b = b[:at]
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func buildDamaged(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	r.key = moreAndMore
	random := rand.New(rand.NewPCG(7, 7))
	r.drive = func(t *testing.T) {
		for i := range max(4, int(r.world.duration/(30*time.Second))) {
			r.throw(func() { wait(t, 2*time.Second) })
			r.settle(t)
			exporter := r.world.exporters[r.name]
			exporter.Kill(t)
			damage(t, filepath.Join(exporter.Data, stateFile), random, i)
			r.restart(t)
			for _, target := range r.targets {
				target.answered(t)
			}
			r.rows[0].scraped(t)
		}
	}
}

func buildStateMoved(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	r.key = moreAndMore
	r.disturb(2*time.Second, func(t *testing.T, i int) {
		exporter := r.world.exporters[r.name]
		exporter.Stop(t)
		r.restartOne(t, i)
		moveCopies(t, exporter.Data)
		r.restart(t)
	})
}

// moveCopies replaces all files of a directory by copies, as a move to another machine does.
func moveCopies(t *testing.T, dir string) {
	t.Helper()
	before := dir + ".before"
	if err := os.Rename(dir, before); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(before)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		copyFile(t, filepath.Join(before, e.Name()), filepath.Join(dir, e.Name()))
	}
	if err := os.RemoveAll(before); err != nil {
		t.Fatal(err)
	}
}

// copyFile copies a file with its time, as archives do.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Error(err)
	}
	if err := out.Close(); err != nil {
		t.Error(err)
	}
	if err := os.Chtimes(to, info.ModTime(), info.ModTime()); err != nil {
		t.Error(err)
	}
}

// buildNoDisk has an exporter for each place, of which one runs at a time.
func buildNoDisk(t *testing.T, r *run) {
	r.plain(t, 3, fleet.ProcessOptions{}, r.name)
	places := []string{r.name}
	for i := range 2 {
		name := fmt.Sprintf("%s, place %d", r.name, i+2)
		places = append(places, name)
		r.addresses[name] = r.addresses[r.name]
		r.scrapedBy(name)
	}
	r.rows[0].moves = places[1:]
	r.begin = func(t *testing.T) {
		for _, name := range places[1:] {
			r.world.exporters[name].Kill(t)
		}
	}
	at := 0
	r.loses(func(t *testing.T) {
		r.world.exporters[places[at]].Kill(t)
		at = (at + 1) % len(places)
		next := r.world.exporters[places[at]]
		if err := os.RemoveAll(next.Data); err != nil {
			t.Fatal(err)
		}
		r.history()
		r.world.rule.restart(r.service)
		next.Start(t)
	})
}
