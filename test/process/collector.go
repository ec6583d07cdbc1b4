package process

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Collector runs a real OpenTelemetry Collector with these configurations, of which later ones
// add to earlier ones. Its URL is that of its own metrics.
func Collector(t testing.TB, configs ...string) *Program {
	t.Helper()
	metrics := FreeAddress(t)
	configs = append(configs, "service: {telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: "+
		metrics[strings.LastIndexByte(metrics, ':')+1:]+"}}}}]}}}")
	return start(t, &Program{
		name: "collector", path: binary(t, "COLLECTOR", "collector"), URL: "http://" + metrics, ready: "/metrics",
		args: collectorFlags(t, configs),
	})
}

// CheckCollector has a real OpenTelemetry Collector judge the configurations, and returns what it says
// of them and whether it takes them.
func CheckCollector(t testing.TB, configs ...string) (says string, ok bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary(t, "COLLECTOR", "collector"), append([]string{"validate"}, collectorFlags(t, configs)...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func collectorFlags(t testing.TB, configs []string) (flags []string) {
	t.Helper()
	dir := t.TempDir()
	for i, text := range configs {
		file := filepath.Join(dir, strconv.Itoa(i)+".yaml")
		write(t, file, text)
		flags = append(flags, "--config="+file)
	}
	return flags
}
