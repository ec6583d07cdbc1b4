//go:build e2e_packages

package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

const (
	deb     = "/packages/this.deb"
	nextDeb = "/packages/next.deb"
	// exposure is what systemd may find at most of the unit, from 0 to 10. It is 1.1 for
	// systemd 252.
	exposure = 1.2
)

// TestDebian lives through all that happens to a package on a machine with systemd.
func TestDebian(t *testing.T) {
	m := bootDebian(t)
	shop := newTarget(t)
	address := process.FreeAddress(t)
	url := "http://" + address

	m.run(t, "dpkg --install "+deb)
	m.checkInstalled(t)
	m.checkUnit(t)

	m.write(t, "etc/default/periskop-exporter", "ARGS=--web.listen-address="+address+"\n")
	m.run(t, "systemctl restart periskop-exporter")
	m.checkReload(t, shop, url)

	pid := m.run(t, "systemctl show --property=MainPID --value periskop-exporter")
	m.run(t, "systemctl kill --signal=KILL periskop-exporter")
	process.Eventually(t, "systemd starts it again", func() error {
		if now, err := m.try("systemctl show --property=MainPID --value periskop-exporter"); err != nil || now == pid || now == "0" {
			return fmt.Errorf("process %s: %w", now, err)
		}
		return nil
	})
	shop.total.Store(9)
	waitFor(t, url, "periskop_exceptions_total", "7")

	m.run(t, "dpkg --install "+nextDeb)
	waitFor(t, url, "periskop_exceptions_total", "7")
	m.prints(t, "750 root periskop-exporter", "stat -c '%a %U %G' /etc/periskop-exporter")
	if text := m.run(t, "cat /etc/periskop-exporter/config.yaml /etc/default/periskop-exporter"); !strings.Contains(text, shop.address) || !strings.Contains(text, address) {
		t.Errorf("the upgrade has changed the configuration: %s", text)
	}

	m.run(t, "dpkg --remove periskop-exporter")
	m.prints(t, "", "pgrep periskop_export")
	m.prints(t, "inactive", "systemctl is-active periskop-exporter")
	m.run(t, "test -s /var/lib/periskop-exporter/state.db -a -f /etc/periskop-exporter/config.yaml -a ! -e /usr/bin/periskop_exporter")
	shop.total.Store(10)
	m.run(t, "dpkg --install "+deb)
	waitFor(t, url, "periskop_exceptions_total", "8")
	m.prints(t, "enabled", "systemctl is-enabled periskop-exporter")

	m.run(t, "dpkg --purge periskop-exporter")
	m.run(t, "test ! -e /var/lib/periskop-exporter -a ! -e /etc/periskop-exporter -a ! -e /etc/systemd/system/multi-user.target.wants/periskop-exporter.service")
}

// checkInstalled looks at what the package has brought.
func (m *machine) checkInstalled(t *testing.T) {
	t.Helper()
	m.prints(t, "active", "systemctl is-active periskop-exporter")
	m.prints(t, "enabled", "systemctl is-enabled periskop-exporter")
	m.prints(t, "periskop-exporter", "ps -o user:32= -p $(systemctl show --property=MainPID --value periskop-exporter)")
	m.prints(t, "/usr/sbin/nologin", "getent passwd periskop-exporter | cut -d: -f7")
	m.prints(t, "750 root periskop-exporter", "stat -c '%a %U %G' /etc/periskop-exporter")
	process.Eventually(t, "the state is there", func() error {
		got, err := m.try("stat -c '%a %U %G' /var/lib/periskop-exporter /var/lib/periskop-exporter/state.db | tr '\\n' ' '")
		if want := "750 periskop-exporter periskop-exporter 640 periskop-exporter periskop-exporter"; strings.TrimSpace(got) != want {
			return fmt.Errorf("got %q, %w", got, err)
		}
		return nil
	})
	m.prints(t, "periskop_exporter, version "+version(t), "periskop_exporter --version | head -1 | cut -d' ' -f1-3")
	m.prints(t, "check-config check-target", `source /usr/share/bash-completion/completions/periskop_exporter; COMP_WORDS=(periskop_exporter check-) COMP_CWORD=1; _periskop_exporter; echo "${COMPREPLY[@]}"`)
	waitFor(t, "http://localhost:9968", `periskop_target_up{service_name="periskop_exporter"`, "1")
}

// checkUnit has systemd look for mistakes in the unit, and for what it lets the program do.
func (m *machine) checkUnit(t *testing.T) {
	t.Helper()
	if out := m.run(t, "systemd-analyze verify --man=no /usr/lib/systemd/system/periskop-exporter.service 2>&1"); out != "" {
		t.Errorf("systemd-analyze verify says %s", out)
	}
	out := m.run(t, "systemd-analyze security --no-pager periskop-exporter")
	found := regexp.MustCompile(`Overall exposure level for periskop-exporter.service: ([0-9.]+)`).FindStringSubmatch(out)
	if found == nil {
		t.Fatal(out)
	}
	if got, err := strconv.ParseFloat(found[1], 64); err != nil || got > exposure {
		t.Errorf("exposure %s, want at most %g\n%s", found[1], exposure, out)
	}
	t.Log(found[0])
}

// checkReload reloads a good and a bad configuration.
func (m *machine) checkReload(t *testing.T, shop *target, url string) {
	t.Helper()
	good, err := os.ReadFile(configuration(t, shop.address))
	if err != nil {
		t.Fatal(err)
	}
	m.write(t, "etc/periskop-exporter/config.yaml", string(good))
	m.run(t, "systemctl reload periskop-exporter")
	waitFor(t, url, `periskop_target_up{service_name="shop"`, "1")
	m.write(t, "etc/periskop-exporter/config.yaml", "service: []\n")
	if out, err := m.try("systemctl reload periskop-exporter"); err == nil {
		t.Errorf("a reload of a bad file succeeds: %s", out)
	}
	m.prints(t, "active", "systemctl is-active periskop-exporter")
	if journal := m.run(t, "journalctl --no-pager -u periskop-exporter"); !strings.Contains(journal, "config.yaml:1: service: unknown key; did you mean services?") {
		t.Errorf("the journal does not tell of the mistake: %s", journal)
	}
	m.write(t, "etc/periskop-exporter/config.yaml", string(good))
	m.run(t, "systemctl reload periskop-exporter")
	shop.total.Store(5)
	waitFor(t, url, "periskop_exceptions_total", "3")
}

// TestRPM installs, upgrades and removes the other package. Its scripts need a shell and the
// programs for users, which this Debian has as well.
func TestRPM(t *testing.T) {
	root := newRoot(t)
	rpm := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("rpm", append([]string{"--root=" + root, "--nodeps"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("rpm %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	inside := func(line string) string {
		t.Helper()
		out, err := exec.Command("chroot", root, "bash", "-c", line).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	rpm("--install", "--ignorearch", fromRoot("bin/packages/this.rpm"))
	if got := inside("periskop_exporter --version | head -1"); !strings.Contains(got, version(t)) {
		t.Errorf("runs %s", got)
	}
	for _, c := range []struct{ line, want string }{
		{"stat -c '%a %U %G' /etc/periskop-exporter", "750 root periskop-exporter"},
		{"getent passwd periskop-exporter | cut -d: -f6", "/var/lib/periskop-exporter"},
		{"cat /usr/share/zsh/site-functions/_periskop_exporter | head -1", "#compdef periskop_exporter"},
		{"systemctl is-enabled periskop-exporter || true", "enabled"}, // as Debian's presets have it
	} {
		if got := inside(c.line); got != c.want {
			t.Errorf("%s\nprints %q, want %q", c.line, got, c.want)
		}
	}
	state := filepath.Join(root, "var/lib/periskop-exporter/state.db")
	if err := os.MkdirAll(filepath.Dir(state), 0o750); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{state, filepath.Join(root, "etc/periskop-exporter/config.yaml")} {
		if err := os.WriteFile(name, []byte("mine"), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	rpm("--upgrade", "--ignorearch", fromRoot("bin/packages/next.rpm"))
	if got := inside("cat /etc/periskop-exporter/config.yaml"); got != "mine" {
		t.Errorf("the upgrade has changed the configuration: %s", got)
	}
	rpm("--erase", "periskop-exporter")
	inside("test -s /var/lib/periskop-exporter/state.db -a -f /etc/periskop-exporter/config.yaml.rpmsave -a ! -e /usr/bin/periskop_exporter")
	if text, err := os.ReadFile(filepath.Join(root, "etc/periskop-exporter/config.yaml.rpmsave")); err != nil || string(text) != "mine" {
		t.Errorf("the configuration is gone: %v, %s", err, text)
	}
}
