package redact

import "strings"

// A separator is what stands between a name and its value.
type separator struct {
	// end is where the value begins.
	end int
	// colon is set for a colon; the others are =, =>, := and ->.
	colon bool
	// tight is set if there are no blanks on either side.
	tight bool
}

// assignment looks at the separator at i, marks the value behind it if the name in
// front is that of a secret, and returns where to go on.
func (t *textSearch) assignment(i int) int {
	n, ok := t.labelBefore(i)
	if !ok {
		return i + 1
	}
	sep, ok := t.separator(i, n)
	if !ok {
		return i + 1
	}
	v := t.verdict(&n)
	if v.level == open {
		if n.param {
			t.parameter(sep.end)
		}
		return i + 1
	}
	p := place{
		quote:    n.quote,
		param:    n.param,
		path:     n.path,
		line:     !t.plain,
		blanks:   t.plain && (sep.colon || n.quote != ""),
		cookie:   v.last&cookie != 0,
		sentence: t.mayBeSentence(n, sep),
		compound: strings.ContainsAny(n.text, "_-"),
	}
	if n.quote == "" && sep.colon && (isLocation(t.s, n, sep) || p.sentence && !t.isName(n, v)) {
		return i + 1
	}
	if n.quote == "" && sep.colon && v.last&(authorization|cookie) != 0 {
		return t.headerLine(n, sep, v)
	}
	return t.mark(sep.end, p, v)
}

// mark marks the value at i, if it is one.
func (t *textSearch) mark(i int, p place, v verdict) int {
	lo, hi, wrap := t.value(i, p)
	text := t.s[lo:hi]
	quoted := lo > i
	switch {
	case t.plain, p.param:
	case !quoted && isNothing(text), strings.IndexFunc(text, isWordRune) < 0:
		return max(hi, i)
	case quoted, !p.sentence:
	case p.quote != "" && (isLiteral(text) || text != "" && isOpening(text[0])):
	case !t.convinces(lo, hi, p, v):
		return i
	}
	t.add(lo, hi, wrap)
	if quoted && hi < len(t.s) {
		return hi + 1
	}
	return max(hi, i)
}

// separator reads the separator at i. It is none if it is part of a '::'.
func (t *textSearch) separator(i int, n label) (_ separator, ok bool) {
	s := t.s
	sep := separator{end: i + 1, colon: s[i] == ':'}
	rest := s[i+1:]
	switch {
	case sep.colon && strings.HasPrefix(rest, ":"):
		return sep, false
	case sep.colon && strings.HasPrefix(rest, "="):
		sep = separator{end: i + 2}
	case s[i] == '-': // ->
		sep.end = i + 2
	case !sep.colon:
		for sep.end < len(s) && s[sep.end] == '=' {
			sep.end++
		}
		if sep.end < len(s) && s[sep.end] == '>' {
			sep.end++
		}
	}
	if n.param {
		sep.tight = true
		return sep, true
	}
	start := sep.end
	if n.quote != "" {
		sep.end = skipSpaces(s, start)
	} else {
		sep.end = skipBlanks(s, start)
	}
	sep.tight = !n.gap && sep.end == start || s[start-1] == '>'
	return sep, true
}

// mayBeSentence tells whether what looks like a name and its value could be part of
// a sentence, so that both must be looked at more closely.
func (t *textSearch) mayBeSentence(n label, sep separator) bool {
	return !t.plain && !n.param && (sep.colon || !sep.tight)
}

// isName tells the name of a value from a part of a sentence that ends in a colon:
// "unexpected token: x", "InvalidToken: x".
func (t *textSearch) isName(n label, v verdict) bool {
	return v.level == strong && v.seen&complaint == 0 && v.last&plural == 0 && !isParserWord(wordBefore(t.s[t.floor:], n.start-t.floor))
}

// isLocation tells app/token.py:42, token-service:443 and /token:x from values.
func isLocation(s string, n label, sep separator) bool {
	if n.start > 0 && s[n.start-1] == '/' {
		return true
	}
	if !sep.tight || !strings.ContainsAny(n.text, ".-") {
		return false
	}
	end := sep.end
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	return end > sep.end && (end == len(s) || !isAlnum(s[end]))
}

// isParserWord knows what stands in front of "token" where it is part of a program's
// text.
func isParserWord(w string) bool {
	switch strings.ToLower(w) {
	case "unexpected", "unrecognized", "unrecognised", "unknown", "illegal", "expected", "expecting",
		"next", "last", "previous", "current", "found", "syntax", "unterminated":
		return true
	}
	return false
}

// wordBefore returns the word in front of the one that begins at i, or its end.
func wordBefore(s string, i int) string {
	const longest = len("unrecognized") + 1
	for i > 0 && isBlank(s[i-1]) {
		i--
	}
	end := i
	for i > 0 && isLetter(s[i-1]) && end-i < longest {
		i--
	}
	return s[i:end]
}

// headerLine marks the rest of the line behind "Authorization:" or "Cookie:".
func (t *textSearch) headerLine(n label, sep separator, v verdict) int {
	s := t.s
	lo := sep.end
	if lo < len(s) && (isOpening(s[lo]) || isQuote(s[lo])) {
		return t.mark(lo, place{line: !t.plain, cookie: true}, v)
	}
	if !t.plain && !isHeaderValue(s, lo, v) {
		return lo
	}
	closing := byte('\n')
	if n.start > 0 && isQuote(s[n.start-1]) {
		closing = s[n.start-1] // 'Authorization: x'
	}
	hi := lo
	for hi < len(s) && s[hi] != '\n' && s[hi] != '\r' && s[hi] != closing {
		hi++
	}
	t.add(lo, hi, "")
	return hi
}

// isHeaderValue tells the value of one of those headers from the rest of a sentence,
// by its first word.
func isHeaderValue(s string, i int, v verdict) bool {
	const enough = 256 // characters to tell
	end := i
	for end < len(s) && end-i < enough && !isSpace(s[end]) {
		end++
	}
	first := s[i:end]
	if v.last&cookie != 0 {
		return strings.IndexByte(first, '=') > 0
	}
	return isScheme(first) || looksSecret(first)
}

// parameter follows the encoding of a query parameter that is not itself secret.
func (t *textSearch) parameter(lo int) {
	hi := lo
	for hi < len(t.s) && !isSpace(t.s[hi]) && strings.IndexByte(`&?;#"<>`, t.s[hi]) < 0 {
		hi++
	}
	if t.f.depth < maxDepth && hasEncodedSyntax(t.s[lo:hi]) {
		t.f.decoded(t.s[lo:hi], t.base+lo, percentEncoding)
	}
}
