package process

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Collector runs a real OpenTelemetry Collector, which hands on to the address of an OTLP
// receiver over HTTP what it takes over gRPC and HTTP. It keeps up to so many requests on its disk
// while they are not taken there. Its URL is that of its own metrics.
func Collector(t testing.TB, logsEndpoint string, queue int) (collector *Program, grpc, http string) {
	t.Helper()
	dir := t.TempDir()
	grpc, http = FreeAddress(t), FreeAddress(t)
	metrics := FreeAddress(t)
	file := filepath.Join(dir, "collector.yaml")
	write(t, file, fmt.Sprintf(`
extensions:
  file_storage: {directory: %q}
receivers:
  otlp: {protocols: {grpc: {endpoint: %q}, http: {endpoint: %q}}}
exporters:
  otlp_http:
    logs_endpoint: %s
    retry_on_failure: {initial_interval: 100ms, max_interval: 1s, max_elapsed_time: 0s}
    sending_queue: {storage: file_storage, queue_size: %d}
service:
  extensions: [file_storage]
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %s}}}}]}}
  pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}
`, dir, grpc, http, logsEndpoint, queue, metrics[strings.LastIndexByte(metrics, ':')+1:]))
	collector = start(t, &Program{
		name: "collector", path: binary(t, "COLLECTOR", "collector"), URL: "http://" + metrics, ready: "/metrics",
		args: []string{"--config=" + file},
	})
	return collector, "http://" + grpc, "http://" + http
}
