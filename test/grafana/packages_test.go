//go:build e2e || e2e_grafana

package grafana_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

var names = []string{"overview", "service", "exporter"}

// run runs a program in the directory of the packages, and fails the test with what it
// prints.
func run(t *testing.T, program string, args ...string) {
	t.Helper()
	if _, err := os.Stat("node_modules"); err != nil {
		t.Fatalf("%v; make e2e installs the packages", err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	t.Logf("%s", out)
}

// boards writes the dashboards to a directory, and returns their files.
func boards(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	var files []string
	for _, name := range names {
		file := filepath.Join(dir, name+".json")
		write(t, file, process.Run(t, append([]string{"dashboards", "--dashboard=" + name}, args...)...))
		files = append(files, file)
	}
	return files
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
