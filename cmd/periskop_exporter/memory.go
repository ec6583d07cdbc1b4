package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"runtime/metrics"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/alecthomas/kingpin/v2"
)

// memoryFlags are those by which Prometheus fits into the memory that it may use.
type memoryFlags struct {
	limit bool
	ratio float64
}

func (f *memoryFlags) add(cmd *kingpin.CmdClause) {
	cmd.Flag("auto-gomemlimit", "Set GOMEMLIMIT from the memory limit of the container, or the memory of the machine. GOMEMLIMIT in the environment goes first.").
		Default("true").BoolVar(&f.limit)
	cmd.Flag("auto-gomemlimit.ratio", "How much of that GOMEMLIMIT is, above 0 and up to 1.").
		Default("0.9").Float64Var(&f.ratio)
}

func (f *memoryFlags) check() error {
	if f.ratio <= 0 || f.ratio > 1 {
		return fmt.Errorf("--auto-gomemlimit.ratio: %g is not above 0 and up to 1", f.ratio)
	}
	return nil
}

// apply makes the garbage collector work harder when memory gets scarce. Where no limit
// is found, nothing changes.
func (f *memoryFlags) apply(logger *slog.Logger) {
	if !f.limit {
		return
	}
	limit, err := memlimit.Set(
		memlimit.WithRatio(f.ratio),
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)),
	)
	switch {
	case errors.Is(err, memlimit.ErrNoLimit), errors.Is(err, memlimit.ErrNoCgroup):
	case err != nil:
		logger.Warn("memory limit cannot be found", "err", err)
	case limit > 0:
		logger.Debug("memory limit is set", "limit_bytes", limit)
	}
}

// mostGarbage is how much garbage there may be beside what is held, in bytes. By default the
// runtime lets there be as much: with many keys, which change little, that would be half of all
// memory for nothing.
const mostGarbage = 64 << 20

// A garbageLimit keeps garbage within mostGarbage. GOGC in the environment goes first. It is
// for one goroutine.
type garbageLimit struct{ percent int }

// adjust is to be called every few seconds.
func (g *garbageLimit) adjust() {
	if os.Getenv("GOGC") != "" {
		return
	}
	held := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(held)
	if percent := garbagePercent(held[0].Value.Uint64()); percent != g.percent {
		debug.SetGCPercent(percent)
		g.percent = percent
	}
}

// garbagePercent returns how many percent of what is held may be garbage, in steps of five:
// each change stops the program for a moment.
func garbagePercent(held uint64) int {
	const least, most, step = 25, 100, 5
	percent := int(100 * mostGarbage / max(held, mostGarbage))
	return min(max(percent/step*step, least), most)
}
