package demo

import (
	"os"
	"syscall"
)

// ownGroup keeps Ctrl-C from the child, which is to end in its turn, and ends it should
// this process be killed.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// terminate asks the process and what it has started to end.
func terminate(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGTERM) }

// kill ends the process and what it has started.
func kill(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGKILL) }
