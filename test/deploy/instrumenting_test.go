//go:build e2e

package deploy_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// TestInstrumentingGo builds the program of the documentation with the real client library,
// raises exceptions in it, and counts them.
func TestInstrumentingGo(t *testing.T) {
	const documented = `"localhost:8080"`
	text := block(t, "instrumenting.md", "go")
	if !strings.Contains(text, documented) {
		t.Fatalf("the program does not listen at %s", documented)
	}
	address := process.FreeAddress(t)
	dir := t.TempDir()
	source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	if err := os.WriteFile(source, []byte(strings.Replace(text, documented, fmt.Sprintf("%q", address), 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	// The library is among the modules of this one, and nothing is built with cgo.
	build := exec.CommandContext(t.Context(), "go", "build", "-C", fromRoot("."), "-buildvcs=false", "-trimpath", "-o", binary, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program := process.Command(t, binary, address, "/-/exceptions")
	exporter := process.Exporter(t, fmt.Sprintf("services: [{name: shop, static_configs: [{targets: [%q]}], scraper: {refresh_interval: 500ms}}]\n", address))
	waitFor(t, exporter.URL, "periskop_target_up", "1")
	for range 3 {
		response, err := http.Get(program.URL + "/buy")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	waitFor(t, exporter.URL, "periskop_exceptions_total", "3")
	if said := process.Run(t, "check-target", program.URL+"/-/exceptions"); !strings.Contains(said, "right: 1 key with 3 occurrences") {
		t.Errorf("check-target says %s", said)
	}
}
