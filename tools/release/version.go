package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// newest is the head of the newest entry of CHANGELOG.md.
var newest = regexp.MustCompile(`(?m)^## (\S+) / (\S+)$`)

// versionOf returns what VERSION says, if the newest entry of the changelog is about it.
// What bears a tag must have that version and a date.
func versionOf(root, tag string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "VERSION"))
	if err != nil {
		return "", err
	}
	version := strings.TrimSpace(string(text))
	log, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return "", err
	}
	m := newest.FindSubmatch(log)
	switch {
	case m == nil:
		return "", fmt.Errorf("CHANGELOG.md has no entry such as ## %s / 2026-01-31", version)
	case string(m[1]) != version:
		return "", fmt.Errorf("VERSION has %s, and the newest entry of CHANGELOG.md %s", version, m[1])
	case tag != "" && tag != "v"+version:
		return "", fmt.Errorf("the tag is %s, and VERSION has %s", tag, version)
	case tag != "" && !released.Match(m[2]):
		return "", fmt.Errorf("CHANGELOG.md says that %s is %s: write the day of the release", version, m[2])
	}
	return version, nil
}

var released = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

// sums is the file of checksums, in the format of sha256sum.
const sums = "sha256sums.txt"

func writeChecksums(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, e := range entries {
		if e.IsDir() || e.Name() == sums {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(content), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, sums), []byte(b.String()), 0o644)
}
