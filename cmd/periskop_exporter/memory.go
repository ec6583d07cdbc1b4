package main

import (
	"errors"
	"fmt"
	"log/slog"

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
