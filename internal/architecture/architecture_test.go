package architecture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestArchitecture holds the module to the table of who may import whom.
func TestArchitecture(t *testing.T) {
	packages, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) == 0 {
		t.Fatal("go list found no package")
	}
	for _, fault := range check(packages) {
		t.Error(fault)
	}
}

// tags are all that the module's own files use, and the one that leaves out the
// mechanisms that only fill the list of dependencies.
const tags = "remove_all_sd,e2e,e2e_kubernetes,e2e_logs,e2e_image,e2e_packages,e2e_helm,screenshots"

// listed is the part that is read of what `go list -json` prints.
type listed struct {
	Dir, ImportPath, Name, Doc         string
	Imports, TestImports, XTestImports []string
	Deps, IgnoredGoFiles               []string
}

// load reads the packages of the module, with the files that a build tag leaves
// out: the table holds for them as well.
func load() ([]goPackage, error) {
	out, err := exec.Command("go", "list", "-e", "-tags="+tags, "-json", module+"/...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr(err))
	}
	var packages []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the output of go list: %w", err)
		}
		p := goPackage{
			path: l.ImportPath, name: l.Name, doc: l.Doc, deps: l.Deps, imports: l.Imports,
			testImports: slices.Concat(l.TestImports, l.XTestImports),
		}
		for _, file := range l.IgnoredGoFiles {
			imports, err := importsOf(filepath.Join(l.Dir, file))
			if err != nil {
				return nil, err
			}
			if strings.HasSuffix(file, "_test.go") {
				p.testImports = append(p.testImports, imports...)
			} else {
				p.imports = append(p.imports, imports...)
			}
		}
		packages = append(packages, p)
	}
}

func importsOf(file string) ([]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, fmt.Errorf("read the imports of a file behind a build tag: %w", err)
	}
	var imports []string
	for _, spec := range parsed.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: import %s: %w", file, spec.Path.Value, err)
		}
		imports = append(imports, path)
	}
	return imports, nil
}

// stderr returns what a command that failed has written to its standard error.
func stderr(err error) string {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(exit.Stderr)
	}
	return ""
}
