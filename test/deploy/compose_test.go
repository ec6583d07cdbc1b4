//go:build e2e

package deploy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A composition is a compose file, as its own library reads it.
type composition struct {
	Services map[string]struct {
		Image   string
		Command []string
		Volumes []struct {
			Type, Source, Target string
			ReadOnly             bool `json:"read_only"`
		}
	}
}

func readComposition(t *testing.T) *composition {
	t.Helper()
	cmd := exec.Command(fromRoot("bin/compose"), fromRoot("deploy/compose/compose.yaml"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var c composition
	if err := json.Unmarshal(out, &c); err != nil {
		t.Fatal(err)
	}
	return &c
}

// A composeCopy is a copy of what the compose file mounts, in which the services are found where they
// are here.
type composeCopy struct {
	*composition
	dir       string
	addresses map[string]string
}

func newComposeCopy(t *testing.T) *composeCopy {
	t.Helper()
	c := &composeCopy{composition: readComposition(t), dir: t.TempDir(), addresses: map[string]string{}}
	if out, err := exec.Command("cp", "-r", fromRoot("deploy/compose"), c.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c.dir = filepath.Join(c.dir, "compose")
	var pairs []string
	for name, port := range map[string]string{"exporter": "9968", "prometheus": "9090", "alertmanager": "9093"} {
		c.addresses[name] = process.FreeAddress(t)
		pairs = append(pairs, name+":"+port, c.addresses[name])
	}
	for _, file := range []string{"exporter/config.yaml", "prometheus/prometheus.yml"} {
		text, err := os.ReadFile(filepath.Join(c.dir, file))
		if err != nil {
			t.Fatal(err)
		}
		replaced := strings.NewReplacer(append(pairs, "localhost:9968", c.addresses["exporter"])...).Replace(string(text))
		if replaced == string(text) {
			t.Errorf("%s names no other service", file)
		}
		if err := os.WriteFile(filepath.Join(c.dir, file), []byte(replaced), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// start runs a program with the command of a service.
func (c *composeCopy) start(t *testing.T, service, binary, ready string) *process.Program {
	t.Helper()
	path, err := filepath.Abs(fromRoot(binary))
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(fromRoot("deploy/compose"))
	if err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for _, v := range c.Services[service].Volumes {
		here := filepath.Join(c.dir, "volumes", v.Source)
		if v.Type == "bind" {
			here = filepath.Join(c.dir, strings.TrimPrefix(v.Source, root))
		}
		pairs = append(pairs, "="+v.Target, "="+here)
	}
	var args []string
	for _, arg := range c.Services[service].Command {
		args = append(args, strings.NewReplacer(pairs...).Replace(arg))
	}
	address := c.addresses[service]
	args = append(args, "--web.listen-address="+address)
	if service == "alertmanager" {
		args = append(args, "--cluster.listen-address=")
	}
	return process.Command(t, path, address, ready, args...)
}

// TestCompose starts the programs with the commands and the files of the compose file, and
// waits until each has found the others.
func TestCompose(t *testing.T) {
	c := newComposeCopy(t)
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			if _, err := os.Stat(v.Source); v.Type == "bind" && (err != nil || !v.ReadOnly) {
				t.Errorf("%s mounts %s: %v, read only: %t", name, v.Source, err, v.ReadOnly)
			}
		}
	}
	if want := ":" + version(t); !strings.HasSuffix(c.Services["exporter"].Image, want) {
		t.Errorf("runs %s, want %s", c.Services["exporter"].Image, want)
	}
	c.start(t, "alertmanager", "bin/alertmanager", "/-/ready")
	exporter := c.start(t, "exporter", "bin/slim/periskop_exporter", "/-/ready")
	prometheus := c.start(t, "prometheus", "bin/prometheus", "/-/ready")
	process.Eventually(t, "the exporter scrapes", func() error {
		text, err := process.Get(t.Context(), exporter.URL+"/metrics")
		if err == nil && !strings.Contains(text, `periskop_target_up{service_name="periskop_exporter",target="`+c.addresses["exporter"]+`"} 1`) {
			err = errors.New("not yet")
		}
		return err
	})
	process.Eventually(t, "Prometheus has found Alertmanager and its rules", func() error {
		managers, err := process.Get(t.Context(), prometheus.URL+"/api/v1/alertmanagers")
		if err != nil || !strings.Contains(managers, c.addresses["alertmanager"]) {
			return fmt.Errorf("got %s: %w", managers, err)
		}
		rules, err := process.Get(t.Context(), prometheus.URL+"/api/v1/rules")
		if err != nil || !strings.Contains(rules, "PeriskopAlertsNotSent") {
			return fmt.Errorf("got %s: %w", rules, err)
		}
		return nil
	})
	process.Eventually(t, "Prometheus scrapes the exporter", func() error {
		targets, err := process.Get(t.Context(), prometheus.URL+"/api/v1/targets?state=active")
		if err == nil && (!strings.Contains(targets, c.addresses["exporter"]) || !strings.Contains(targets, `"health":"up"`)) {
			err = fmt.Errorf("got %s", targets)
		}
		return err
	})
	if out, err := exec.Command(fromRoot("bin/amtool"), "check-config", filepath.Join(c.dir, "alertmanager/alertmanager.yml")).CombinedOutput(); err != nil || !strings.Contains(string(out), "1 templates") {
		t.Errorf("amtool: %v\n%s", err, out)
	}
}

// TestComposeGrafana looks whether Grafana would find its dashboards and Prometheus.
func TestComposeGrafana(t *testing.T) {
	var providers struct {
		Providers []struct{ Options struct{ Path string } }
	}
	var sources struct{ Datasources []struct{ URL string } }
	for file, into := range map[string]any{"dashboards/periskop.yaml": &providers, "datasources/prometheus.yaml": &sources} {
		text, err := os.ReadFile(fromRoot("deploy/compose/grafana/provisioning/" + file))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	if len(sources.Datasources) != 1 || sources.Datasources[0].URL != "http://prometheus:9090" {
		t.Errorf("got %+v", sources)
	}
	mounts := map[string]string{}
	for _, v := range readComposition(t).Services["grafana"].Volumes {
		mounts[v.Target] = v.Source
	}
	if mounts["/etc/grafana/provisioning"] == "" || len(providers.Providers) != 1 {
		t.Fatalf("got %v, %+v", mounts, providers)
	}
	files, err := filepath.Glob(filepath.Join(mounts[providers.Providers[0].Options.Path], "*.json"))
	if err != nil || len(files) != 3 || slices.ContainsFunc(files, func(f string) bool { text, err := os.ReadFile(f); return err != nil || !json.Valid(text) }) {
		t.Errorf("Grafana finds the dashboards %v, %v", files, err)
	}
}
