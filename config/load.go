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
// but is no valid configuration.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	c, err := Parse(path, f)
	if err != nil {
		return nil, err
	}
	c.setDirectory(filepath.Dir(path))
	return c, nil
}

// Parse reads a configuration from r; name is the file's in messages. It touches
// neither files nor network, and leaves relative paths as they are. The error is an
// Errors when r could be read but holds no valid configuration.
func Parse(name string, r io.Reader) (*Config, error) {
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
	check.check(root, reflect.TypeFor[rawConfig]())
	if err := found.err(); err != nil {
		return nil, err
	}
	c := build(check, root)
	if err := found.err(); err != nil {
		return nil, err
	}
	c.text = redact(root)
	return c, nil
}
