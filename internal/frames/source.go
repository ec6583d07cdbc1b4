package frames

import (
	"path"
	"regexp"
	"strconv"
	"strings"
)

// A Source is where in the source code a line of a stack trace is.
type Source struct {
	// Path is as the line has it, with slashes: absolute, or relative to something that the
	// line does not say. Of a class of the JVM it is that of its package.
	Path string
	Line int // from 1 on
}

// Sources tells for each line of a stack trace which place in the source code it names. That of
// a line which names none is zero.
func Sources(lines []string) []Source {
	list := make([]Source, len(lines))
	for i, l := range read(lines, nil) {
		if l.role == roleFrame || l.role == roleBelow {
			list[i] = sourceOf(lines[i], &l.parsedLine)
		}
	}
	return list
}

// lineAfter is what stands between a file and the number of a line.
var lineAfter = regexp.MustCompile(`^(?:["']?,? line |:|\()(\d{1,9})\b`)

func sourceOf(text string, l *parsedLine) Source {
	if l.jvmFile != "" {
		return jvmSource(l)
	}
	if l.file == "" {
		return Source{}
	}
	for from := 0; ; {
		at := strings.Index(text[from:], l.file)
		if at < 0 {
			return Source{}
		}
		from += at + len(l.file)
		if m := lineAfter.FindStringSubmatch(text[from:]); m != nil {
			return newSource(l.file, m[1])
		}
	}
}

func newSource(file, number string) Source {
	line, err := strconv.Atoi(number)
	if err != nil || line == 0 {
		return Source{}
	}
	file = strings.TrimPrefix(slashes(file), "file://")
	return Source{Path: file, Line: line}
}

// jvmSource returns the file of a class, which the line has without its directory: as every
// build tool wants it, that is the package.
func jvmSource(l *parsedLine) Source {
	file, number, ok := strings.Cut(l.jvmFile, ":")
	if !ok {
		return Source{}
	}
	class := l.function[:max(strings.LastIndexByte(l.function, '.'), 0)]
	pkg := class[:max(strings.LastIndexByte(class, '.'), 0)]
	return newSource(path.Join(strings.ReplaceAll(pkg, ".", "/"), file), number)
}

// TopmostSource returns the place of the innermost frame of the application that names one, or of
// a library when the application has none.
func TopmostSource(lines, own []string) Source {
	var best Source
	bestOwn := false
	for i, l := range read(lines, own) {
		if l.role != roleFrame && l.role != roleBelow {
			continue
		}
		s := sourceOf(lines[i], &l.parsedLine)
		isOwn := l.origin == Own
		if s.Line > 0 && (best.Line == 0 || isOwn && !bestOwn || isOwn == bestOwn && l.innermostLast) {
			best, bestOwn = s, isOwn
		}
	}
	return best
}
