package main

import (
	"net/http"
	"os"
	"regexp"

	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/triage"
)

// headerName is a token: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2.
var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// user names who sends a request: whom a proxy says it is, which is trusted for that if the flag
// names its header, or whom this program has asked for a password.
func (e *exporter) user(r *http.Request) string {
	name := ""
	switch {
	case e.flags.userHeader != "":
		name = r.Header.Get(e.flags.userHeader)
	case asksForPasswords(*e.flags.web.WebConfigFile):
		name, _, _ = r.BasicAuth()
	}
	return triage.Name(name, triage.MaxUser)
}

// asksForPasswords reports whether the web configuration in that file, which is read again for each
// request that is answered by it, has users: the names that clients send have passwords then.
func asksForPasswords(file string) bool {
	if file == "" {
		return false
	}
	var c struct {
		Users map[string]string `yaml:"basic_auth_users"`
	}
	text, err := os.ReadFile(file)
	return err == nil && yaml.Unmarshal(text, &c) == nil && len(c.Users) > 0
}
