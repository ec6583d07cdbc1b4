package frames

import (
	"path"
	"strings"
	"unicode"
)

// jvmFrame reads a frame of the JVM, package.Class.method(File.java:1): the frequent
// form, which is read without a pattern. Before it stand "at", and the loader and the
// module of the class; after it some loggers name the archive that it is in.
func jvmFrame(text string) (parsedLine, bool) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "at ")
	if at := strings.Index(text, " @ "); at >= 0 { // what cats-effect prints of a fibre
		text = text[at+len(" @ "):]
	}
	function, rest, ok := strings.Cut(text, "(")
	if !ok {
		return parsedLine{}, false
	}
	file, after, ok := strings.Cut(rest, ")")
	after = strings.TrimPrefix(strings.TrimSpace(after), "~")
	if !ok || after != "" && !(strings.HasPrefix(after, "[") && strings.HasSuffix(after, "]")) {
		return parsedLine{}, false
	}
	spaced := strings.HasSuffix(function, " ")
	function = withoutModule(strings.TrimSuffix(function, " "))
	if !isJVMFile(file, spaced) || !isJVMFunction(function) {
		return parsedLine{}, false
	}
	return parsedLine{role: roleFrame, function: function, jvmFile: file, libraries: jvmLibraries}, true
}

// withoutModule takes away what ends in a slash before the class: app//, java.base@17/.
// A lambda has a slash after its class, with its address.
func withoutModule(function string) string {
	if class, _, ok := strings.Cut(function, "$$Lambda"); ok {
		function = class + "$$Lambda.run"
	}
	return function[strings.LastIndexByte(function, '/')+1:]
}

// isJVMFunction reports whether it has the characters of a class with its package and a
// method.
func isJVMFunction(s string) bool {
	at := strings.LastIndexByte(s, '.')
	if at <= 0 || at == len(s)-1 {
		return false
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_$.-<>'*+!?=%", r) {
			return false
		}
	}
	return true
}

// jvmSources are extensions of source files.
var jvmSources = newNames(".java .scala .kt .kts .groovy .clj .cljc .sc .gradle .gsp")

// isJVMFile reports whether it is what stands in the brackets of a frame: a source file,
// or words for one that is not known. Tools that make names short put any word there; but
// after a space, such words are of other languages.
func isJVMFile(s string, spaced bool) bool {
	name, number, hasNumber := strings.Cut(s, ":")
	if hasNumber && strings.Trim(number, "0123456789") != "" {
		return false
	}
	switch {
	case name == "Native Method", name == "Unknown Source", name == "<generated>", jvmSources[path.Ext(name)]:
		return true
	case spaced, name == "":
		return false
	}
	return isWord(name)
}

// isWord reports whether it has letters, digits and what names have between them, and
// does not begin with a digit.
func isWord(s string) bool {
	for i, r := range s {
		if !unicode.IsLetter(r) && !strings.ContainsRune("_$", r) && (i == 0 || !unicode.IsDigit(r) && !strings.ContainsRune(".-", r)) {
			return false
		}
	}
	return true
}
