//go:build e2e

package alerts_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/alerts"
)

// tool returns the path of a program from the environment. Without it the test fails:
// one that is asked for and skips looks like one that passes.
func tool(t *testing.T, variable string) string {
	t.Helper()
	file := os.Getenv(variable)
	if file == "" {
		t.Fatalf("%s is not set: give the path of the program, as %s=$PWD/bin/promtool", variable, variable)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return file
}

// run returns what the program prints, and fails the test if the program does.
func run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", cmd, err, out)
	}
	return out
}

// TestCheckRules has promtool read every rule file, the one in a Kubernetes resource
// included.
func TestCheckRules(t *testing.T) {
	promtool := tool(t, "PROMTOOL")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join("testdata", "rules", c.name+".yaml")
			if c.name == "prometheusrule" {
				file = specOf(t, file)
			}
			run(t, promtool, "check", "rules", "--lint=all", "--lint-fatal", file)
		})
	}
}

// specOf writes what the operator hands to Prometheus to a file of its own.
func specOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var resource struct{ Spec yaml.Node }
	if err = yaml.Unmarshal(text, &resource); err != nil {
		t.Fatal(err)
	}
	spec, err := yaml.Marshal(&resource.Spec)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(out, spec, 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRulesFire runs the tests of the rules: each alert fires, clears, and stays
// silent when it must.
func TestRulesFire(t *testing.T) {
	promtool := tool(t, "PROMTOOL")
	files, err := filepath.Glob("testdata/promtool/*.test.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			run(t, promtool, "test", "rules", file)
		})
	}
}

// TestCheckAlertmanagerConfig has amtool read the example and its templates.
func TestCheckAlertmanagerConfig(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "alertmanager.yml")
	for file, text := range map[string][]byte{
		config:                              alerts.AlertmanagerConfig(),
		filepath.Join(dir, "periskop.tmpl"): alerts.AlertmanagerTemplates(),
	} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := run(t, tool(t, "AMTOOL"), "check-config", config)
	if !strings.Contains(string(out), "1 templates") {
		t.Errorf("amtool has not found the templates:\n%s", out)
	}
}

// TestMessages renders each template for each set of alerts, as Alertmanager does.
func TestMessages(t *testing.T) {
	amtool := tool(t, "AMTOOL")
	for _, data := range []string{"exceptions", "resolved"} {
		t.Run(data, func(t *testing.T) {
			var got bytes.Buffer
			for _, name := range []string{"subject", "link", "slack.title", "slack.text", "email.text", "email.html"} {
				kind := "text"
				if strings.HasSuffix(name, ".html") {
					kind = "html"
				}
				out := run(t, amtool, "template", "render", "--template.glob=alertmanager/periskop.tmpl", "--template.type="+kind,
					"--template.data=testdata/alertmanager/"+data+".json", `--template.text={{ template "periskop.`+name+`" . }}`)
				fmt.Fprintf(&got, "--- periskop.%s\n%s\n", name, bytes.TrimSuffix(out, []byte("\n")))
			}
			golden(t, "testdata/alertmanager/"+data+".golden", got.Bytes())
		})
	}
}
