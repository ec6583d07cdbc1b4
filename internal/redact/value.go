package redact

import "strings"

// A place is where a value stands.
type place struct {
	// quote is the quotation mark around the value's name.
	quote string
	// param is set for query parameters.
	param bool
	// path is set for parameters in the path of a URL.
	path bool
	// line is set if a value that has no end is over at the end of the line.
	line bool
	// blanks is set if blanks are part of a value without quotation marks.
	blanks bool
	// cookie is set for what consists of several assignments.
	cookie bool
	// sentence is set if all this may be part of a sentence.
	sentence bool
	// compound is set if the name is one of several words joined by punctuation.
	compound bool
}

// value returns the value that begins at i, without its quotation marks, and the
// quotation marks that a placeholder needs because the value has none.
func (t *textSearch) value(i int, p place) (lo, hi int, wrap string) {
	s := t.s
	lo = i
	// Python marks some strings: b'x', u"x".
	for lo < len(s) && lo < i+2 && strings.IndexByte("bBuUrR", s[lo]) >= 0 {
		lo++
	}
	if mark := quoteAt(s, lo); mark != "" && !t.closesOuter(lo, mark, p) {
		lo += len(mark)
		hi, _ = quoteEnd(s, lo, mark[len(mark)-1], len(mark)-1, p.line)
		return lo, hi, ""
	}
	if i < len(s) && isOpening(s[i]) && !p.param && (s[i] != '(' || !p.sentence) {
		hi = bracketEnd(s, i, max(len(p.quote)-1, 0), p.line)
		if hi < len(s) && !isBlank(s[hi]) {
			hi = t.plainEnd(hi, p)
		}
		return i, hi, p.quote
	}
	hi = t.plainEnd(i, p)
	if hi < len(s) && isBlank(s[hi]) && isScheme(s[i:hi]) {
		next := skipBlanks(s, hi)
		hi = max(hi, t.plainEnd(next, p))
	}
	return i, hi, p.quote
}

// closesOuter tells whether the quotation mark where a value should begin ends what
// the name stands in: "Enter password:".
func (t *textSearch) closesOuter(i int, mark string, p place) bool {
	next := i + len(mark)
	if p.quote != "" || next < len(t.s) && (isAlnum(t.s[next]) || strings.HasPrefix(t.s[next:], Placeholder)) {
		return false
	}
	return t.inQuotes || mark != `"`
}

// quoteAt returns the quotation mark at i with the backslashes in front of it, as in
// JSON within JSON, or nothing.
func quoteAt(s string, i int) string {
	end := i
	for end < len(s) && s[end] == '\\' {
		end++
	}
	if end == len(s) || !isQuote(s[end]) {
		return ""
	}
	return s[i : end+1]
}

// quoteEnd returns where the text ends that begins at i and is closed by the quotation
// mark q with k backslashes in front, and where that mark ends. A mark with fewer
// closes it as well, as it ends what this is a part of; that one, and none, is left
// to come, so that next is end. One with more is part of the text, unless all beyond
// k are themselves escaped.
func quoteEnd(s string, i int, q byte, k int, line bool) (end, next int) {
	for i < len(s) {
		switch s[i] {
		case q:
			if k > 0 {
				return i, i
			}
			return i, i + 1
		case '\n':
			if line {
				return i, i
			}
			i++
		case '\\':
			run := i
			for i < len(s) && s[i] == '\\' {
				i++
			}
			if i == len(s) || s[i] != q {
				continue
			}
			if i-run < k {
				return run, run
			}
			i++
			if closesLevel(i-1-run, k) {
				return i - 1 - k, i
			}
		default:
			i++
		}
	}
	return i, i
}

// closesLevel tells whether a quotation mark with n backslashes stands at the level
// of those with k: every level of escaping turns n into 2n+1, and an escaped
// backslash adds two of the level's.
func closesLevel(n, k int) bool { return (n+1)%(k+1) == 0 && (n+1)/(k+1)%2 == 1 }

func isOpening(c byte) bool { return c == '(' || c == '[' || c == '{' }

// bracketEnd returns the end of the list or object that begins at i, whose quotation
// marks have k backslashes.
func bracketEnd(s string, i, k int, line bool) int {
	open := s[i]
	closing := open + 2 // [] and {}
	if open == '(' {
		closing = ')'
	}
	depth := 0
	for i < len(s) {
		switch c := s[i]; c {
		case open:
			depth++
		case closing:
			depth--
			if depth == 0 {
				return i + 1
			}
		case '\n':
			if line {
				return i
			}
		case '"', '\\':
			mark := quoteAt(s, i)
			if mark == "" {
				for i+1 < len(s) && s[i+1] == '\\' {
					i++
				}
				break
			}
			i += len(mark)
			if mark[len(mark)-1] != '"' {
				continue
			}
			if len(mark)-1 < k {
				return i - len(mark)
			}
			_, i = quoteEnd(s, i, '"', len(mark)-1, line)
			continue
		}
		i++
	}
	return i
}

// plainEnd returns the end of the value at i that has no quotation marks.
func (t *textSearch) plainEnd(i int, p place) int {
	s := t.s
	// A placeholder has taken the place of all words of a value.
	blanks := (p.blanks || p.cookie) && !strings.HasPrefix(s[i:], Placeholder)
	depth := 0
	end := i
scan:
	for end < len(s) {
		if strings.HasPrefix(s[end:], Placeholder) {
			end += len(Placeholder)
			continue
		}
		switch c := s[end]; c {
		case '\n', '\r':
			break scan
		case ' ', '\t':
			if !blanks {
				break scan
			}
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth == 0 && (p.quote != "" || end+1 == len(s) || !isAlnum(s[end+1])) {
				break scan
			}
			depth--
		case '\\':
			for end+1 < len(s) && s[end+1] == '\\' {
				end++
			}
			if hi, ends := t.endsAtEscape(end, p); ends {
				end = max(hi, i)
				break scan
			}
		default:
			if t.endsAt(end, i, p) {
				break scan
			}
		}
		end++
	}
	for end > i && strings.IndexByte(".,;:", s[end-1]) >= 0 && !endsInEntity(s[i:end]) {
		end--
	}
	return end
}

// endsInEntity tells whether the last character of s is that of an entity of HTML.
func endsInEntity(s string) bool {
	const longest = len("&quot;")
	if s == "" || s[len(s)-1] != ';' {
		return false
	}
	for i := len(s) - 2; i >= 0 && i >= len(s)-longest; i-- {
		if s[i] == '&' {
			return true
		}
		if !isAlnum(s[i]) && s[i] != '#' {
			return false
		}
	}
	return false
}

// endsAt tells whether a value that began at start is over at i.
func (t *textSearch) endsAt(i, start int, p place) bool {
	s := t.s
	switch s[i] {
	case '"', '\'', '`':
		return t.endsAtQuote(i, p)
	case '<':
		return i+1 < len(s) && (s[i+1] == '/' || i > start && (isLetter(s[i+1]) || s[i+1] == '!'))
	case '>':
		return i+1 == len(s) || !isAlnum(s[i+1])
	case '&':
		return p.param || assignmentAhead(s, i+1)
	case '#':
		return p.param
	case '?':
		return p.path
	case ',', ';':
		return t.endsAtComma(i, p)
	}
	return false
}

func (t *textSearch) endsAtQuote(i int, p place) bool {
	s := t.s
	if p.blanks && p.quote == "" {
		return s[i] == '"' && t.inQuotes
	}
	return (i+1 == len(s) || !isAlnum(s[i+1])) && (i == 0 || !isOpening(s[i-1]))
}

func (t *textSearch) endsAtComma(i int, p place) bool {
	s := t.s
	switch {
	case endsInEntity(s[:i+1]):
		return false
	case p.quote != "" && s[i] == ',':
		return true
	case p.cookie:
		return s[i] == ',' && assignmentAhead(s, i+1)
	case i+1 == len(s):
		return true
	case p.blanks:
		return assignmentAhead(s, i+1)
	}
	return isSpace(s[i+1]) || isQuote(s[i+1]) || assignmentAhead(s, i+1)
}

// endsAtEscape handles the last of a run of backslashes: a quotation mark behind it
// is one of what the value stands in.
func (t *textSearch) endsAtEscape(i int, p place) (end int, ends bool) {
	s := t.s
	rest := s[i+1:]
	first := i - backslashes(s, i)
	if rest != "" && isQuote(rest[0]) && t.endsAtQuote(i+1, p) {
		return first, true
	}
	for _, escape := range [...]string{"u0026", "u0022", "u003c", "u003C"} {
		if strings.HasPrefix(rest, escape) {
			return first, true
		}
	}
	return i, false
}

// assignmentAhead tells whether a name and a separator follow.
func assignmentAhead(s string, i int) bool {
	const longest = 40 // a name that is longer ends no value
	i = skipBlanks(s, i)
	if i < len(s) && isQuote(s[i]) {
		i++
	}
	start := i
	for i < len(s) && i-start < longest && isLabelByte(s[i]) {
		i++
	}
	if i == start {
		return false
	}
	if i < len(s) && isQuote(s[i]) {
		i++
	}
	i = skipBlanks(s, i)
	return i < len(s) && (s[i] == '=' || s[i] == ':')
}
