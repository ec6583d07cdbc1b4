package config_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/config"
)

const (
	examplePath   = "../config.example.yaml"
	referencePath = "../docs/configuration.md"
)

func TestExampleIsValid(t *testing.T) {
	if _, err := config.Load(examplePath); err != nil {
		t.Error(err)
	}
}

// commentedKey is a line of the example with an option that is commented out, or with
// an entry of a list of such. Prose does not begin like that.
var commentedKey = regexp.MustCompile(`^( *)# ( *)(- |[a-z0-9_]+:\s)`)

// uncomment returns text with the options that are commented out, and without prose. A
// comment within a block that is commented out has two signs and goes as well.
func uncomment(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case commentedKey.MatchString(line):
			b.WriteString(commentedKey.ReplaceAllString(line, "$1$2$3"))
		case !strings.HasPrefix(trimmed, "#"):
			b.WriteString(line)
		}
	}
	return b.String()
}

// example returns the example with all its options in use. The shortest of all files is
// in its first comment, and no part of it.
func example(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n\n")
	return uncomment(rest)
}

func missing(t *testing.T, text string) []string {
	t.Helper()
	got, err := config.KeysIn(text)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(keys(), func(key string) bool { return slices.Contains(got, key) })
}

// keys returns the paths of all options but that of a mechanism of these tests.
func keys() []string {
	return slices.DeleteFunc(config.Keys(), func(key string) bool { return strings.HasSuffix(key, ".picky_sd_configs") })
}

func TestExampleHasEveryOption(t *testing.T) {
	for _, key := range missing(t, example(t)) {
		t.Errorf("%s is not in config.example.yaml", key)
	}
}

// TestExampleOptionsAreKnown makes sure that what is commented out is spelt correctly:
// its only mistakes may be that everything is in use at once.
func TestExampleOptionsAreKnown(t *testing.T) {
	_, err := config.Parse("config.example.yaml", strings.NewReader(example(t)))
	var errs config.Errors
	if !errors.As(err, &errs) {
		t.Fatalf("got %v, want mistakes about options that exclude each other", err)
	}
	for _, e := range errs {
		unregistered := strings.HasSuffix(e.Path, "_sd_configs") && strings.HasPrefix(e.Message, "unknown key")
		if !unregistered && !strings.Contains(e.Message, "cannot stand beside") {
			t.Error(e)
		}
	}
}

// TestExampleTestCanFail removes options from the example, one at a time.
func TestExampleTestCanFail(t *testing.T) {
	text := example(t)
	for _, key := range []string{"limits.label_length", "services[].scraper.no_proxy", "alerting.alertmanagers[].path_prefix", "services[].scraper.oauth2.tls_config.min_version"} {
		name := key[strings.LastIndexByte(key, '.')+1:]
		without := regexp.MustCompile(`(?m)^ *`+name+`:.*\n`).ReplaceAllString(text, "")
		if !slices.Contains(missing(t, without), key) {
			t.Errorf("%s was not missed", key)
		}
	}
}

func TestReferenceHasEveryOption(t *testing.T) {
	text, err := os.ReadFile(referencePath)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys() {
		if name := key[strings.LastIndexByte(key, '.')+1:]; !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s is not in docs/configuration.md", key)
		}
	}
}

// TestKubernetesRecipe keeps the configuration for a cluster the same wherever it stands,
// and free of warnings.
func TestKubernetesRecipe(t *testing.T) {
	type file struct {
		Services []struct {
			Name    string           `yaml:"name"`
			Relabel []map[string]any `yaml:"relabel_configs"`
		} `yaml:"services"`
	}
	rulesOf := func(where, text string) []map[string]any {
		t.Helper()
		var f file
		if err := yaml.Unmarshal([]byte(text), &f); err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		for _, s := range f.Services {
			if s.Name == "kubernetes" {
				return s.Relabel
			}
		}
		t.Fatalf("%s has no service kubernetes", where)
		return nil
	}
	recipe := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		block := regexp.MustCompile("(?s)```yaml\n(services:\n  - name: kubernetes\n.*?)```").FindStringSubmatch(string(text))
		if block == nil {
			t.Fatalf("%s has no recipe", path)
		}
		return block[1]
	}
	docs := recipe("../docs/kubernetes.md")
	want := rulesOf("docs/kubernetes.md", docs)
	if diff := cmp.Diff(rulesOf("README.md", recipe("../README.md")), want); diff != "" {
		t.Errorf("README.md (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(rulesOf("config.example.yaml", example(t)), want); diff != "" {
		t.Errorf("config.example.yaml (-got +want):\n%s", diff)
	}
	// These tests do not have the mechanism; the rules are the same for another.
	for _, end := range []string{"", "      - {source_labels: [__meta_kubernetes_namespace, service_name], separator: /, target_label: service_name}\n"} {
		c := parse(t, strings.Replace(docs, "kubernetes_sd_configs: [{role: pod}]", "static_configs: [{targets: ['a:80']}]", 1)+end)
		if len(c.Warnings) > 0 {
			t.Errorf("warnings: %v", c.Warnings)
		}
	}
}
