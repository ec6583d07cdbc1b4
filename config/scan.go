package config

import "strings"

// quoteEnd returns the offset after the quote that closes the one with which s begins,
// or -1 when there is none.
func quoteEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && s[0] == '"':
			i++
		case s[i] == s[0] && s[0] == '\'' && strings.HasPrefix(s[i+1:], "'"):
			i++ // a quote within
		case s[i] == s[0]:
			return i + 1
		}
	}
	return -1
}

// flowEnd returns the offset after the bracket that closes the one with which s begins,
// or -1 when there is none.
func flowEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '\'':
			if strings.ContainsRune("[{,: \n", rune(s[i-1])) {
				end := quoteEnd(s[i:])
				if end < 0 {
					return -1
				}
				i += end - 1
			}
		}
	}
	return -1
}

// opens reports whether the line s ends within a bracket or quote that its value begins
// with.
func opens(s string) bool {
	content := s[indentOf(s):]
	value := content[len(keyPart.FindString(content)):]
	switch {
	case value == "":
		return false
	case strings.ContainsRune("\"'", rune(value[0])):
		return quoteEnd(value) < 0
	case strings.ContainsRune("[{", rune(value[0])):
		return flowEnd(value) < 0
	}
	return false
}

// indentOf returns the column in which the text of the line begins, after spaces and
// dashes.
func indentOf(line string) int { return len(spaceIndent.FindString(line)) }

// textBefore returns the last line before the given one that is neither blank, nor a
// comment, nor the text of a | or >; or 0.
func textBefore(data []byte, line int) int {
	least := -1 // the indentation below which a line may be the header of such a text
	found := 0
	for line--; line > 0; line-- {
		text := lineText(data, line)
		trimmed := strings.TrimSpace(text)
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		spaces := len(text) - len(strings.TrimLeft(text, " "))
		switch {
		case found == 0:
			found, least = line, spaces
		case spaces < least:
			if blockHeader.MatchString(text) {
				return line
			}
			return found
		}
	}
	return found
}
