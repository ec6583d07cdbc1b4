package config

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// explain says what is wrong in data, which the parser refused with err, in the given
// line, and what to write instead. It returns the line too, since the mistake may be in
// the one before. It never repeats text, which may be a secret.
//
// The parser's own words are not used: they name what it expected, and not what its user
// did. A line that is sound when it stands alone does not fit the lines around it;
// otherwise the line itself is looked at.
func explain(err error, data []byte, line int) (int, string) {
	if errors.Is(err, errSecondDocument) {
		return line, "a second document begins here; a configuration is one document, so remove the line with ---"
	}
	text := lineText(data, line)
	if tabIndent.MatchString(text) {
		return line, "is indented with a tab; indent with spaces"
	}
	earlier := textBefore(data, line)
	before := lineText(data, earlier)
	if say := foreignText(text); say != "" {
		return line, say
	}
	if say := foreignText(before); say != "" {
		return earlier, say
	}
	doc := alone(data, line)
	switch {
	case doc == nil:
		return line, explainLine(text)
	case blockHeader.MatchString(before):
		return line, "is the text of | or > above and not indented further than the key there; indent it"
	case doc.Kind == yaml.ScalarNode:
		return line, noKey(text)
	}
	return explainPlace(line, text, earlier, before)
}

const (
	sayIndent  = "the indentation does not fit the lines above; put keys of one block in one column, with spaces"
	sayTooDeep = "is indented further than the line above, which has its value already; put both keys in one column"
	sayNoColon = "has no colon after its key; write key: value"
	// An entry of a list may be one that lacks its colon, or be right.
	sayNoColonHere = "has no colon after its key, or the next line is indented too far; write key: value, or put the next line into the column of its block"
	sayTemplate    = "has {{, which stands in templates such as Helm's; render the file first, or put the text in quotes"
	saySpace       = "has no space after the colon; write key: value"
	sayBracket     = "a bracket is opened here and not closed, or a comma is missing between two entries"
	sayQuote       = "a quote is opened here and never closed; close it at the end of the text"
)

var (
	tabIndent    = regexp.MustCompile(`^[ -]*\t`)
	spaceIndent  = regexp.MustCompile(`^(?:- +| )*`)
	keyNoSpace   = regexp.MustCompile(`^[A-Za-z0-9_]+:[^\s/]`)
	nameNoSpace  = regexp.MustCompile(`^[A-Za-z_]+:[A-Za-z_]`) // localhost:80 is an address
	noDashSpace  = regexp.MustCompile(`^ *-["'A-Za-z_]`)
	slashComment = regexp.MustCompile(`^ *//|[\]}"'] +//`)
	keyPart      = regexp.MustCompile(`^("[^"]*"|'[^']*'|[^\s"'\[{:#][^:]*?)\s*:(?:\s+|$)`)
	blockHeader  = regexp.MustCompile(`[:-]\s+[|>][-+0-9]*\s*$`)
	alias        = regexp.MustCompile(`([:\[,-]\s+|[\[{])\*([^\s,\]}]+)`)
)

// foreignText names what is no YAML, but of the tools and pages that people paste from.
func foreignText(text string) string {
	switch {
	case strings.HasPrefix(strings.TrimSpace(text), "```"):
		return "is the mark of a block of code in Markdown; remove it"
	case strings.Contains(text, "{{"):
		return sayTemplate
	case slashComment.MatchString(text):
		return "has a comment that begins with //; write # instead"
	}
	return ""
}

// alone returns what the given line is by itself, with the lines after it in which a
// bracket or quote is closed that it opens. It returns nil when it is no YAML.
func alone(data []byte, line int) *yaml.Node {
	const most = 100 // lines that a bracket stays open for
	fragment := strings.TrimLeft(lineText(data, line), " ")
	if m := alias.FindStringSubmatch(fragment); m != nil && bytes.Contains(data, []byte("&"+m[2])) {
		// The anchor is elsewhere.
		fragment = alias.ReplaceAllString(fragment, "${1}x")
	}
	for range most {
		doc, err := parseYAML([]byte(fragment))
		switch {
		case err == nil && doc != nil:
			return doc.Content[0]
		case line >= len(lineEnds(data)) || !opens(fragment):
			return nil
		}
		line++
		fragment += "\n " + lineText(data, line)
	}
	return nil
}

// explainPlace is for a line that is sound in itself.
func explainPlace(line int, text string, earlier int, before string) (int, string) {
	doc, err := parseYAML([]byte(before[indentOf(before):]))
	if err != nil || doc == nil {
		return line, sayIndent
	}
	entry := strings.HasPrefix(strings.TrimSpace(before), "-")
	deeper := indentOf(text) > indentOf(before)
	switch n := doc.Content[0]; {
	case noDashSpace.MatchString(before):
		return earlier, "has no space after the dash; write - key: value"
	case n.Kind != yaml.ScalarNode && deeper && hasValue(n):
		return line, sayTooDeep
	case n.Kind != yaml.ScalarNode:
		return line, sayIndent
	case !entry, nameNoSpace.MatchString(n.Value): // It takes this line for the rest of its text.
		return earlier, noKey(before)
	case indentOf(text) >= indentOf(before):
		return earlier, sayNoColonHere
	}
	return line, sayIndent
}

// hasValue reports whether the last key of n has a value.
func hasValue(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && n.Content[len(n.Content)-1].ShortTag() != "!!null"
}

// noKey is for text where a key is wanted.
func noKey(text string) string {
	if keyNoSpace.MatchString(text[indentOf(text):]) {
		return saySpace
	}
	return sayNoColon
}

// explainLine is for a line that is no YAML by itself.
func explainLine(text string) string {
	content := text[indentOf(text):]
	if strings.HasPrefix(content, ":") {
		return "has a colon without a key before it; write key: value"
	}
	value := content[len(keyPart.FindString(content)):]
	switch {
	case value == "":
	case strings.HasPrefix(value, "- ") && value != content:
		return "a list begins in the line of its key; put each dash on a line of its own below, or write [a, b]"
	case strings.ContainsRune("\"'", rune(value[0])):
		return explainQuoted(value)
	case strings.ContainsRune("[{", rune(value[0])):
		return explainFlow(value)
	case strings.ContainsRune("]}", rune(value[0])):
		return "closes a bracket that is not open; remove it"
	case value[0] == '*':
		return "refers with * to an anchor that does not exist; put text that begins with * in quotes"
	case strings.ContainsRune("|>", rune(value[0])):
		return "has text right after | or >; begin the text on the next line, indented, or put it in quotes"
	case strings.ContainsRune("@`%&!", rune(value[0])):
		return "has text that begins with " + value[:1] + ", which is special in YAML; put the text in quotes"
	case strings.Contains(value, ": ") || strings.HasSuffix(value, ":"):
		return "has a second colon followed by a space; put the value in quotes"
	case strings.Contains(value, "\t"):
		return "has a tab where YAML wants spaces; replace it"
	}
	return sayIndent
}

// explainQuoted is for a value that begins with a quote.
func explainQuoted(value string) string {
	end := quoteEnd(value)
	switch {
	case end < 0:
		return sayQuote
	case value[0] == '"' && escapeProblem(value[:end]):
		return `has a backslash in double quotes that begins no escape; use single quotes, or write \\ for each backslash`
	}
	return "goes on after a closing quote; put the whole value in one pair of quotes"
}

// escapeProblem reports whether the quoted text is none because of a backslash.
func escapeProblem(quoted string) bool {
	_, err := parseYAML([]byte(quoted))
	return err != nil && strings.Contains(quoted, `\`)
}

// explainFlow is for a value that begins with a bracket.
func explainFlow(value string) string {
	end := flowEnd(value)
	if end < 0 {
		return sayBracket
	}
	if rest := strings.TrimSpace(value[end:]); rest != "" && !strings.HasPrefix(rest, "#") {
		return "has a value that begins with " + value[:1] + " and goes on after the closing bracket; put the whole value in quotes"
	}
	if m := specialEntry.FindStringSubmatch(value[:end]); m != nil {
		return "has text that begins with " + m[1] + ", which is special in YAML; put the text in quotes"
	}
	for _, quoted := range doubleQuoted.FindAllString(value[:end], -1) {
		if escapeProblem(quoted) {
			return `has a backslash in double quotes that begins no escape; use single quotes, or write \\ for each backslash`
		}
	}
	return sayBracket
}

var (
	doubleQuoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	specialEntry = regexp.MustCompile("[\\[{,:]\\s*([@`%!])")
)
