//go:build e2e_docs

package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// root is the top of the repository.
const root = "../.."

// A page is a Markdown file.
type page struct {
	path   string // below the root
	prose  string // all but its blocks of code
	blocks []block
}

// A block is code on a page, fenced or indented.
type block struct {
	page string
	line int
	lang string // of the fence, "" without
	text string // without the indentation that makes it a block
}

// pages returns all pages of the repository.
func pages(t *testing.T) []page {
	t.Helper()
	var out []page
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "node_modules" || name == "testdata" || name == "bin" || strings.HasPrefix(name, ".") && name != ".." && path != root) {
			return filepath.SkipDir
		}
		if filepath.Ext(name) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		out = append(out, parse(filepath.ToSlash(relative), string(text)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("found %d pages", len(out))
	}
	return out
}

var (
	fence    = regexp.MustCompile("^( *)```(\\w*)$")
	indented = regexp.MustCompile(`^ {4,}\S`)
)

// parse finds the blocks of code. It reads the Markdown that we write, and no more.
func parse(path, text string) page {
	p := page{path: path}
	lines := strings.Split(text, "\n")
	var prose []string
	for i := 0; i < len(lines); i++ {
		b := block{page: path, line: i + 1}
		end := i
		switch m := fence.FindStringSubmatch(lines[i]); {
		case m != nil:
			b.lang = m[2]
			for end = i + 1; end < len(lines) && strings.TrimSpace(lines[end]) != "```"; end++ {
				b.text += strings.TrimPrefix(lines[end], m[1]) + "\n"
			}
		case indented.MatchString(lines[i]) && (i == 0 || strings.TrimSpace(lines[i-1]) == ""):
			indent := lines[i][:len(lines[i])-len(strings.TrimLeft(lines[i], " "))]
			for ; end < len(lines) && (strings.HasPrefix(lines[end], indent) || strings.TrimSpace(lines[end]) == ""); end++ {
				b.text += strings.TrimPrefix(lines[end], indent) + "\n"
			}
			end--
			b.text = strings.TrimRight(b.text, "\n") + "\n"
		default:
			prose = append(prose, lines[i])
			continue
		}
		p.blocks = append(p.blocks, b)
		i = end
	}
	p.prose = strings.Join(prose, "\n")
	return p
}

// A kind says what is done with a block.
type kind int

const (
	unknown kind = iota
	commands
	query
	settings // YAML
	report   // what a client library serves
	output   // what the command before prints, or a picture in letters
	program  // that test/deploy runs: of Go, or a configuration of nginx; or a template of a URL, which test/logs does
)

// programs are those that commands begin with.
var programs = []string{"periskop_exporter", "./bin/periskop_exporter", "make", "go", "amtool", "curl", "helm", "docker", "sudo", "tar"}

var outputLine = regexp.MustCompile(`^config\.yaml:\d+: |^discovery -> scrape -> merge -> `)

func (b *block) kind() kind {
	first := strings.TrimPrefix(b.text, "$ ")
	word, _, _ := strings.Cut(strings.TrimRight(first, "\n"), " ")
	switch {
	case b.lang == "promql":
		return query
	case b.lang == "go", b.lang == "nginx", b.lang == "url":
		return program
	case b.lang == "yaml", b.lang == "" && strings.HasPrefix(b.text, "services:\n"):
		return settings
	case strings.HasPrefix(b.text, `{"target_uuid":`):
		return report
	case b.lang != "" && b.lang != "sh":
		return unknown
	case outputLine.MatchString(b.text):
		return output
	}
	for _, p := range programs {
		if word == p {
			return commands
		}
	}
	return unknown
}

// ofKind returns the blocks of a kind.
func ofKind(t *testing.T, k kind) []block {
	t.Helper()
	var out []block
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.kind() == k {
				out = append(out, b)
			}
		}
	}
	if len(out) == 0 {
		t.Fatal("found none")
	}
	return out
}

// TestReports reads every report with the decoder.
func TestReports(t *testing.T) {
	for _, b := range ofKind(t, report) {
		r, err := periskop.Decode([]byte(b.text))
		if err != nil || len(r.Aggregates) == 0 || r.Skipped > 0 {
			t.Errorf("%s:%d: %v, %+v", b.page, b.line, err, r)
		}
	}
}

// TestBlocks fails for a block that no other test would look at.
func TestBlocks(t *testing.T) {
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.kind() == unknown {
				t.Errorf("%s:%d: neither commands, nor a query, nor YAML; say in test/docs what it is:\n%s", b.page, b.line, b.text)
			}
		}
	}
}
