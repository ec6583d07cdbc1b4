//go:build e2e_kubernetes || e2e_helm

package kubernetes_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// An exporter is the program, as users run it.
type exporter struct{ url string }

func startExporter(t *testing.T, config string) *exporter {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	start(t, "periskop_exporter", binary(t, "EXPORTER", "kubernetes/periskop_exporter"),
		"--config.file="+file, "--storage.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	e := &exporter{url: "http://" + address}
	until(t, "the exporter to be ready", func() bool { return read(t.Context(), e.url+"/-/ready") != "" })
	return e
}

// up returns the targets of a service whose last scrape succeeded, sorted.
func (e *exporter) up(t *testing.T, service string) []string {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(read(t.Context(), e.url+"/metrics")))
	if err != nil {
		t.Fatalf("metrics of the exporter: %v", err)
	}
	up := []string{}
	for _, m := range families["periskop_target_up"].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if labels["service_name"] == service && m.GetGauge().GetValue() == 1 {
			up = append(up, labels["target"])
		}
	}
	slices.Sort(up)
	return up
}

// complains reports whether the status page shows a problem now.
func (e *exporter) complains(t *testing.T, text string) bool {
	t.Helper()
	return strings.Contains(read(t.Context(), e.url+"/status"), text)
}

// read returns the body of a good answer, and "" for any other.
func read(ctx context.Context, url string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return ""
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}
