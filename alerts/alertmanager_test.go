package alerts_test

import (
	"regexp"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/alerts"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// TestAlertmanagerConfig holds the example to the names of the alerts and of the
// templates that there are. What else is in it, amtool checks.
func TestAlertmanagerConfig(t *testing.T) {
	config := alerts.AlertmanagerConfig()
	if err := yaml.Unmarshal(config, new(map[string]any)); err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`Periskop\w+`).FindAllString(string(config), -1) {
		if !slices.Contains(append(alerts.Names(), names.ManyExceptions), name) {
			t.Errorf("routes %s, which is no alert", name)
		}
	}
	defined := map[string]bool{}
	for _, m := range regexp.MustCompile(`define "([^"]+)"`).FindAllSubmatch(alerts.AlertmanagerTemplates(), -1) {
		defined[string(m[1])] = true
	}
	used := regexp.MustCompile(`template "([^"]+)"`).FindAllSubmatch(append(config, alerts.AlertmanagerTemplates()...), -1)
	if len(used) == 0 {
		t.Error("uses no template")
	}
	for _, m := range used {
		if !defined[string(m[1])] {
			t.Errorf("uses the template %s, which is not defined", m[1])
		}
	}
}
