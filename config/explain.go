package config

import (
	"errors"
	"regexp"
	"strings"
)

// explain says what is wrong in data, which the parser refused with err in the given
// line, and what to write instead. It returns the line too, since the mistake may be in
// the one before. It never repeats text, which may be a secret.
func explain(err error, data []byte, line int) (int, string) {
	if errors.Is(err, errSecondDocument) {
		return line, "a second document begins here; a configuration is one document, so remove the line with ---"
	}
	earlier := textBefore(data, line)
	text, before := lineText(data, line), lineText(data, earlier)
	if tabIndent.MatchString(text) {
		return line, "is indented with a tab; indent with spaces"
	}
	for _, e := range explanations {
		if !strings.Contains(err.Error(), e.problem) {
			continue
		}
		beside := e.problem == noKey && indentOf(text) == indentOf(before)
		if e.problem == noMapping || e.problem == noColon || beside {
			if say := explainBefore(text, before); say != "" {
				return earlier, say
			}
		}
		return line, e.explain(text, before)
	}
	return line, sayIndent
}

// textBefore returns the last line before the given one that is neither blank nor a
// comment, or 0.
func textBefore(data []byte, line int) int {
	for line--; line > 0; line-- {
		if text := strings.TrimSpace(lineText(data, line)); text != "" && text[0] != '#' {
			break
		}
	}
	return line
}

var (
	tabIndent    = regexp.MustCompile(`^[ -]*\t`)
	spaceIndent  = regexp.MustCompile(`^(?: *- +)* *`)
	secondColon  = regexp.MustCompile(`^[^"'\[{#]*?:\s+[^"'\[{|>#\s][^#]*:(\s|$)`)
	keyWithValue = regexp.MustCompile(`^[ -]*[^\s:#][^:#]*:\s+[^\s|>&#]`)
	keyNoSpace   = regexp.MustCompile(`^[ -]*[A-Za-z0-9_]+:[^\s/]`)
	keyNoColon   = regexp.MustCompile(`^[ -]*[^\s:"'\[{][^:]*$`)
	quotedValue  = regexp.MustCompile(`^[ -]*(?:[^\s:"']+:\s+)?(["'\[{])`)
	valueBegins  = regexp.MustCompile("^[ -]*(?:[^\\s:]+:\\s+)?([@`%*&!|>])")
	listInLine   = regexp.MustCompile(`^[ -]*[^\s:]+:\s+- `)
)

const (
	sayIndent  = "the indentation does not fit the lines above; put keys of one block in one column, with spaces"
	sayNoColon = "has no colon after its key; write key: value"
	saySpace   = "has no space after the colon; write key: value"
	sayTooDeep = "is indented further than the line above, which has its value already; put both keys in one column"

	// The parser's problems with a colon where no key can be, with text that would have to
	// be a key, and with a key that belongs to no block.
	noMapping = "mapping values are not allowed"
	noColon   = "could not find expected ':'"
	noKey     = "did not find expected key"
)

// explanations go from the parser's words to ours, since its errors have no types. A function gets the line and the one
// before. The last stands for whatever else the parser may say.
var explanations = []struct {
	problem string
	explain func(line, before string) string
}{
	{"unknown escape character", always(`has a backslash in double quotes that begins no escape; use single quotes, or write \\ for each backslash`)},
	{"hexdecimal number", always(`has an incomplete \x or \u escape in double quotes; use single quotes, or write \\ for a backslash`)},
	{"invalid Unicode character escape", always(`has a \u escape in double quotes that is no character; use single quotes, or write \\ for a backslash`)},
	{"unknown anchor", always("refers with * to an anchor that does not exist; put text that begins with * in quotes")},
	{"alphabetic or numeric character", always("has a value that begins with * or &; put it in quotes")},
	{"cannot start any token", explainStart},
	{noMapping, explainMapping},
	{noColon, explainColon},
	{"unexpected end of stream", always("a quote is opened here and never closed; close it at the end of the text")},
	{"unexpected document indicator", always("a quote is opened here and never closed; close it at the end of the text")},
	{"expected ',' or", always("a bracket is opened here and not closed, or a comma is missing between two entries")},
	{"block sequence entries are not allowed", explainEntry},
	{"did not find expected node content", always("a bracket is opened here and not closed, or has a comma too many")},
	{noKey, explainKey},
	{"did not find expected '-'", explainKey},
	{"exceeded max depth", always("is nested far too deep; no option needs that")},
	{"directive", always("begins with %, which is special in YAML; put the text in quotes")},
	{"tag", always("has a value that begins with !, which is special in YAML; put it in quotes")},
	{"<document start>", always("does not belong to the text above; the file has to be a mapping, with keys such as services:")},
	{"comment or line break", always("has text right after | or >; begin the text on the next line, indented, or put it in quotes")},
	{"", explainKey},
}

func always(say string) func(string, string) string {
	return func(string, string) string { return say }
}

// explainStart is for a character with which no value can begin.
func explainStart(line, _ string) string {
	if m := valueBegins.FindStringSubmatch(line); m != nil {
		return "has text that begins with " + m[1] + ", which is special in YAML; put the text in quotes"
	}
	if strings.Contains(line, "\t") {
		return "has a tab where YAML wants spaces; replace it"
	}
	return "has a character that is special in YAML where text begins; put the text in quotes"
}

// explainMapping is for a colon where no key can be.
func explainMapping(line, before string) string {
	switch {
	case secondColon.MatchString(line):
		return "has a second colon followed by a space; put the value in quotes"
	case tooDeep(line, before):
		return sayTooDeep
	}
	return sayIndent
}

// tooDeep reports whether line stands under a key that has its value already.
func tooDeep(line, before string) bool {
	return indentOf(line) > indentOf(before) && keyWithValue.MatchString(before)
}

// explainBefore is for a problem that the line before makes: without a colon of its own
// it takes this line, which has one, for the rest of its text. It returns "" otherwise.
func explainBefore(line, before string) string {
	switch {
	case before == "", secondColon.MatchString(line), tooDeep(line, before), keyNoColon.MatchString(line), keyNoSpace.MatchString(line):
		return ""
	case keyNoSpace.MatchString(before):
		return saySpace
	case keyNoColon.MatchString(before):
		return sayNoColon
	}
	return ""
}

// explainColon is for a line that ought to be a key.
func explainColon(line, before string) string {
	switch {
	case keyNoSpace.MatchString(line):
		return saySpace
	case keyNoColon.MatchString(line):
		return sayNoColon
	}
	return explainKey(line, before)
}

func explainEntry(line, _ string) string {
	if listInLine.MatchString(line) {
		return "a list begins in the line of its key; put each dash on a line of its own below, or write [a, b]"
	}
	return sayIndent
}

// explainKey is for a line that does not continue the block it stands in.
func explainKey(line, before string) string {
	m := quotedValue.FindStringSubmatch(line)
	switch {
	case strings.HasPrefix(strings.TrimLeft(line, " -"), ":"):
		return "has a colon without a key before it; write key: value"
	case m != nil && (m[1] == "[" || m[1] == "{"):
		return "has a value that begins with " + m[1] + " and goes on after the closing bracket; put the whole value in quotes"
	case m != nil:
		return "goes on after a closing quote; put the whole value in one pair of quotes"
	case tooDeep(line, before):
		return sayTooDeep
	}
	return sayIndent
}

func indentOf(line string) int { return len(spaceIndent.FindString(line)) }
