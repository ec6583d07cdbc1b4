package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An Error is one mistake in a configuration file.
type Error struct {
	File    string // as given to Load or Parse
	Line    int    // counted from 1; 0 when the mistake has no line
	Path    string // of the key, as services[2].scraper.timeout; "" for the file as a whole
	Message string // what is wrong and what to write instead; it never holds a secret
}

// Error returns the mistake as file:line: path: message, without what is not known.
func (e Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Path != "" {
		b.WriteString(": " + e.Path)
	}
	b.WriteString(": " + e.Message)
	return b.String()
}

// Errors are all mistakes of a file, in the order of their lines.
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
	file string
	list Errors
	seen map[Error]bool

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
	// A mistake in a block that several services inherit is found once for each.
	if m.seen[e] {
		return
	}
	if m.seen == nil {
		m.seen = make(map[Error]bool)
	}
	m.seen[e] = true
	m.list = append(m.list, e)
}

func (m *mistakes) full() bool { return len(m.list) >= maxMistakes }

// err returns the mistakes as Errors, or nil when there are none.
func (m *mistakes) err() error {
	if len(m.list) == 0 {
		return nil
	}
	slices.SortStableFunc(m.list, func(a, b Error) int { return cmp.Compare(a.Line, b.Line) })
	if m.full() {
		return append(m.list, Error{File: m.file, Message: "there may be more mistakes; correct these first"})
	}
	return m.list
}
