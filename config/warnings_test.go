package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/config"
)

// missingFiles names one file that exists and five that cannot be read, and no target
// file.
const missingFiles = `services:
  - name: shop
    file_sd_configs:
      - files: [targets/*.yaml, there/*.yaml]
    http_sd_configs:
      - url: http://inventory.example.org
        tls_config:
          ca_file: here.pem
          cert_file: no/client.pem
          key_file: /nowhere/client.key
    scraper:
      params: {some_file: [not-one]}
      basic_auth: {username: shop, password_file: ""}
      tls_config: {ca_file: there}
      http_headers:
        X-Key: {files: [here.pem, key.txt]}
        some_file: {values: [a]}
  - name: labels
    static_configs:
      - targets: [localhost:80]
        labels: {my_file: not-one}
`

// missingWarnings are those of missingFiles; DIR stands for its directory.
const missingWarnings = `DIR/config.yaml:4: warning: services[0].file_sd_configs[0].files[0]: no file matches "DIR/targets/*.yaml"; there are no targets until one does
DIR/config.yaml:9: warning: services[0].http_sd_configs[0].tls_config.cert_file: "DIR/no/client.pem" does not exist; what needs it fails until that is mended
DIR/config.yaml:10: warning: services[0].http_sd_configs[0].tls_config.key_file: "/nowhere/client.key" does not exist; what needs it fails until that is mended
DIR/config.yaml:14: warning: services[0].scraper.tls_config.ca_file: "DIR/there" is a directory; what needs it fails until that is mended
DIR/config.yaml:16: warning: services[0].scraper.http_headers.X-Key.files[1]: "DIR/key.txt" does not exist; what needs it fails until that is mended`

func TestWarnings(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("here.pem", "")
	write("there/targets.yaml", "")
	shown := func(e config.Errors) string { return strings.ReplaceAll(e.Error(), dir, "DIR") }

	t.Run("a valid file has its warnings", func(t *testing.T) {
		cfg, err := config.Load(write("config.yaml", missingFiles))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(shown(cfg.Warnings), missingWarnings); diff != "" {
			t.Errorf("warnings (-got +want):\n%s", diff)
		}
	})
	t.Run("mistakes stand between the warnings", func(t *testing.T) {
		_, err := config.Load(write("config.yaml", missingFiles+"    scrapper: {}\n"))
		var found config.Errors
		if !errors.As(err, &found) {
			t.Fatalf("got %v, want Errors", err)
		}
		want := missingWarnings + "\nDIR/config.yaml:22: services[1].scrapper: unknown key; did you mean scraper?"
		if diff := cmp.Diff(shown(found), want); diff != "" {
			t.Errorf("mistakes and warnings (-got +want):\n%s", diff)
		}
	})
	t.Run("Parse touches no files", func(t *testing.T) {
		cfg, err := config.Parse("config.yaml", strings.NewReader(missingFiles))
		if err != nil || len(cfg.Warnings) > 0 {
			t.Errorf("got %v, %v, want no warnings", cfg.Warnings, err)
		}
	})
}
