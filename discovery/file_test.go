package discovery_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery/file"
)

// write replaces a file in one step, as programs do that others read from.
func write(t *testing.T, path, content string) {
	t.Helper()
	temporary := path + ".new"
	if err := os.WriteFile(temporary, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, path); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// fileConfig is read again every hour: what happens before, the file watch causes.
func fileConfig(patterns ...string) *file.SDConfig {
	return &file.SDConfig{Files: patterns, RefreshInterval: model.Duration(time.Hour)}
}

func TestFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "targets.yml")
	write(t, path, `[{targets: ["a:80"], labels: {env: prod}}, {targets: ["b:80"]}]`)
	r := run(t, configuredService("web", fileConfig(path)))
	r.isReady(t)
	r.untilTargets(t, "web", "http://a:80/-/exceptions", "http://b:80/-/exceptions")
	first := r.service("web").Targets
	if got := first[0].Labels.Value("env"); got != "prod" {
		t.Errorf("label env: got %q, want prod", got)
	}

	write(t, path, `[{targets: ["a:80"], labels: {env: prod}}, {targets: ["c:80"]}]`)
	r.untilTargets(t, "web", "http://a:80/-/exceptions", "http://c:80/-/exceptions")
	if r.service("web").Targets[0] != first[0] {
		t.Error("the target that stayed is not the same pointer")
	}

	write(t, path, "- targets: [")
	r.untilProblem(t, "web", "The file", path, "cannot be read: yaml:")
	r.untilTargets(t, "web", "http://a:80/-/exceptions", "http://c:80/-/exceptions")

	write(t, path, "just text, no list")
	r.untilProblem(t, "web", path, "cannot be read", "into a list of target groups")

	write(t, path, `[{targets: ["d:80"]}]`)
	r.untilTargets(t, "web", "http://d:80/-/exceptions")
	r.untilNoProblem(t, "web")

	remove(t, path)
	r.untilTargets(t, "web")
	r.untilProblem(t, "web", "The file", path, "does not exist.")

	write(t, path, `[{targets: ["e:80"]}]`)
	r.untilTargets(t, "web", "http://e:80/-/exceptions")
	r.untilNoProblem(t, "web")

	for _, what := range []string{"cannot be read", "does not exist"} {
		began := r.logs.count("level=WARN", "discovery problem began", "service=web", "discovery=file", what)
		ended := r.logs.count("level=INFO", "discovery problem ended", "service=web", "discovery=file", what)
		if began != 1 || ended != 1 {
			t.Errorf("%s: %d began and %d ended in the log, want 1 and 1:\n%s", what, began, ended, r.logs)
		}
	}
}

func TestFileMissingAtTheStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "targets.json")
	r := run(t, configuredService("web", fileConfig(path)))
	r.isReady(t)
	r.untilProblem(t, "web", "The file", path, "does not exist.")

	write(t, path, `[{"targets": ["a:80"]}]`)
	r.untilTargets(t, "web", "http://a:80/-/exceptions")
	r.untilNoProblem(t, "web")
}

// A directory that is not there cannot be watched; the file is found at the next
// refresh.
func TestFileInMissingDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "later")
	path := filepath.Join(dir, "targets.json")
	config := fileConfig(path)
	config.RefreshInterval = model.Duration(50 * time.Millisecond)
	r := run(t, configuredService("web", config))
	r.untilProblem(t, "web", "The file", path, "does not exist.")

	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, path, `[{"targets": ["a:80"]}]`)
	r.untilTargets(t, "web", "http://a:80/-/exceptions")
	r.untilNoProblem(t, "web")
}

func TestFilePattern(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pattern := filepath.Join(dir, "*.json")
	sound, broken := filepath.Join(dir, "a.json"), filepath.Join(dir, "b.json")
	r := run(t, configuredService("web", fileConfig(pattern)))
	r.untilProblem(t, "web", "No file matches", pattern)

	write(t, sound, `[{"targets": ["a:80"]}]`)
	r.untilTargets(t, "web", "http://a:80/-/exceptions")
	r.untilNoProblem(t, "web")

	write(t, broken, `{"targets": ["b:80"]}`)
	r.untilProblem(t, "web", broken, "cannot be read", "a list of target groups")

	// That the other file is read well is no news about this one.
	write(t, sound, `[{"targets": ["c:80"]}]`)
	r.untilTargets(t, "web", "http://c:80/-/exceptions")
	r.untilProblem(t, "web", broken, "cannot be read")

	// An empty list is no target, and no problem.
	write(t, broken, `[]`)
	r.untilNoProblem(t, "web")

	write(t, broken, `nonsense`)
	r.untilProblem(t, "web", broken, "cannot be read")
	remove(t, broken)
	r.untilNoProblem(t, "web")
	r.untilTargets(t, "web", "http://c:80/-/exceptions")
}
