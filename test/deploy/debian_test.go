//go:build e2e_packages

package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// newRoot returns a directory with a Debian of its own, as `make e2e-packages` has made it.
// It is no t.TempDir, whose path may be too long for podman.
func newRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "debian")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Log(err)
		}
	})
	root := filepath.Join(dir, "root")
	if out, err := exec.Command("cp", "--archive", "--reflink=auto", fromRoot("bin/packages/debian"), root).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return root
}

// A machine is a Debian with systemd, which podman runs on the network of this host.
type machine struct {
	root string
	args []string // of podman
	id   string
}

func bootDebian(t *testing.T) *machine {
	t.Helper()
	m := &machine{root: newRoot(t)}
	// It has all rights, and must not use them on the kernel of this host.
	for _, unit := range []string{"systemd-sysctl", "systemd-modules-load", "systemd-udevd", "systemd-timesyncd", "systemd-binfmt"} {
		if err := os.Symlink("/dev/null", filepath.Join(m.root, "etc/systemd/system", unit+".service")); err != nil {
			t.Fatal(err)
		}
	}
	storage := filepath.Join(filepath.Dir(m.root), "podman")
	m.args = []string{
		"--storage-driver=vfs", "--root=" + storage + "/storage", "--runroot=" + storage + "/run", "--runtime=runc", "--cgroup-manager=cgroupfs",
	}
	packages, err := filepath.Abs(fromRoot("bin/packages"))
	if err != nil {
		t.Fatal(err)
	}
	m.id = m.podman(t, "run", "--detach", "--privileged", "--systemd=always", "--network=host", "--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096",
		"--volume="+packages+":/packages:ro", "--rootfs", m.root, "/sbin/init")
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := m.try("journalctl --no-pager -u periskop-exporter -n 60")
			t.Log(out)
		}
		m.podman(t, "rm", "--force", "--time=10", m.id)
	})
	process.Eventually(t, "systemd runs", func() error {
		state, _ := m.try("systemctl is-system-running") // fails for a degraded system
		if state != "running" && state != "degraded" {
			return fmt.Errorf("it is %s", state)
		}
		return nil
	})
	return m
}

func (m *machine) podman(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("podman", append(slices.Clone(m.args), args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("podman %s: %v\n%s%s", strings.Join(args, " "), err, out, &stderr)
	}
	return strings.TrimSpace(string(out))
}

// run runs a line as root's shell does, and returns what it prints.
func (m *machine) run(t *testing.T, line string) string {
	t.Helper()
	out, err := m.try(line)
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return out
}

func (m *machine) try(line string) (string, error) {
	// What the line writes to either is one text; what podman says itself is not.
	out, err := exec.Command("podman", append(slices.Clone(m.args), "exec", m.id, "bash", "-c", "{ "+line+"\n} 2>&1")...).Output()
	return strings.TrimSpace(string(out)), err
}

// write writes a file.
func (m *machine) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.root, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// prints fails unless a line prints that.
func (m *machine) prints(t *testing.T, want, line string) {
	t.Helper()
	if got, _ := m.try(line); got != want {
		t.Errorf("%s\nprints %q, want %q", line, got, want)
	}
}
