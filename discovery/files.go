package discovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/prometheus/discovery/targetgroup"
	"gopkg.in/yaml.v3"
)

// fileHealth is the health of file discovery. File discovery logs an error at each attempt to
// read a file that it cannot read, and sends an update for every other file in the meantime.
// An update names its file in the source of its groups, unless the file holds none. File
// discovery does not mention a file that is not there.
type fileHealth struct {
	patterns []string
	missing  map[string]bool       // by pattern
	broken   map[string]brokenFile // by path
	others   *streamHealth
	updated  bool
	done     time.Time
}

type brokenFile struct {
	text  string
	state fileState
}

// A fileState tells whether a file has changed since.
type fileState struct {
	modified int64 // in nanoseconds
	size     int64
}

func newFileHealth(patterns []string) *fileHealth {
	f := &fileHealth{
		patterns: patterns,
		missing:  map[string]bool{},
		broken:   map[string]brokenFile{},
		others:   newStreamHealth("file", time.Time{}),
	}
	f.findMissing()
	return f
}

func (f *fileHealth) record(now time.Time, c logRecord) {
	f.findFound()
	path := c.value("path")
	state, err := stat(path)
	switch {
	case f.isOurs(path) && !errors.Is(err, fs.ErrNotExist):
		text := sentence(fmt.Sprintf("The file %q cannot be read: %s", path, c.err))
		f.broken[path] = brokenFile{text, state}
	case path != "" && errors.Is(err, fs.ErrNotExist):
		// A directory that cannot be watched because it is not there: its files
		// are missing.
	default:
		f.others.record(now, c)
	}
}

func (f *fileHealth) update(now time.Time, groups []*targetgroup.Group) {
	f.findFound()
	f.findMissing()
	f.others.update(now, groups)
	for path, b := range f.broken {
		// An update that was on its way when the file broke tells what was in it before.
		if names(groups, path) && isReadable(path) || len(groups) == 0 && b.state != stateOf(path) {
			delete(f.broken, path)
		}
	}
	f.updated = true
	f.noteComplete(now)
}

func (f *fileHealth) check(now time.Time) {
	f.findMissing()
	f.others.check(now)
	f.noteComplete(now)
}

// noteComplete relies on the discoverer's watch: as long as every file can be read, what
// is in them is known.
func (f *fileHealth) noteComplete(now time.Time) {
	if f.updated && len(f.missing) == 0 && len(f.broken) == 0 && len(f.others.known) == 0 {
		f.done = now
	}
}

func (f *fileHealth) lastComplete() time.Time { return f.done }

// findMissing also forgets what was wrong with files that are gone.
func (f *fileHealth) findMissing() {
	for _, pattern := range f.patterns {
		if !exists(pattern) {
			f.missing[pattern] = true
		}
	}
	for path := range f.broken {
		if _, err := stat(path); errors.Is(err, fs.ErrNotExist) {
			delete(f.broken, path)
		}
	}
}

// findFound is for when the discoverer gives a sign: it has looked again by itself.
// Until then, a file that is back does nothing for anybody.
func (f *fileHealth) findFound() {
	for pattern := range f.missing {
		if exists(pattern) {
			delete(f.missing, pattern)
		}
	}
}

func (f *fileHealth) problems() []problem {
	result := f.others.problems()
	for pattern := range f.missing {
		text := fmt.Sprintf("The file %q does not exist.", pattern)
		if strings.Contains(pattern, "*") {
			text = fmt.Sprintf("No file matches %q.", pattern)
		}
		result = append(result, problem{"missing " + pattern, text})
	}
	for path, b := range f.broken {
		result = append(result, problem{"broken " + path, b.text})
	}
	return sorted(result)
}

// isOurs reports whether path is one of the files, and not a directory of theirs.
func (f *fileHealth) isOurs(path string) bool {
	for _, pattern := range f.patterns {
		if ok, _ := filepath.Match(pattern, path); ok {
			return true
		}
	}
	return false
}

func exists(pattern string) bool {
	paths, err := filepath.Glob(pattern)
	return err == nil && len(paths) > 0
}

// names reports whether groups were read from the file at path. Groups that only tell
// that they are gone have no labels.
func names(groups []*targetgroup.Group, path string) bool {
	for _, group := range groups {
		if group != nil && group.Labels != nil && strings.HasPrefix(group.Source, path+":") {
			return true
		}
	}
	return false
}

// isReadable reports whether the file holds groups now.
func isReadable(path string) bool {
	content, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	var groups []*targetgroup.Group
	if strings.EqualFold(filepath.Ext(path), ".json") {
		return json.Unmarshal(content, &groups) == nil
	}
	return yaml.Unmarshal(content, &groups) == nil
}

func stat(path string) (fileState, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fileState{}, err
	}
	return fileState{info.ModTime().UnixNano(), info.Size()}, nil
}

func stateOf(path string) fileState {
	state, _ := stat(path)
	return state
}
