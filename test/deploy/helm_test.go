//go:build e2e_helm

package deploy_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// chart is the directory of the chart.
const chart = "deploy/helm/periskop-exporter"

// helm runs it.
func helm(args ...string) (string, error) {
	cmd := exec.Command(fromRoot("bin/helm"), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = errors.Join(err, errors.New(stderr.String()))
	}
	return string(out), err
}

// template renders the chart as for a cluster with the Prometheus operator.
func template(args ...string) (string, error) {
	return helm(slices.Concat([]string{
		"template", "periskop", fromRoot(chart), "--namespace=monitoring", "--api-versions=monitoring.coreos.com/v1", "--kube-version=1.36.0",
	}, args)...)
}

// TestChartLint holds the chart to the rules of helm.
func TestChartLint(t *testing.T) {
	if out, err := helm("lint", "--strict", fromRoot(chart)); err != nil {
		t.Error(err, out)
	}
}

// TestChart renders the chart with the values of each directory of testdata/helm, holds it
// to the golden file beside them, and has what it makes checked by those who read it.
func TestChart(t *testing.T) {
	values, err := filepath.Glob("testdata/helm/*/values.yaml")
	if err != nil || len(values) < 10 {
		t.Fatalf("found %d files of values: %v", len(values), err)
	}
	for _, file := range values {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			out, err := template("--values=" + file)
			if err != nil {
				t.Fatal(err)
			}
			objects := parse(t, out)
			checked := checkContents(t, objects)
			name := filepath.Base(filepath.Dir(file))
			if (checked["config.yaml"] == 1) == (name == "secrets") || (checked["rules.yaml"] == 1) == (name == "bare") {
				t.Errorf("checked %v", checked)
			}
			got := withoutFiles(t, objects)
			golden := filepath.Join(filepath.Dir(file), "golden.yaml")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("make e2e-helm UPDATE=-update rewrites the golden file (-want +got):\n%s", diff)
			}
		})
	}
}

// An object is one of Kubernetes.
type object map[string]any

// at returns what is found below these keys, nil if nothing is.
func (o object) at(keys ...string) any {
	var value any = map[string]any(o)
	for _, key := range keys {
		m, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = m[key]
	}
	return value
}

func (o object) text(keys ...string) string {
	s, _ := o.at(keys...).(string)
	return s
}

// parse returns the objects of what helm has printed.
func parse(t *testing.T, text string) []object {
	t.Helper()
	var out []object
	for d := yaml.NewDecoder(strings.NewReader(text)); ; {
		var o map[string]any
		switch err := d.Decode(&o); {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			t.Fatalf("%v in\n%s", err, text)
		}
		if o != nil {
			out = append(out, o)
		}
	}
}

// checkContents gives files in ConfigMaps, and rules, to the programs that read them. It
// returns how many of each name there were.
func checkContents(t *testing.T, objects []object) map[string]int {
	t.Helper()
	dir := t.TempDir()
	checked := map[string]int{}
	check := func(name, text string, command ...string) {
		t.Helper()
		checked[name]++
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(fromRoot(command[0]), append(command[1:], file)...).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	for _, o := range objects {
		data, _ := o.at("data").(map[string]any)
		for name, content := range data {
			text, _ := content.(string)
			switch {
			case name == "config.yaml":
				check(name, text, "bin/kubernetes/periskop_exporter", "check-config", "--strict")
			case strings.Contains(text, "periskop-url.invalid"):
				t.Errorf("%s has no URL", name)
			}
		}
		if o.text("kind") == "PrometheusRule" {
			rules, err := yaml.Marshal(o.at("spec"))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(rules, []byte("periskop-job")) || bytes.Contains(rules, []byte("periskop-url.invalid")) {
				t.Errorf("the rules have no job or no URL: %s", rules)
			}
			check("rules.yaml", string(rules), "bin/promtool", "check", "rules", "--lint-fatal")
		}
	}
	return checked
}

// withoutFiles prints the objects in a fixed order, without the dashboards and the text of
// the rules, which have golden files where they are made.
func withoutFiles(t *testing.T, objects []object) string {
	t.Helper()
	name := func(o object) string {
		return o.text("kind") + " " + o.text("metadata", "namespace") + "/" + o.text("metadata", "name")
	}
	slices.SortFunc(objects, func(a, b object) int { return strings.Compare(name(a), name(b)) })
	var b strings.Builder
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	for _, o := range objects {
		if data, ok := o.at("data").(map[string]any); ok {
			for file := range data {
				if strings.HasSuffix(file, ".json") {
					data[file] = "…"
				}
			}
		}
		groups, _ := o.at("spec", "groups").([]any)
		for _, g := range groups {
			group, _ := g.(map[string]any)
			rules, _ := group["rules"].([]any)
			for _, r := range rules {
				rule, _ := r.(map[string]any)
				delete(rule, "expr")
				delete(rule, "annotations")
			}
		}
		if err := e.Encode(map[string]any(o)); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// TestChartRefuses renders values that are wrong.
func TestChartRefuses(t *testing.T) {
	for value, want := range map[string]string{
		"replica=2":                    "additional properties 'replica' not allowed",
		"replicas=-1":                  "minimum",
		"externalURL=periskop":         "externalURL",
		"persistence.size=big":         "size",
		"image.pullPolicy=Sometimes":   "pullPolicy",
		"rbac.discoveryRoles[0]=pods":  "discoveryRoles",
		"serviceMonitor.scheme=gopher": "scheme",
		"peers.enabled=maybe":          "enabled",
	} {
		if out, err := template("--set=" + value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q, and %d bytes", value, err, want, len(out))
		}
	}
}

// TestChartWithoutOperator leaves out what a cluster does not have.
func TestChartWithoutOperator(t *testing.T) {
	out, err := helm("template", "periskop", fromRoot(chart))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range parse(t, out) {
		if strings.Contains(o.text("apiVersion"), "monitoring.coreos.com") {
			t.Errorf("has a %s", o.text("kind"))
		}
	}
}

// TestChartPeers shows when replicas are told of each other, and by which block.
func TestChartPeers(t *testing.T) {
	const (
		pods    = "peers: {dns_sd_configs: [{names: [periskop-periskop-exporter-pods.monitoring.svc], type: A, port: 9968}]}"
		service = ",config.services[0].name=shop,config.services[0].push=true"
		others  = "static_configs[0].targets[0]=other:9968"
	)
	for values, want := range map[string]string{
		"replicas=1":                     "",
		"replicas=2":                     pods,
		"replicas=2,peers.enabled=false": "",
		"replicas=2" + service:           pods,
		"replicas=2,config.peers." + others + service:        "peers: {static_configs: [{targets: ['other:9968']}]}",
		"replicas=2,peers.config.dns_sd_configs[0].port=443": "peers: {dns_sd_configs: [{port: 443}]}",
		"replicas=2,existingConfigSecret.name=periskop":      "",
	} {
		out, err := template("--set=" + values)
		if err != nil {
			t.Fatal(err)
		}
		var got, wanted struct{ Peers map[string]any }
		for _, o := range parse(t, out) {
			if o.text("kind") == "ConfigMap" && o.text("data", "config.yaml") != "" {
				if err := yaml.Unmarshal([]byte(o.text("data", "config.yaml")), &got); err != nil {
					t.Errorf("%s: %v", values, err)
				}
			}
		}
		if err := yaml.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", values, diff)
		}
	}
}
