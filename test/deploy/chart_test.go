package deploy_test

import (
	"os"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestChartVersion holds the versions of the chart to that of the program.
func TestChartVersion(t *testing.T) {
	text, err := os.ReadFile(fromRoot("deploy/helm/periskop-exporter/Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var chart struct {
		Version    string
		AppVersion string `yaml:"appVersion"`
	}
	if err := yaml.Unmarshal(text, &chart); err != nil {
		t.Fatal(err)
	}
	if want := version(t); chart.Version != want || chart.AppVersion != want {
		t.Errorf("got version %s of the chart and %s of the program, want %s", chart.Version, chart.AppVersion, want)
	}
}
