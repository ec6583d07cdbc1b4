//go:build e2e

package bounds_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

const (
	mib = 1 << 20
	// mostAboveRest is what load may cost beyond what the program takes at rest, and most is
	// what it may take in all.
	mostAboveRest = 256 * mib
	most          = 512 * mib
	// deadly is at how much the program is ended, so that the machine is not.
	deadly = 4 << 30
)

// A memory is how much memory a program has resident.
type memory struct {
	pid  int
	rest int64
}

// measure begins to look at the memory of a program that is at rest.
func measure(t *testing.T, p *process.Program) *memory {
	t.Helper()
	m := &memory{pid: p.PID()}
	m.guard(t)
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", m.pid), []byte("5"), 0); err != nil { // its peak is that from now on
		t.Fatal(err)
	}
	m.rest = m.status(t, "VmRSS")
	return m
}

// peak returns the most that was resident since measure was called.
func (m *memory) peak(t *testing.T) int64 { return m.status(t, "VmHWM") }

func (m *memory) status(t *testing.T, name string) int64 {
	t.Helper()
	n, err := status(m.pid, name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func status(pid int, name string) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := bytes.Cut(b, []byte("\n"+name+":"))
	if !found {
		return 0, fmt.Errorf("process %d has no %s: it has ended", pid, name)
	}
	kb, err := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
	return kb << 10, err
}

// guard ends the program when it takes so much that others would be ended for it.
func (m *memory) guard(t *testing.T) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if n, err := status(m.pid, "VmRSS"); err == nil && n > deadly {
					t.Errorf("the program took more than %d MiB and was ended", deadly/mib)
					_ = syscall.Kill(m.pid, syscall.SIGKILL)
					return
				}
			}
		}
	})
	t.Cleanup(func() { close(done); wg.Wait() })
}

// check fails the test if the memory went beyond the bound.
func (m *memory) check(t *testing.T, what string) {
	t.Helper()
	peak := m.peak(t)
	t.Logf("%s: %d MiB at rest, %d MiB at most", what, m.rest/mib, peak/mib)
	if peak-m.rest > mostAboveRest || peak > most {
		t.Errorf("%s: from %d to %d MiB, want at most %d MiB more and %d MiB in all", what, m.rest/mib, peak/mib, mostAboveRest/mib, most/mib)
	}
}
