package redact

import "strings"

// A text search goes through text of any format, from one character that gives
// something away to the next: the start of a word, which may be that of a token, or
// what can stand between a name and its value. It never looks at a part of the text
// more than a fixed number of times: what it must look ahead for, it then skips.
type textSearch struct {
	f    *finder
	s    string
	base int
	// plain is set for what is data rather than sentences: "password: must be long"
	// is then a password.
	plain bool
	// floor is where the last secret ends, or a placeholder: no name begins before it.
	floor int
	// inQuotes is whether an odd number of quotation marks stands on this line.
	inQuotes bool
	// markup is set if the text as a whole is markup: an element that is not closed
	// then goes on until the end.
	markup bool
	login  login
}

// search searches a text of any format; plain says that it is data.
func (f *finder) search(s string, base int, plain bool) {
	start := skipSpaces(s, 0)
	t := textSearch{
		f: f, s: s, base: base, plain: plain,
		markup: plain && start < len(s) && s[start] == '<',
		login:  login{text: s},
	}
	for i := 0; i < len(s) && !f.full; {
		switch c := s[i]; {
		case isAlnum(c):
			i = t.word(i)
		case c == '=':
			i = t.assignment(i)
		case c == ':':
			i = t.colon(i)
		case c == '-':
			i = t.dash(i)
		case c == '<':
			i = t.tag(i)
		case c == '@':
			i = t.dataSource(i)
		case c == '"':
			t.inQuotes = !t.inQuotes
			i++
		case c == '\n':
			t.inQuotes = false
			i++
		default:
			i++
		}
	}
	if f.depth < maxDepth && hasEntities(s) {
		f.decoded(s, base, htmlEntities)
	}
}

func (t *textSearch) add(lo, hi int, quote string) {
	t.f.add(t.base+lo, t.base+hi, quote)
	t.floor = max(t.floor, hi)
}

// word looks for a token that begins at the word at i.
func (t *textSearch) word(i int) int {
	if lo, hi := findCredential(t.s, i); lo < hi {
		t.add(lo, hi, "")
		return hi
	}
	return runEnd(t.s, i, letter|digit|underscore)
}

// colon tells that of a URL from that behind a name.
func (t *textSearch) colon(i int) int {
	for _, slashes := range [...]string{"//", `\/\/`} {
		if strings.HasPrefix(t.s[i+1:], slashes) {
			return t.userinfo(i + 1 + len(slashes))
		}
	}
	return t.assignment(i)
}

// dash looks for a private key, the value of a command line's option, and the arrow
// with which Scala prints maps.
func (t *textSearch) dash(i int) int {
	rest := t.s[i:]
	switch {
	case strings.HasPrefix(rest, "->"):
		return t.assignment(i)
	case strings.HasPrefix(rest, pemBegin):
		if n := privateKeyLen(rest); n > 0 {
			t.add(i, i+n, "")
			return i + n
		}
		return i + len(pemBegin)
	case strings.HasPrefix(rest, "--"):
		return t.option(i)
	}
	return i + 1
}
