//go:build e2e_image || e2e_packages || e2e

package deploy_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A target is a process that serves one exception, whose total a test sets. It begins at 2,
// which is history: it was there before the exporter looked.
type target struct {
	address string
	total   atomic.Int64
}

func newTarget(t *testing.T) *target {
	t.Helper()
	s := &target{}
	s.total.Store(2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"target_uuid": "b8e3b1a4-0000-4000-8000-000000000001", "aggregated_errors": [
			{"aggregation_key": "NoStock@1a", "total_count": %d, "severity": "error", "created_at": "2026-01-01T00:00:00Z"}]}`, s.total.Load())
	}))
	t.Cleanup(server.Close)
	s.address = strings.TrimPrefix(server.URL, "http://")
	return s
}

// configuration returns the name of a file in which the target is that of the service shop.
func configuration(t *testing.T, target string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	text := fmt.Sprintf("services: [{name: shop, static_configs: [{targets: [%q]}], scraper: {refresh_interval: 500ms}}]\n", target)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// waitFor waits until a line of the metrics begins so and has that value; any, if it is "".
func waitFor(t *testing.T, url, begin, value string) {
	t.Helper()
	process.Eventually(t, begin+" is "+value, func() error {
		text, err := process.Get(t.Context(), url+"/metrics")
		if err != nil {
			return err
		}
		var lines []string
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, begin) {
				lines = append(lines, line)
				if value == "" || strings.HasSuffix(line, " "+value) {
					return nil
				}
			}
		}
		return fmt.Errorf("not yet: %q", lines)
	})
}
