//go:build e2e_docs

package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	source  = regexp.MustCompile(`(?:src|srcset|href)="([^"]+)"`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
	mark    = regexp.MustCompile(`[^\pL\pN _-]`)
)

// ownFiles is where the files of the repository are seen.
const ownFiles = "https://github.com/periskop-exporter/periskop_exporter/blob/main/"

// TestLinks follows every link to a file of the repository, and to a heading in one.
// Links to other sites are only looked at.
func TestLinks(t *testing.T) {
	all := pages(t)
	for _, p := range all {
		for _, m := range append(link.FindAllStringSubmatch(p.prose, -1), source.FindAllStringSubmatch(p.prose, -1)...) {
			target := strings.TrimPrefix(m[1], ownFiles)
			if strings.HasPrefix(target, "https://") {
				continue
			}
			if strings.Contains(target, "://") {
				t.Errorf("%s: %s is no link to a page of the web", p.path, m[1])
				continue
			}
			followLink(t, all, p.path, target, target != m[1])
		}
	}
}

// followLink checks a target that is relative to the page, or to the root.
func followLink(t *testing.T, all []page, from, target string, fromRoot bool) {
	t.Helper()
	file, anchor, _ := strings.Cut(target, "#")
	name := path.Join(path.Dir(from), file)
	switch {
	case file == "":
		name = from
	case fromRoot:
		name = file
	}
	if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil {
		t.Errorf("%s: the link %s leads nowhere: %v", from, target, err)
		return
	}
	if anchor == "" {
		return
	}
	i := slices.IndexFunc(all, func(p page) bool { return p.path == name })
	if i < 0 || !slices.Contains(anchors(all[i].prose), anchor) {
		t.Errorf("%s: the link %s leads to no heading", from, target)
	}
}

// anchors returns what GitHub makes of the headings.
func anchors(prose string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(prose, -1) {
		text := mark.ReplaceAllString(strings.ToLower(m[1]), "")
		out = append(out, strings.ReplaceAll(text, " ", "-"))
	}
	return out
}
