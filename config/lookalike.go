package config

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// A lookalike is a character that looks like one of YAML's, as pages and office programs
// make of it.
type lookalike struct {
	at    *regexp.Regexp // with the character as its group
	looks string
	write string
}

var lookalikeKinds = []lookalike{
	{regexp.MustCompile(`^ *([\x{a0}\x{2000}-\x{200b}\x{202f}\x{3000}])`), "a space", "spaces"},
	{regexp.MustCompile(`[:-]([\x{a0}\x{2000}-\x{200b}\x{202f}\x{3000}])`), "a space", "a space"},
	{regexp.MustCompile(`^ *([–—−‐•●·])\s`), "a dash", "-"},
	{regexp.MustCompile(`^[ -]*[A-Za-z0-9_]+(：|﹕|︰|∶)`), "a colon", ": with a space after it"},
	{regexp.MustCompile(`(?:[:\[,{]|^ *-)\s*([“”„‟‘’‚‛«»])`), "a quote", `" or '`},
}

// lookalikes reports such characters where YAML's own would have a meaning, and whether
// there are any. They are mistakes where something else is wrong, and warnings otherwise:
// the text may be meant.
func lookalikes(data []byte, report func(line int, path, format string, args ...any)) bool {
	found := false
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		text, _, _ := strings.Cut(line, " #")
		if isASCII(text) || strings.HasPrefix(strings.TrimSpace(text), "#") {
			continue
		}
		for _, l := range lookalikeKinds {
			if m := l.at.FindStringSubmatch(text); m != nil {
				found = true
				report(number, "", "has %q, which only looks like %s; write %s", []rune(m[1])[0], l.looks, l.write)
			}
		}
	}
	return found
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
