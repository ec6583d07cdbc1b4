package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An Error is one mistake in a configuration file, or one warning about it.
type Error struct {
	File    string // as given to Load or Parse
	Line    int    // counted from 1; 0 when the mistake has no line
	Path    string // of the key, as services[2].scraper.timeout; "" for the file as a whole
	Message string // what is wrong and what to write instead; it never holds a secret

	// Warning says that the file is valid all the same.
	Warning bool
}

// Error returns the mistake as file:line: path: message, without what is not known. A
// warning has that word before its path.
func (e Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Warning {
		b.WriteString(": warning")
	}
	if e.Path != "" {
		b.WriteString(": " + e.Path)
	}
	b.WriteString(": " + e.Message)
	return b.String()
}

// Errors are all mistakes of a file, with its warnings between, in the order of their
// lines.
type Errors []Error

// Error returns the mistakes, one a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// maxMistakes bounds what a reader has to scroll through, and the work that a file
// full of unknown keys causes.
const maxMistakes = 100

// mistakes collects the Errors of one file.
type mistakes struct {
	file     string
	list     Errors
	warnings Errors
	seen     map[Error]bool

	// count rises with every call of add, so that a caller can tell whether something
	// was found meanwhile, kept or not.
	count int
}

func (m *mistakes) add(line int, path, format string, args ...any) {
	m.count++
	if m.full() {
		return
	}
	e := Error{File: m.file, Line: line, Path: path, Message: fmt.Sprintf(format, args...)}
	if m.first(e) {
		m.list = append(m.list, e)
	}
}

// warn is add for what is probably wrong, and no reason to refuse the file.
func (m *mistakes) warn(line int, path, format string, args ...any) {
	if len(m.warnings) >= maxMistakes {
		return
	}
	e := Error{File: m.file, Line: line, Path: path, Message: fmt.Sprintf(format, args...), Warning: true}
	if m.first(e) {
		m.warnings = append(m.warnings, e)
	}
}

// first reports whether e was not seen before. A mistake in a block that several services
// inherit is found once for each.
func (m *mistakes) first(e Error) bool {
	if m.seen[e] {
		return false
	}
	if m.seen == nil {
		m.seen = make(map[Error]bool)
	}
	m.seen[e] = true
	return true
}

func (m *mistakes) full() bool { return len(m.list) >= maxMistakes }

// err returns the mistakes and warnings as Errors, or nil when there are no mistakes.
func (m *mistakes) err() error {
	if len(m.list) == 0 {
		return nil
	}
	all := sorted(append(m.warnings, m.list...))
	if m.full() {
		return append(all, Error{File: m.file, Message: "there may be more mistakes; correct these first"})
	}
	return all
}

// sorted returns list in the order of lines.
func sorted(list Errors) Errors {
	slices.SortStableFunc(list, func(a, b Error) int { return cmp.Compare(a.Line, b.Line) })
	return list
}
