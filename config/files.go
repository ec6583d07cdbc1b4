package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	commonconfig "github.com/prometheus/common/config"
)

// fileKey warns when f, a key of the mapping with schema s, names a file that cannot be
// read. A file may be made later, as a secret that is mounted, so this is no mistake.
func (c *checker) fileKey(f field, s *schema) {
	if c.dir == nil {
		return // Parse touches no files.
	}
	switch {
	case f.key == "files" && slices.Contains(s.types, reflect.TypeFor[commonconfig.Header]()):
		for _, item := range f.value.items {
			c.file(item)
		}
	case strings.HasSuffix(f.key, "_file"):
		c.file(f.value)
	}
}

func (c *checker) file(n *node) {
	if n.empty() || !n.scalar() || !n.sound {
		return
	}
	name := commonconfig.JoinDir(*c.dir, n.yaml.Value)
	if problem := readable(name); problem != "" {
		c.warn(n.line, n.path, "%s %s; what needs it fails until that is mended", quote(name), problem)
	}
}

// readable says what keeps the file of that name from being read, "" when nothing does.
func readable(name string) string {
	info, err := os.Stat(name)
	if err == nil && info.Mode().IsRegular() {
		var f *os.File
		if f, err = os.Open(name); err == nil {
			err = f.Close()
		}
	}
	var reason *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist"
	case errors.As(err, &reason):
		return fmt.Sprintf("cannot be read (%s)", reason.Err)
	case err == nil && info.IsDir():
		return "is a directory"
	}
	return ""
}

// targetFiles warns when nothing matches the pattern n of the file mechanism yet.
func (c *checker) targetFiles(n *node) {
	if c.dir == nil || !n.scalar() || n.empty() {
		return
	}
	name := commonconfig.JoinDir(*c.dir, n.yaml.Value)
	// What is no pattern is reported as a mistake.
	if found, err := filepath.Glob(name); err == nil && len(found) == 0 {
		c.warn(n.line, n.path, "no file matches %s; there are no targets until one does", quote(name))
	}
}
