package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/exporter-toolkit/web"
)

// TestUser believes names only from where they are known to be right.
func TestUser(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	users := file("users.yml", "basic_auth_users:\n  ada: $2y$10$x\n")
	tls := file("tls.yml", "tls_server_config: {cert_file: a, key_file: b}\n")
	for name, c := range map[string]struct {
		header, config string
		request        http.Header
		want           string
	}{
		"nobody is known":               {"", "", http.Header{"X-User": {"eve"}, "Authorization": {"Basic ZXZlOng="}}, ""},
		"a password was asked for":      {"", users, http.Header{"X-User": {"eve"}, "Authorization": {"Basic YWRhOng="}}, "ada"},
		"and none was sent":             {"", users, http.Header{"X-User": {"eve"}}, ""},
		"no password was asked for":     {"", tls, http.Header{"Authorization": {"Basic ZXZlOng="}}, ""},
		"the file is gone":              {"", filepath.Join(dir, "none"), http.Header{"Authorization": {"Basic ZXZlOng="}}, ""},
		"a proxy says it":               {"x-user", users, http.Header{"X-User": {"bob"}, "Authorization": {"Basic YWRhOng="}}, "bob"},
		"a proxy says nothing":          {"X-User", users, http.Header{"Authorization": {"Basic YWRhOng="}}, ""},
		"a name of several lines":       {"X-User", "", http.Header{"X-User": {" bob\t\x00 \xff "}}, "bob \x00 \ufffd"},
		"a name of more than one reads": {"X-User", "", http.Header{"X-User": {strings.Repeat("é", 200)}}, strings.Repeat("é", 127)},
	} {
		t.Run(name, func(t *testing.T) {
			e := &exporter{flags: &serveFlags{userHeader: c.header, web: &web.FlagConfig{WebConfigFile: &c.config}}}
			if got := e.user(&http.Request{Header: c.request}); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
