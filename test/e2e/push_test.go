//go:build e2e

package e2e_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// TestPushesSurviveKills kills the exporter as soon as it has answered a push: what it has
// accepted nobody sends again.
func TestPushesSurviveKills(t *testing.T) {
	const pushes, each = 30, 3
	exporter := process.Exporter(t, "services: [{name: jobs, push: true, static_configs: [{targets: []}]}]\n")
	for i := range pushes {
		pushReport(t, exporter, i, each)
		exporter.Kill(t)
		exporter.Start(t)
	}
	want := fmt.Sprint(pushes * each)
	line := regexp.MustCompile(`(?m)^` + names.ExceptionsTotal + `\{.*\} (\d+)$`)
	process.Eventually(t, "all pushes are counted", func() error {
		metrics, err := process.Get(t.Context(), exporter.URL+"/metrics")
		if err != nil {
			return err
		}
		if m := line.FindStringSubmatch(metrics); m == nil || m[1] != want {
			return fmt.Errorf("got %q, want %s", m, want)
		}
		return nil
	})
}

// pushReport pushes what the i-th process says at its end, and fails if that is not accepted.
func pushReport(t *testing.T, exporter *process.Program, i, total int) {
	t.Helper()
	now := time.Now().UTC().Format(time.RFC3339Nano)
	report := fmt.Sprintf(`{"target_uuid":"job-%d","aggregated_errors":[{"aggregation_key":"Timeout@1a","total_count":%d,"severity":"error","created_at":%q,`+
		`"latest_errors":[{"uuid":"o-%d","timestamp":%q,"error":{"class":"Timeout","message":"m","stacktrace":["a"]}}]}]}`, i, total, now, i, now)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, exporter.URL+"/push/jobs/errors", strings.NewReader(report))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("push %d: %s, %v", i, res.Status, err)
	}
}
