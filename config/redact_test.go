package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/periskop-exporter/periskop_exporter/config"
)

func TestStringHidesSecrets(t *testing.T) {
	const path = "testdata/redacted.txtar"
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := parse(t, string(archive.Files[0].Data)).String()
	if strings.Contains(got, "s3cret") {
		t.Errorf("a secret is shown:\n%s", got)
	}
	if *update {
		archive.Files[1].Data = []byte(got)
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(got, string(archive.Files[1].Data)); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// TestMessagesHideSecrets puts secrets where a mistake is made.
func TestMessagesHideSecrets(t *testing.T) {
	const base = "services:\n  - name: api\n    static_configs: [{targets: [api]}]\n    scraper:\n      "
	tests := map[string]string{
		"a secret in the place of a mapping":   "basic_auth: s3cret",
		"a secret in the place of a list":      "proxy_connect_header: {X: s3cret}",
		"a list in the place of a secret":      "bearer_token: [s3cret]",
		"a mapping in the place of a secret":   "bearer_token: {s3cret: 1}",
		"a password in a broken proxy URL":     "proxy_url: http://me:s3cret@proxy:80:80",
		"a password in a URL without scheme":   "proxy_url: me:s3cret@proxy",
		"a password in a token URL":            "oauth2: {client_id: a, token_url: 'ftp://me:s3cret@login'}",
		"a secret in broken YAML":              "bearer_token: \"s3cret",
		"a secret with a colon":                "bearer_token: s3cret: 1",
		"a secret with a tab":                  "\tbearer_token: s3cret",
		"a secret beside another":              "{bearer_token: s3cret, authorization: {credentials: s3cret}}",
		"a token in an endpoint":               "endpoint: errors?token=s3cret",
		"a password as an endpoint":            "endpoint: http://me:s3cret@host/errors",
		"a password in the URL of a discovery": "endpoint: /errors\n    http_sd_configs: [{url: 'gopher://me:s3cret@host'}]",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("config.yaml", strings.NewReader(base+text+"\n"))
			if err == nil {
				t.Fatal("no mistake was found")
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("a secret is shown: %v", err)
			}
		})
	}
}
