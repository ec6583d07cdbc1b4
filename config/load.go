package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
)

// Load reads the file at path. Relative paths of files in it are relative to its
// directory, as Prometheus has it. The error is an Errors when the file could be read
// but is no valid configuration. A file in it that is missing is among the warnings.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // it names the file
	}
	defer func() { _ = f.Close() }() // it was only read
	return LoadFrom(path, f, filepath.Dir(path))
}

// LoadFrom is Load for a configuration that is read from r, with name in messages and
// relative paths of files relative to dir.
func LoadFrom(name string, r io.Reader, dir string) (*Config, error) {
	c, err := parse(name, r, &dir)
	if err != nil {
		return nil, err
	}
	c.setDirectory(dir)
	return c, nil
}

// Parse reads a configuration from r; name is the file's in messages. It touches
// neither files nor network, and leaves relative paths as they are. The error is an
// Errors when r could be read but holds no valid configuration.
func Parse(name string, r io.Reader) (*Config, error) { return parse(name, r, nil) }

// parse is Parse, with warnings of files that are missing when it is told the directory
// that their paths are relative to.
func parse(name string, r io.Reader, dir *string) (*Config, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	found := &mistakes{file: name}
	root := parseText(found, data)
	if root == nil {
		return nil, found.err()
	}
	check := newChecker(found)
	check.dir = dir
	check.check(root, reflect.TypeFor[rawConfig]())
	report := found.warn
	if len(found.list) > 0 {
		report = found.add // They are probably why.
	}
	lookalikes(data, report)
	if err := found.err(); err != nil {
		return nil, err
	}
	c := build(check, root)
	if err := found.err(); err != nil {
		return nil, err
	}
	check.unreadLabels(root)
	c.Warnings = sorted(found.warnings)
	c.text = safeText(root)
	return c, nil
}
