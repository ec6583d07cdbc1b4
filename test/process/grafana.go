package process

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Grafana runs the Grafana whose files are in home. Settings gets the directory of all
// that it writes, and returns what its settings are.
func Grafana(t testing.TB, home string, settings func(dir, host, port string) string) *Program {
	t.Helper()
	dir := t.TempDir()
	for _, kind := range []string{"dashboards", "datasources", "plugins", "notifiers", "alerting", "access-control"} {
		if err := os.MkdirAll(filepath.Join(dir, "provisioning", kind), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	address := FreeAddress(t)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "grafana.ini")
	write(t, file, settings(dir, host, port))
	return start(t, &Program{
		name: "grafana", path: filepath.Join(strings.TrimSuffix(home, "/"), "bin", "grafana"),
		URL: "http://" + address, ready: "/api/health",
		args: []string{"server", "--homepath", home, "--config", file},
	})
}
