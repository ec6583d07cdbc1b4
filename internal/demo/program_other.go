//go:build !linux

package demo

import (
	"os"
	"syscall"
)

// Elsewhere the child shares the process group, and Ctrl-C ends it as well.
func ownGroup() *syscall.SysProcAttr { return nil }

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

func kill(p *os.Process) error { return p.Kill() }
