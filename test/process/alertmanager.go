package process

import (
	"path/filepath"
	"testing"
)

// AlertmanagerWith runs a real Alertmanager with that configuration, and further files
// beside it by name.
func AlertmanagerWith(t testing.TB, config string, files map[string]string) *Program {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		write(t, filepath.Join(dir, name), content)
	}
	file := filepath.Join(dir, "alertmanager.yaml")
	write(t, file, config)
	address := FreeAddress(t)
	return start(t, &Program{
		name: "alertmanager", path: binary(t, "ALERTMANAGER", "alertmanager"),
		URL: "http://" + address, ready: "/-/ready",
		args: []string{
			"--config.file=" + file, "--web.listen-address=" + address,
			"--storage.path=" + filepath.Join(dir, "data"), "--cluster.listen-address=",
		},
	})
}
