//go:build e2e

package fidelity_test

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"
)

var (
	long   = flag.Bool("long", false, "let each case go on for minutes")
	update = flag.Bool("update", false, "write the table to docs/fidelity.md")
	open   = flag.Bool("open", false, "go through the cases as well that do not always hold")
	only   = flag.String("only", "", "the names of the cases to go through, as a regular expression")
)

const document = "../../docs/fidelity.md"

// A scenario is what happens in one case.
type scenario struct {
	name string
	// what says what happens, for the table.
	what  string
	build func(*testing.T, *run)
}

func scenarios() []scenario {
	return slices.Concat(
		targetScenarios(), ownerScenarios(), clientScenarios(), oddScenarios(),
		exporterScenarios(), stateScenarios(), clockScenarios(), federationScenarios(), scraperScenarios(),
	)
}

func TestMain(m *testing.M) {
	flag.Parse()
	// They spend most of their time waiting, but if all went on at once, scrapes would be given
	// up on a small machine, and what a target sent then is a difference that nobody knows of.
	if err := flag.Set("test.parallel", "20"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestFidelity goes through the cases, many at the same time, and then makes the table.
func TestFidelity(t *testing.T) {
	w := newWorld()
	w.duration, w.timeout, w.kills, w.away = 12*time.Second, time.Minute, 5, 10*time.Second
	if *long {
		w.duration, w.timeout, w.kills, w.away = 4*time.Minute, time.Minute, 100, 11*time.Minute
	}
	chosen := regexp.MustCompile(*only)
	list := scenarios()
	if *open {
		list = append(list, openScenarios()...)
	}
	for _, s := range list {
		if chosen.MatchString(s.name) {
			w.add(t, s)
		}
	}
	w.start(t)
	t.Run("case", func(t *testing.T) {
		for _, r := range w.runs {
			t.Run(r.name, func(t *testing.T) {
				t.Parallel()
				r.carryOut(t)
			})
		}
	})
	t.Logf("\n%s", table(w))
	if *update && *only == "" && !t.Failed() {
		if err := os.WriteFile(document, []byte(page(w)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
