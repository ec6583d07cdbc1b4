//go:build e2e_docs

package docs_test

import (
	"regexp"
	"strings"
	"testing"
)

var (
	codeSpan   = regexp.MustCompile("`([^`\n]+)`")
	flagInText = regexp.MustCompile(`(?:^|\s)--([a-z][a-z0-9.-]*)(=\S+)?`)
	flagInHelp = regexp.MustCompile(`(?m)^ *(?:-\w, |    )?--(?:\[no-\])?([a-z][a-z0-9.-]*)`)
)

// TestFlags holds every flag in the text to those that there are, and types those of
// rules and dashboards that have a value: they end by themselves.
func TestFlags(t *testing.T) {
	w := newWorkplace(t)
	commands := []string{"serve", "check-config", "check-target", "rules", "dashboards", "demo"}
	has := map[string][]string{} // commands by flag
	for _, command := range commands {
		for _, m := range flagInHelp.FindAllStringSubmatch(w.run(t, "periskop_exporter help "+command), -1) {
			has[m[1]] = append(has[m[1]], command)
		}
	}
	if len(has) < 30 {
		t.Fatalf("found %d flags in the help", len(has))
	}
	for _, p := range pages(t) {
		for _, span := range codeSpan.FindAllStringSubmatch(p.prose, -1) {
			if word, _, _ := strings.Cut(span[1], " "); word == "make" || word == "go" || word == "amtool" || word == "psql" || word == "systemctl" {
				continue
			}
			for _, m := range flagInText.FindAllStringSubmatch(span[1], -1) {
				name, value := m[1], m[2]
				switch {
				case has[name] == nil:
					t.Errorf("%s: there is no flag --%s", p.path, name)
				case value != "" && (has[name][0] == "rules" || has[name][0] == "dashboards"):
					w.run(t, "periskop_exporter "+has[name][0]+" --web.external-url=http://p '--"+name+value+"'")
				}
			}
		}
	}
}
