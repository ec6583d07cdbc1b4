// Command mutants takes the wiring of a package apart, one line at a time, and says what its
// tests do not notice. A call that stands alone, an assignment to a field, and a field of a
// literal are left out; a bound, which is a constant called max… or most…, is made 16 times as
// large.
//
// Usage: mutants [-tags TAGS] [-run REGEXP] [-only REGEXP] DIRECTORY
//
// -run chooses among the tests, as that of go test, and -only among the lines that are left out,
// by FILE:LINE: TEXT. The files stay as they are: the tests are built with an overlay. The exit
// code is 1 if something survives.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	t := tester{}
	flags.StringVar(&t.tags, "tags", "", "the build tags")
	flags.StringVar(&t.tests, "run", "", "the tests, as of go test")
	only := flags.String("only", "", "the lines")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("usage: mutants [-tags TAGS] [-run REGEXP] [-only REGEXP] DIRECTORY")
	}
	chosen, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	t.dir = flags.Arg(0)
	if outcome, out, err := t.test(nil); err != nil || outcome != survived {
		return fmt.Errorf("without any change, the tests: %s, %w\n%s", outcome, err, out)
	}
	mutants, err := find(t.dir)
	if err != nil {
		return err
	}
	counts := map[outcome]int{}
	for _, m := range mutants {
		if !chosen.MatchString(m.String()) {
			continue
		}
		o, _, err := t.test(m)
		if err != nil {
			return err
		}
		counts[o]++
		if o != unbuildable {
			fmt.Printf("%-9s %s\n", o, m)
		}
	}
	fmt.Printf("%d noticed, %d survived; %d did not build\n", counts[noticed], counts[survived], counts[unbuildable])
	switch {
	case counts[noticed]+counts[survived] == 0:
		return errors.New("nothing was tried")
	case counts[survived] > 0:
		return errors.New("not everything is noticed")
	}
	return nil
}

// A mutant is a file with a part that is another.
type mutant struct {
	file    string
	line    int
	text    string // the part, or its first line
	content []byte
}

func (m *mutant) String() string {
	return fmt.Sprintf("%s:%d: %s", filepath.Base(m.file), m.line, m.text)
}

// find returns the mutants of the package in the directory.
func find(dir string) ([]*mutant, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var list []*mutant
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		of, err := mutantsOf(file, content)
		if err != nil {
			return nil, err
		}
		list = append(list, of...)
	}
	return list, nil
}

var (
	boundName = regexp.MustCompile(`^(max|most)`)
	// logging changes nothing that a program does.
	logging = regexp.MustCompile(`\.(Debug|Info|Warn|Error)\(`)
)

func mutantsOf(name string, content []byte) ([]*mutant, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, content, 0)
	if err != nil {
		return nil, err
	}
	var list []*mutant
	replace := func(n ast.Node, end token.Pos, by string) {
		from, to := fset.Position(n.Pos()).Offset, fset.Position(end).Offset
		text, _, _ := strings.Cut(string(content[from:to]), "\n")
		list = append(list, &mutant{
			file: name, line: fset.Position(n.Pos()).Line, text: text,
			content: slices.Concat(content[:from], []byte(by), content[to:]),
		})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ExprStmt, *ast.DeferStmt, *ast.GoStmt:
			if !logging.Match(content[fset.Position(n.Pos()).Offset:fset.Position(n.End()).Offset]) {
				replace(n, n.End(), "")
			}
		case *ast.AssignStmt:
			if _, field := n.Lhs[0].(*ast.SelectorExpr); field && n.Tok == token.ASSIGN {
				replace(n, n.End(), "")
			}
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					replace(kv, afterComma(content, fset, kv.End()), "")
				}
			}
		case *ast.ValueSpec:
			for i, v := range n.Values {
				if boundName.MatchString(n.Names[i].Name) {
					at := fset.Position(v.Pos()).Offset
					replace(v, v.End(), "16 * ("+string(content[at:fset.Position(v.End()).Offset])+")")
				}
			}
		}
		return true
	})
	return list, nil
}

// afterComma returns where the comma ends that follows, or where that would be.
func afterComma(content []byte, fset *token.FileSet, end token.Pos) token.Pos {
	rest := content[fset.Position(end).Offset:]
	if trimmed := bytes.TrimLeft(rest, " \t"); bytes.HasPrefix(trimmed, []byte(",")) {
		return end + token.Pos(len(rest)-len(trimmed)+1)
	}
	return end
}

// An outcome is what became of a mutant.
type outcome string

const (
	noticed     outcome = "noticed"
	survived    outcome = "SURVIVED"
	unbuildable outcome = "does not build"
)

// A tester runs the tests of a package.
type tester struct{ dir, tags, tests string }

// test runs them with that change, or none.
func (t *tester) test(m *mutant) (outcome, []byte, error) {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return "", nil, err
	}
	defer os.RemoveAll(dir)
	args := []string{"-tags", t.tags}
	if m != nil {
		overlay, err := m.overlay(dir)
		if err != nil {
			return "", nil, err
		}
		args = append(args, "-overlay", overlay)
	}
	if out, err := t.run(append([]string{"test", "-c", "-o", os.DevNull}, args...)); err != nil {
		return unbuildable, out, nil
	}
	out, err := t.run(append([]string{"test", "-count=1", "-failfast", "-timeout=3m", "-run", t.tests}, args...))
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return noticed, out, nil
	}
	return survived, out, err
}

func (t *tester) run(args []string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = t.dir
	return cmd.CombinedOutput()
}

// overlay writes the changed file, and what go is to be told of it.
func (m *mutant) overlay(dir string) (string, error) {
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, filepath.Base(m.file))
	told, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, errors.Join(os.WriteFile(changed, m.content, 0o600), os.WriteFile(overlay, told, 0o600))
}
