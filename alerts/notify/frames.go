package notify

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

const (
	// maxFrames is how many frames say where an exception comes from; the page has all.
	maxFrames = 5
	// maxMessage and maxFrame bound what goes into a message, in bytes. Services that
	// messages go to cut at a few thousand in all.
	maxMessage = 500
	maxFrame   = 200
)

// about adds the message and the topmost frames to annotations.
func about(annotations map[string]string, e *periskop.Exception) {
	if message := strings.TrimSpace(e.Message); message != "" {
		annotations["message"] = cut(message, maxMessage)
	}
	for cause, depth := e, 0; cause != nil && depth < maxFrames; cause, depth = cause.Cause, depth+1 {
		if list := ownFrames(cause.Stacktrace); len(list) > 0 {
			annotations["stacktrace"] = strings.Join(list, "\n")
			return
		}
	}
}

// ownFrames returns the topmost frames of the service's own code, or else the topmost
// of all.
func ownFrames(stacktrace []string) []string {
	all := frames(stacktrace)
	own := slices.DeleteFunc(slices.Clone(all), isForeign)
	if len(own) == 0 {
		own = all
	}
	own = own[:min(len(own), maxFrames)]
	for i := range own {
		own[i] = cut(own[i], maxFrame)
	}
	return own
}

// pythonFrame is how a frame begins in a traceback of Python, whose last frame is the
// topmost.
const pythonFrame = `  File "`

// frames returns the frames of a stack trace, topmost first. The clients list lines: in
// Go and in Python a frame has several, of which those after the first are indented.
func frames(stacktrace []string) []string {
	isPython := slices.ContainsFunc(stacktrace, func(line string) bool { return strings.HasPrefix(line, pythonFrame) })
	var out []string
	for _, line := range stacktrace {
		indented := strings.TrimLeft(line, " \t") != line
		switch text := strings.TrimSpace(line); {
		case text == "" || strings.Trim(text, "^~") == "":
		case isPython && strings.HasPrefix(line, pythonFrame):
			out = append(out, text)
		case isPython && !indented: // the headline, and the exception itself
		case indented && len(out) > 0:
			out[len(out)-1] += ": " + text
		default:
			out = append(out, text)
		}
	}
	if isPython {
		slices.Reverse(out)
	}
	return out
}

// foreign are marks of frames that are not of the service itself: where package
// managers put libraries, the standard libraries, and the clients.
var foreign = []string{
	"/go/pkg/mod/", "/usr/local/go/src/", "/usr/lib/go", "periskop-go", "/vendor/",
	"/site-packages/", "/dist-packages/", "/lib/python", "<frozen ",
	"/gems/", "/lib/ruby/", "<internal:",
	"/node_modules/", "node:internal",
}

// foreignPackages begin the frames of the JVM's libraries.
var foreignPackages = []string{
	"java.", "javax.", "jdk.", "sun.", "com.sun.", "scala.", "kotlin.", "akka.", "org.apache.", "org.springframework.",
	"org.jetbrains.", "io.netty.", "com.twitter.finagle.", "com.twitter.util.", "com.soundcloud.periskop.",
}

func isForeign(frame string) bool {
	return slices.ContainsFunc(foreign, func(mark string) bool { return strings.Contains(frame, mark) }) ||
		slices.ContainsFunc(foreignPackages, func(prefix string) bool {
			return strings.HasPrefix(strings.TrimPrefix(frame, "at "), prefix)
		})
}

// cut shortens text to at most that many bytes, between characters.
func cut(text string, most int) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if len(text) <= most {
		return text
	}
	const mark = "…"
	end := most - len(mark)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}
