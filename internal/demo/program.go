package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// A program is a child process that writes its log to a file.
type program struct {
	name    string
	ready   string // the URL at which it answers once it is
	logFile string
	cmd     *exec.Cmd
	ended   chan struct{}
	err     error // of the process, once it has ended
}

// startProgram starts the program in that directory, where it has a log of its own. On
// error nothing runs.
func startProgram(name, path, dir string, args ...string) (*program, error) {
	path, err := filepath.Abs(path) // or else it would be looked for in the directory
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	logFile := filepath.Join(dir, name+".log")
	log, err := os.Create(logFile)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer func() { _ = log.Close() }() // the child has it open for itself
	cmd := exec.CommandContext(context.Background(), path, args...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = ownGroup()
	p := &program{name: name, logFile: logFile, cmd: cmd, ended: make(chan struct{})}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		<-p.ended
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// run owns the process from its start to its end.
func (p *program) run(started chan<- error) {
	defer close(p.ended)
	// Linux ends the child together with the thread that started it (prctl(2),
	// PR_SET_PDEATHSIG), which therefore must live for as long.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if p.err = p.cmd.Start(); p.err != nil {
		started <- p.err
		return
	}
	started <- nil
	p.err = p.cmd.Wait()
	_ = kill(p.cmd.Process) // what it may have started itself
}

// awaitReady asks its URL until it answers with the status 200. An error means that the
// program has ended, or that ctx is done.
func (p *program) awaitReady(ctx context.Context) error {
	const (
		pause  = 100 * time.Millisecond // not to be noticed by who waits
		answer = 2 * time.Second        // far more than a program on this machine takes
	)
	client := &http.Client{Timeout: answer, Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for !isReady(ctx, client, p.ready) {
		select {
		case <-p.ended:
			return p.failure()
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w%s", p.name, context.Cause(ctx), p.tail())
		case <-tick.C:
		}
	}
	return nil
}

func isReady(ctx context.Context, client *http.Client, url string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := client.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// failure says how a program has ended that was to go on.
func (p *program) failure() error {
	err := p.err
	if err == nil {
		err = errors.New("exit status 0")
	}
	return fmt.Errorf("%s has ended: %w%s", p.name, err, p.tail())
}

// tail is the end of the log, to be added to a message.
func (p *program) tail() string {
	const lines = 12
	b, err := os.ReadFile(p.logFile) // some lines an hour, and so never long
	b = bytes.TrimSpace(b)
	if err != nil || len(b) == 0 {
		return ""
	}
	all := strings.Split(string(b), "\n")
	return "; the end of its log:\n  " + strings.Join(all[max(0, len(all)-lines):], "\n  ")
}

// stop asks the program to end, insists after a while, and returns when it has ended.
func (p *program) stop(timeout time.Duration) {
	select {
	case <-p.ended:
		return
	default:
	}
	if err := terminate(p.cmd.Process); err != nil {
		timeout = 0
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		_ = kill(p.cmd.Process) // it has ended meanwhile if this fails
		<-p.ended
	}
}
