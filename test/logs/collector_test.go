//go:build e2e_logs

package logs_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// queued is the metric of how many requests a Collector keeps.
const queued = "otelcol_exporter_queue_size"

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// collectorBlocks returns the configurations for a Collector that the page has: that of a whole one, and
// what other stores want in its place.
func collectorBlocks(t *testing.T) (whole string, others []string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/history.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range yamlBlock.FindAllStringSubmatch(string(page), -1) {
		switch text := m[1]; {
		case strings.HasPrefix(text, "extensions:"):
			whole = text
		case strings.HasPrefix(text, "exporters:"):
			others = append(others, text)
		}
	}
	if whole == "" || len(others) != 2 {
		t.Fatalf("the page has %d blocks beside\n%s", len(others), whole)
	}
	return whole, others
}

// TestConfigurationsOfThePage gives a real Collector what the page has for it.
func TestConfigurationsOfThePage(t *testing.T) {
	whole, others := collectorBlocks(t)
	whole = strings.Replace(whole, "/var/lib/otelcol", t.TempDir(), 1)
	if says, ok := process.CheckCollector(t, whole); !ok {
		t.Errorf("%s\n%s", says, whole)
	}
	for _, text := range others {
		if says, ok := process.CheckCollector(t, whole, text); !ok {
			t.Errorf("%s\n%s", says, text)
		}
		for _, key := range []string{"max_elapsed_time", "storage:", "endpoint"} {
			wrong := strings.Replace(text, key, "x"+key, 1)
			if says, ok := process.CheckCollector(t, whole, wrong); ok || !strings.Contains(says, "x"+strings.TrimSuffix(key, ":")) {
				t.Errorf("it takes what is wrong, or says %q\n%s", says, wrong)
			}
		}
	}
}

// collector runs the Collector of the page, which keeps up to so many requests while they are not taken at
// the address. It returns where it takes them.
func collector(t *testing.T, logsEndpoint string, queue int) (c *process.Program, grpc, http string) {
	t.Helper()
	whole, _ := collectorBlocks(t)
	grpc, http = process.FreeAddress(t), process.FreeAddress(t)
	for _, change := range [][2]string{
		{"/var/lib/otelcol", t.TempDir()},
		{"0.0.0.0:4317", grpc},
		{"0.0.0.0:4318", http},
		{"https://logs.example.com" + process.OTLPPath, logsEndpoint},
	} {
		if strings.Count(whole, change[0]) != 1 {
			t.Fatalf("%s is not there once in\n%s", change[0], whole)
		}
		whole = strings.Replace(whole, change[0], change[1], 1)
	}
	c = process.Collector(t, whole, fmt.Sprintf(
		"exporters: {otlp_http: {retry_on_failure: {initial_interval: 100ms, max_interval: 1s}, sending_queue: {queue_size: %d}}}", queue))
	return c, "http://" + grpc, "http://" + http
}
