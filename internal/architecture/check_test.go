package architecture

import (
	"fmt"
	"slices"
	"strings"
)

// A goPackage is what is known of one package of this module. All paths are full
// import paths.
type goPackage struct {
	path        string
	name        string
	doc         string   // the first sentence of its doc comment
	imports     []string // by its files
	testImports []string // by its test files, internal and external
	deps        []string // imports, with all that these depend on
}

// check returns what is wrong with the packages, one sentence for each fault, in
// order.
func check(packages []goPackage) []string {
	var faults []string
	for _, p := range packages {
		faults = append(faults, checkNaming(p)...)
		faults = append(faults, checkTable(p)...)
		faults = append(faults, checkFences(p)...)
	}
	slices.Sort(faults)
	return faults
}

func checkNaming(p goPackage) []string {
	var faults []string
	path := inModule(p.path)
	for name := range strings.SplitSeq(path+"/"+p.name, "/") {
		if vague[name] {
			faults = append(faults, fmt.Sprintf("%s: %q does not say what the package provides", path, name))
			break
		}
	}
	switch {
	case p.doc == "":
		faults = append(faults, fmt.Sprintf("%s: no doc comment on the package", path))
	case p.name != "main" && !strings.HasPrefix(p.doc, "Package "+p.name+" "):
		faults = append(faults, fmt.Sprintf("%s: its doc comment does not begin with %q", path, "Package "+p.name))
	}
	return faults
}

func checkTable(p goPackage) []string {
	path := inModule(p.path)
	r, ok := rowOf(path)
	if !ok {
		return []string{fmt.Sprintf("%s: not in the table of who may import whom", path)}
	}
	if r.everything {
		return nil
	}
	var faults []string
	for _, imported := range p.imports {
		if !ours(imported) || allows(r.imports, inModule(imported)) {
			continue
		}
		faults = append(faults, fmt.Sprintf("%s: imports %s", path, inModule(imported)))
	}
	inTests := append([]string{path, "internal/fleet"}, r.imports...)
	for _, imported := range p.testImports {
		if !ours(imported) || allows(inTests, inModule(imported)) {
			continue
		}
		faults = append(faults, fmt.Sprintf("%s: its tests import %s", path, inModule(imported)))
	}
	return faults
}

func checkFences(p goPackage) []string {
	var faults []string
	path := inModule(p.path)
	for _, imported := range slices.Concat(p.imports, p.testImports) {
		f, ok := fenceOf(imported)
		if ok && !allows(f.within, path) {
			faults = append(faults, fmt.Sprintf("%s: imports %s, which belongs to %s", path, imported, strings.Join(f.within, " and ")))
		}
	}
	for _, dep := range p.deps {
		f, ok := fenceOf(dep)
		if ok && f.linked && !allows(f.within, path) && !slices.Contains(p.imports, dep) {
			faults = append(faults, fmt.Sprintf("%s: depends on %s, which belongs to %s", path, dep, strings.Join(f.within, " and ")))
		}
	}
	return faults
}

// rowOf finds the row of a package, by its own path or by that of a directory
// above it.
func rowOf(path string) (row, bool) {
	if r, ok := table[path]; ok {
		return r, true
	}
	for pattern, r := range table {
		if below(pattern, path) {
			return r, true
		}
	}
	return row{}, false
}

// allows reports whether one of the paths or patterns covers the path.
func allows(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		return pattern == path || below(pattern, path)
	})
}

// below reports whether the pattern ends in /... and the path lies under it.
func below(pattern, path string) bool {
	dir, ok := strings.CutSuffix(pattern, "...")
	return ok && strings.HasPrefix(path+"/", dir)
}

// fenceOf returns the narrowest fence around a package.
func fenceOf(path string) (fence, bool) {
	var found fence
	for _, f := range fences {
		if (path == f.path || strings.HasPrefix(path, f.path+"/")) && len(f.path) > len(found.path) {
			found = f
		}
	}
	return found, found.path != ""
}

func ours(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// inModule returns the path relative to the module, and "." for its root.
func inModule(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}
