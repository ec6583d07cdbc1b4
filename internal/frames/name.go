package frames

import (
	"regexp"
	"strings"
)

// maxName is how many bytes a name of a frame has at most.
const maxName = 300

// TopmostName names the innermost frame of the application by its function, or by its file and
// function: not by its line, so that the name stays the same from one version to the next as long
// as the code does. The stack traces are those of an exception and its causes, from the outermost
// on; the first that has a frame of the application has the name. It is empty when none has one.
func TopmostName(stacks [][]string, own []string) string {
	for _, lines := range stacks {
		if name := topmostName(bounded(lines), own); name != "" {
			return name
		}
	}
	return ""
}

func topmostName(lines, own []string) string {
	all := read(lines, own)
	at := -1
	for i := range all {
		l := &all[i]
		if l.origin != Own || l.role != roleFrame && l.role != roleFunction && l.role != roleBelow {
			continue
		}
		if at < 0 || l.innermostLast {
			at = i
		}
	}
	if at < 0 {
		return ""
	}
	after := ""
	if at+1 < len(all) && all[at+1].role == roleText {
		after = lines[at+1]
	}
	name := nameOf(lines[at], &all[at].parsedLine, after)
	return strings.ToValidUTF8(name[:min(len(name), maxName)], "")
}

// functionIn is how Python and Ruby name the function of a frame after its file and line.
var functionIn = regexp.MustCompile("(?:, in |:in [`'])([^`']+)'?$")

// textFunction is how the Go client does so, before the source text in the next line.
var textFunction = regexp.MustCompile(`^\s*([\pL_][\pL\pN_.()*\[\]]*): `)

func nameOf(text string, l *parsedLine, after string) string {
	function := l.function
	if m := functionIn.FindStringSubmatch(strings.TrimSpace(text)); m != nil && function == "" {
		function = m[1]
	}
	if m := textFunction.FindStringSubmatch(after); m != nil && function == "" {
		function = m[1]
	}
	file := strings.TrimPrefix(slashes(l.file), "file://")
	switch {
	case function == "":
		return file
	case file == "" || strings.ContainsAny(l.function, ".:/"):
		return function
	}
	return file + " in " + function
}

// All returns the frames of a stack trace, the innermost first and at most that many. A frame is
// one line, with the source text that belongs to it.
func All(lines []string, most int) []string {
	text, _, _ := group(bounded(lines), nil)
	return text[:min(len(text), most)]
}
