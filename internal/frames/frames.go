package frames

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// An Origin says whose code a line of a stack trace is.
type Origin string

// The origins. The values are also classes of the pages' style sheet.
const (
	Own     Origin = "own"
	Library Origin = "lib"
	// Unknown is that of lines that are no frames, such as headlines.
	Unknown Origin = ""
)

// Origins tells for each line of a stack trace whose code it is. A line is the
// application's when its function, its file or a directory of its file begins with one
// of own, or, when own is empty, when nothing says that it is a library's.
func Origins(lines, own []string) []Origin {
	list := make([]Origin, len(lines))
	for i, l := range read(lines, own) {
		list[i] = l.origin
	}
	return list
}

// maxLines is how many lines are looked at: the beginning and the end of a stack that ran
// over have all that there is to know.
const maxLines = 2000

// bounded returns the lines that are looked at.
func bounded(lines []string) []string {
	if len(lines) <= maxLines {
		return lines
	}
	return slices.Concat(lines[:maxLines/2], lines[len(lines)-maxLines/2:])
}

// Topmost returns the innermost frames of the application, the innermost first and at
// most that many; those of libraries, and false, when the application has none. A frame is
// one line, with the source text that belongs to it.
func Topmost(lines, own []string, most int) (out []string, isOwn bool) {
	lines = bounded(lines)
	all, library, found := group(lines, own)
	if !found {
		for _, line := range lines {
			if text := strings.TrimSpace(line); text != "" && len(out) < most {
				out = append(out, text)
			}
		}
		return out, false
	}
	isOwn = slices.Contains(library, false)
	for i, text := range all {
		if len(out) < most && library[i] != isOwn {
			out = append(out, text)
		}
	}
	return out, isOwn
}

// TopmostOf does so for an exception and its causes, whose stack traces are given from
// the outermost on: it takes the first that has frames of the application, or else the
// first that has any.
func TopmostOf(stacks [][]string, own []string, most int) []string {
	var out []string
	for _, lines := range stacks {
		list, isOwn := Topmost(lines, own, most)
		if isOwn {
			return list
		}
		if out == nil {
			out = list
		}
	}
	return out
}

// group joins the lines of each frame, the innermost frame first, and says which frames
// are libraries'. It returns false when no line is a frame.
func group(lines, own []string) (text []string, library []bool, found bool) {
	innermostLast, before := false, roleNone
	for i, l := range read(lines, own) {
		line := strings.Join(strings.Fields(lines[i]), " ")
		switch {
		case line == "" || l.role == roleNone:
		case l.role == roleText && strings.Trim(line, "^~ ") == "":
		case l.role == roleText, l.role == roleBelow && before == roleFunction:
			text[len(text)-1] += ": " + line
		default:
			innermostLast = innermostLast || l.innermostLast
			text = append(text, line)
			library = append(library, l.origin == Library)
		}
		before = l.role
	}
	if innermostLast {
		slices.Reverse(text)
		slices.Reverse(library)
	}
	return text, library, len(text) > 0
}

// A line is what is known of a line of a stack trace.
type line struct {
	parsedLine
	origin Origin
}

// read reads the lines one after the other, as some belong to the one before.
func read(lines, own []string) []line {
	list := make([]line, len(lines))
	for i, text := range lines {
		l := &list[i]
		var before *line
		if i > 0 {
			before = &list[i-1]
		}
		l.parsedLine = parseLine(text, before)
		switch l.role {
		case roleNone:
		case roleText:
			l.origin = before.origin
			l.continues, l.innermostLast = before.continues, before.innermostLast
		case roleFrame, roleFunction, roleBelow:
			l.origin = l.parsedLine.origin(own)
		}
		if l.role == roleBelow && before != nil {
			before.takeFile(l)
		}
	}
	return list
}

// takeFile lets a line that names a function have what the line after it, which names
// its file, is found to be: a file tells more than a function.
func (l *line) takeFile(file *line) {
	if l.role == roleNone && !l.note {
		l.role = roleFunction // without brackets, as github.com/pkg/errors prints it
	}
	if l.role == roleFunction {
		l.origin = file.origin
	}
}

// A parsedLine is what a line of a stack trace says of its frame. Any of it may be empty.
type parsedLine struct {
	role           role
	file, function string
	// jvmFile is the file of a class without its directory, and the line.
	jvmFile string
	// libraries are the names of libraries in the language of the line.
	libraries names
	// library is set when the form of the line says that it is one's.
	library bool
	// continues is set when lines of source text may follow.
	continues bool
	// innermostLast is set for languages that print the innermost frame last.
	innermostLast bool
	// note is set for a line that is known to be no frame.
	note bool
}

// A role is what a line is within a stack trace.
type role int

// The roles.
const (
	roleNone     role = iota // a headline, a note, or nothing that is known
	roleFrame                // a frame
	roleFunction             // the first line of a frame that has its file in the next
	roleBelow                // that next line
	roleText                 // source text of the frame before
)

func (l *parsedLine) origin(own []string) Origin {
	if len(own) > 0 {
		if slices.ContainsFunc(own, l.beginsWith) {
			return Own
		}
		return Library
	}
	if l.library || l.libraries.has(l.function) || isLibraryFile(l.file) {
		return Library
	}
	return Own
}

// beginsWith reports whether the frame is below the prefix: its function, or its file
// from any slash on.
func (l *parsedLine) beginsWith(prefix string) bool {
	if strings.HasPrefix(l.function, prefix) {
		return true
	}
	prefix = slashes(prefix)
	file := slashes(l.file)
	return strings.HasPrefix(file, prefix) || strings.Contains(file, "/"+strings.TrimPrefix(prefix, "/"))
}

// slashes turns the separators of Windows around.
func slashes(file string) string { return strings.ReplaceAll(file, `\`, "/") }

// maxLineLength is how much of a line is looked at. What is read of one is shorter.
const maxLineLength = 1000

func beginning(line string) string {
	if len(line) <= maxLineLength {
		return line
	}
	end := maxLineLength
	for end > 0 && !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end]
}
