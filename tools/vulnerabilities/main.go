// Command vulnerabilities runs govulncheck on packages with a database that is a Go module,
// golang.org/x/vulndb, and fails when they call what is known to be vulnerable. What is in
// Go's own library is told and is no failure: a newer Go mends it, and not a change here.
//
// Usage: vulnerabilities GOVULNCHECK VULNDB [ARGUMENT...]
//
// VULNDB is the directory of the module. The arguments are those of govulncheck.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "vulnerabilities:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: vulnerabilities GOVULNCHECK VULNDB [ARGUMENT...]")
	}
	database, err := os.MkdirTemp("", "vulndb")
	if err != nil {
		return err
	}
	defer os.RemoveAll(database)
	entries, err := makeDatabase(filepath.Join(args[1], "data", "osv"), database)
	if err != nil {
		return err
	}
	called, err := check(args[0], database, args[2:])
	if err != nil {
		return err
	}
	failed := false
	for _, c := range called {
		fmt.Printf("%s in %s %s is called, mended in %s: https://pkg.go.dev/vuln/%s\n", c.id, c.module, c.version, c.fixed, c.id)
		failed = failed || c.module != "stdlib" && c.module != "toolchain"
	}
	if failed {
		return errors.New("what is built calls what is known to be vulnerable")
	}
	fmt.Printf("of %d known vulnerabilities none is called outside of Go's own library\n", entries)
	return nil
}

// An entry is what the index needs of a vulnerability (https://ossf.github.io/osv-schema).
type entry struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
	Aliases  []string  `json:"aliases,omitempty"`
	Affected []struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
		Ranges []struct {
			Events []struct {
				Fixed string `json:"fixed"`
			} `json:"events"`
		} `json:"ranges"`
	} `json:"affected"`
}

type (
	indexed struct {
		ID       string    `json:"id"`
		Modified time.Time `json:"modified"`
		Fixed    string    `json:"fixed,omitempty"`
	}
	module struct {
		Path  string    `json:"path"`
		Vulns []indexed `json:"vulns"`
	}
)

// makeDatabase makes of the entries what govulncheck reads
// (https://go.dev/doc/security/vuln/database#api), and returns how many there are.
func makeDatabase(from, to string) (int, error) {
	files, err := filepath.Glob(filepath.Join(from, "*.json"))
	if err != nil || len(files) == 0 {
		return 0, errors.Join(err, fmt.Errorf("found no vulnerabilities in %s", from))
	}
	modules, newest := map[string]*module{}, time.Time{}
	var all []entry
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		var e entry
		if err := json.Unmarshal(content, &e); err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		if err := write(content, to, "ID", filepath.Base(file)); err != nil {
			return 0, err
		}
		all = append(all, entry{ID: e.ID, Modified: e.Modified, Aliases: e.Aliases})
		if e.Modified.After(newest) {
			newest = e.Modified
		}
		for path, v := range e.byModule() {
			if modules[path] == nil {
				modules[path] = &module{Path: path}
			}
			modules[path].Vulns = append(modules[path].Vulns, v)
		}
	}
	list := make([]*module, 0, len(modules))
	for _, m := range modules {
		list = append(list, m)
	}
	return len(all), errors.Join(
		writeJSON(map[string]time.Time{"modified": newest}, to, "index", "db.json"),
		writeJSON(list, to, "index", "modules.json"),
		writeJSON(withoutAffected(all), to, "index", "vulns.json"),
	)
}

// byModule returns what the index has of each module that is affected: where several ranges
// are, the last version that mends one, as govulncheck skips modules that are not older.
func (e *entry) byModule() map[string]indexed {
	out := map[string]indexed{}
	for _, a := range e.Affected {
		v := indexed{ID: e.ID, Modified: e.Modified}
		for _, r := range a.Ranges {
			for _, event := range r.Events {
				if event.Fixed != "" {
					v.Fixed = event.Fixed
				}
			}
		}
		if before, ok := out[a.Package.Name]; ok && before.Fixed != v.Fixed {
			v.Fixed = "" // to be looked at in full
		}
		out[a.Package.Name] = v
	}
	return out
}

type listed struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
	Aliases  []string  `json:"aliases,omitempty"`
}

func withoutAffected(all []entry) []listed {
	out := make([]listed, len(all))
	for i, e := range all {
		out[i] = listed{e.ID, e.Modified, e.Aliases}
	}
	return out
}

func writeJSON(v any, path ...string) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return write(content, path...)
}

func write(content []byte, path ...string) error {
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o600)
}

// A called is a vulnerable symbol that is called.
type called struct{ id, module, version, fixed string }

// check runs govulncheck, whose status is 0 with -json whatever it finds.
func check(program, database string, args []string) ([]called, error) {
	cmd := exec.Command(program, append([]string{"-json", "-db", "file://" + filepath.ToSlash(database)}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	found, err := read(out)
	return found, errors.Join(err, cmd.Wait())
}

// read reads the messages of govulncheck.
func read(r io.Reader) ([]called, error) {
	var found []called
	scanned := false
	for d := json.NewDecoder(r); ; {
		var message struct {
			Config  *struct{} `json:"config"`
			Finding *struct {
				OSV          string `json:"osv"`
				FixedVersion string `json:"fixed_version"`
				Trace        []struct {
					Module   string `json:"module"`
					Version  string `json:"version"`
					Function string `json:"function"`
				} `json:"trace"`
			} `json:"finding"`
		}
		err := d.Decode(&message)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read what govulncheck found: %w", err)
		}
		scanned = scanned || message.Config != nil
		if f := message.Finding; f != nil && len(f.Trace) > 0 && f.Trace[0].Function != "" {
			c := called{f.OSV, f.Trace[0].Module, f.Trace[0].Version, f.FixedVersion}
			if !slices.Contains(found, c) {
				found = append(found, c)
			}
		}
	}
	if !scanned {
		return nil, errors.New("govulncheck said nothing")
	}
	return found, nil
}
