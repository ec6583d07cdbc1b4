//go:build e2e_docs

package docs_test

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestSettings gives every block of YAML to the program that reads it.
func TestSettings(t *testing.T) {
	w := newWorkplace(t)
	for _, b := range ofKind(t, settings) {
		if strings.HasPrefix(strings.TrimSpace(b.text), "- ") {
			w.write(t, "config.yaml", relabelled+b.text, 0o600)
			w.run(t, "periskop_exporter check-config --strict config.yaml")
			continue
		}
		var keys map[string]yaml.Node
		if err := yaml.Unmarshal([]byte(b.text), &keys); err != nil {
			t.Errorf("%s:%d: %v in\n%s", b.page, b.line, err, b.text)
			continue
		}
		has := func(key string) bool { _, ok := keys[key]; return ok }
		text := b.text
		switch {
		case has("scrape_configs"):
			w.write(t, "prometheus.yml", text, 0o600)
			w.write(t, "periskop.rules.yaml", w.run(t, "periskop_exporter rules --web.external-url=http://p"), 0o600)
			w.run(t, "promtool check config prometheus.yml")
		case has("routes"):
			w.write(t, "alertmanager.yml", "receivers: [{name: others}, {name: shop-team}]\nroute:\n  receiver: others\n"+indent(text), 0o600)
			w.run(t, "amtool check-config alertmanager.yml")
		case has("tls_server_config"): // A command of the page runs with it.
		case has("exporters"): // The tests of test/logs give it to an OpenTelemetry Collector.
		case has("apiVersion"):
			checkAnnotations(t, b)
		case has("livenessProbe"):
			checkProbes(t, b)
		default:
			if !has("services") {
				text += configuration
			}
			w.write(t, "config.yaml", text, 0o600)
			w.run(t, "periskop_exporter check-config --strict config.yaml")
		}
	}
}

// relabelled is a configuration up to its rules of relabelling.
const relabelled = `services:
  - name: shop
    static_configs: [{targets: ["shop:80"]}]
    relabel_configs:
      - {target_label: service_name, replacement: shop}
`

// checkAnnotations holds a manifest to the annotations that settings of the pages read.
func checkAnnotations(t *testing.T, b block) {
	t.Helper()
	var manifest struct {
		Spec struct {
			Template struct {
				Metadata struct{ Annotations map[string]string }
			}
		}
	}
	if err := yaml.Unmarshal([]byte(b.text), &manifest); err != nil {
		t.Errorf("%s:%d: %v", b.page, b.line, err)
	}
	annotations := manifest.Spec.Template.Metadata.Annotations
	if len(annotations) == 0 {
		t.Errorf("%s:%d: found no annotations", b.page, b.line)
	}
	var example strings.Builder
	for _, other := range ofKind(t, settings) {
		example.WriteString(other.text)
	}
	for name := range annotations {
		label := "__meta_kubernetes_pod_annotation_" + strings.NewReplacer(".", "_", "/", "_").Replace(name)
		if !strings.Contains(example.String(), label) {
			t.Errorf("%s:%d: no rule reads %s", b.page, b.line, label)
		}
	}
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}

// checkProbes holds probes to the paths and ports that the page is about.
func checkProbes(t *testing.T, b block) {
	t.Helper()
	var probes map[string]struct {
		HTTPGet struct {
			Path string
			Port int
		} `yaml:"httpGet"`
	}
	if err := yaml.Unmarshal([]byte(b.text), &probes); err != nil {
		t.Errorf("%s:%d: %v", b.page, b.line, err)
	}
	paths := map[string]string{"livenessProbe": "/-/healthy", "readinessProbe": "/-/ready"}
	for name, probe := range probes {
		if want := paths[name]; probe.HTTPGet.Path != want || probe.HTTPGet.Port != 9968 && probe.HTTPGet.Port != 9969 {
			t.Errorf("%s:%d: %s asks for %s at port %d", b.page, b.line, name, probe.HTTPGet.Path, probe.HTTPGet.Port)
		}
	}
}
