package process

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// conditionTimeout is how long a condition may take to come true on a busy machine.
const conditionTimeout = 90 * time.Second

// A Program is a process that serves HTTP. It can be ended and started again, at the
// same address and with the same files.
type Program struct {
	// URL is where it is reached, without a slash at the end.
	URL string
	// Config is the file with the configuration of an exporter, and Data the directory in
	// which it keeps its state.
	Config, Data string

	name, path, ready string
	args              []string
	env               []string // beside that of the test
	log               string   // a file
	cmd               *exec.Cmd
	ended             chan struct{} // closed when it has
	err               error         // with which it did
}

// start runs the program, waits until it is ready, and ends it with the test.
func start(t testing.TB, p *Program) *Program {
	t.Helper()
	p.log = filepath.Join(t.TempDir(), p.name+".log")
	t.Cleanup(func() {
		p.Kill(t)
		if t.Failed() {
			t.Logf("the end of the log of %s:\n%s", p.name, p.tail())
		}
	})
	p.Start(t)
	return p
}

// Start runs a program that has ended, and waits until it is ready.
func (p *Program) Start(t testing.TB) {
	t.Helper()
	log, err := os.OpenFile(p.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }() // the child has it open for itself
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), p.path, p.args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(), p.env...)
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	cmd, ended := p.cmd, make(chan struct{})
	p.ended = ended
	go func() {
		defer close(ended)
		p.err = cmd.Wait()
	}()
	Eventually(t, p.name+" is ready", func() error {
		select {
		case <-ended:
			t.Fatalf("%s ended: %v\n%s", p.name, p.err, p.tail())
		default:
		}
		_, err := Get(t.Context(), p.URL+p.ready)
		return err
	})
}

// PID returns the ID of the process that runs.
func (p *Program) PID() int { return p.cmd.Process.Pid }

// Stop ends the program as an operator does.
func (p *Program) Stop(t testing.TB) { p.end(t, syscall.SIGTERM) }

// Kill ends the program with kill -9.
func (p *Program) Kill(t testing.TB) { p.end(t, syscall.SIGKILL) }

// Signal sends a signal.
func (p *Program) Signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Errorf("%s: %v", p.name, err)
	}
}

func (p *Program) end(t testing.TB, s os.Signal) {
	t.Helper()
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(s) // fails when it has ended
	select {
	case <-p.ended:
	case <-time.After(conditionTimeout):
		t.Errorf("%s does not end", p.name)
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
	p.cmd = nil
}

// Log returns what the program has written.
func (p *Program) Log(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(p.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (p *Program) tail() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	const most = 4000
	return string(b[max(0, len(b)-most):])
}

// Get returns the body of an answer with status 200.
func Get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s: %s", url, res.Status, bytes.TrimSpace(body))
	}
	return string(body), nil
}

// Eventually waits until the condition returns nil, and fails the test with its last
// error when that takes too long.
func Eventually(t testing.TB, what string, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(conditionTimeout)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited for: %s: %v", what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// FreeAddress returns an address on loopback that nothing listens on now.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// binary returns the path of a built program: from the environment variable, or below
// bin.
func binary(t testing.TB, variable, name string) string {
	t.Helper()
	if path := os.Getenv(variable); path != "" {
		return path
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "bin", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; build it with make e2e, or name it in %s", err, variable)
	}
	return path
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
