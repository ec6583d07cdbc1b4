package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain lets the test binary run itself in other roles, told by the environment.
func TestMain(m *testing.M) {
	role := os.Getenv("BENCH_ROLE")
	if role == "" {
		code := m.Run()
		results.print()
		os.Exit(code)
	}
	var w work
	err := json.Unmarshal([]byte(os.Getenv("BENCH_WORK")), &w)
	if err == nil {
		err = w.do(context.Background(), role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// work is what one of the other roles is told.
type work struct {
	Workload workload
	Port     string
	Interval time.Duration
}

func (w work) do(ctx context.Context, role string) error {
	if role == roleFleet {
		return serveFleet(ctx, w.Workload)
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return download(ctx, w.Port, w.Workload.Targets, w.Interval)
}

// start runs this binary in a role until the benchmark ends, and returns its process ID
// and what it prints first.
func start(b *testing.B, role string, w work) (pid int, line string) {
	b.Helper()
	text, err := json.Marshal(w)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), os.Args[0])
	cmd.Env = append(os.Environ(), "BENCH_ROLE="+role, "BENCH_WORK="+string(text))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("%s: %v", role, err)
		}
	})
	if role == roleFleet {
		if line, err = bufio.NewReader(stdout).ReadString('\n'); err != nil {
			b.Fatal(err)
		}
	}
	return cmd.Process.Pid, strings.TrimSpace(line)
}

// cpu returns the CPU time that a process has used, all of its threads together.
func cpu(b *testing.B, pid int) time.Duration {
	b.Helper()
	var ts unix.Timespec
	// The clock of a process, as clock_getcpuclockid(3) makes it.
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		b.Fatal(err)
	}
	return time.Duration(ts.Nano())
}

// resident returns the resident memory of a process in bytes, now and at its highest.
func resident(b *testing.B, pid int) (now, highest float64) {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kib); err == nil {
			now = kib * 1024
		}
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kib); err == nil {
			highest = kib * 1024
		}
	}
	return now, highest
}

// written returns how many bytes a process has had written to the disk, in whole pages.
func written(b *testing.B, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var bytes float64
		if _, err := fmt.Sscanf(line, "write_bytes: %f", &bytes); err == nil {
			return bytes
		}
	}
	b.Fatal("the kernel does not tell how much was written")
	return 0
}
