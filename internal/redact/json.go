package redact

import "strings"

// json searches a JSON document, or the beginning of one that was cut off. It goes
// by the tokens alone, so it takes any number of documents, duplicate names, NaN and
// any depth. It reports false, having found nothing, for what has other text in it.
func (f *finder) json(s string, base int) bool {
	f.spend(len(s), base)
	found := len(f.spans)
	j := jsonSearch{w: walker{f: f, s: s, base: base, mode: data}}
	for j.i < len(s) && !f.full {
		if !j.token() {
			f.spans = f.spans[:found]
			return false
		}
	}
	return true
}

// A jsonSearch goes through a document.
type jsonSearch struct {
	w walker
	i int
	// listed is what the text in front says of the one at i, in a list.
	listed meaning
}

func (j *jsonSearch) token() bool {
	s := j.w.s
	switch c := s[j.i]; c {
	case ' ', '\t', '\r', '\n', ',', ':':
		j.i++
	case '{', '[', ']', '}':
		j.listed = meaning{}
		j.i++
	case '"':
		return j.str()
	default:
		start := j.i
		for j.i < len(s) && strings.IndexByte(" \t\r\n,:\"{}[]", s[j.i]) < 0 {
			j.i++
		}
		return isLiteral(s[start:j.i])
	}
	return true
}

// str handles a string: a member's name, or a value.
func (j *jsonSearch) str() bool {
	s, f := j.w.s, j.w.f
	start := j.i + 1
	text := j.text()
	colon := skipSpaces(s, j.i)
	if colon == len(s) || s[colon] != ':' {
		j.item(text, start)
		return true
	}
	j.i = skipSpaces(s, colon+1)
	name := decodedName(text)
	if strings.HasSuffix(name, "alue") {
		j.w.try(start, rules.index[keyOf(text)]) // "value": "x", "name": "password"
	}
	switch {
	case f.meaningOf(name).level != open, f.isLoginCode(name):
		return j.secret(mark{start - 1, start})
	case j.w.floor > j.i:
		j.text()
	case j.i < len(s) && s[j.i] == '"':
		value := j.i + 1
		j.search(j.text(), value)
		fallthrough
	default:
		j.search(text, start)
	}
	return true
}

// text returns the string that begins at i, and goes on behind it.
func (j *jsonSearch) text() string {
	start := j.i + 1
	end := j.w.quoteEnd(start, '"')
	j.i = min(end+1, len(j.w.s))
	return j.w.s[start:end]
}

// secret marks the value at i, which needs the mark if it has none, and goes on behind it.
func (j *jsonSearch) secret(m mark) bool {
	s, start := j.w.s, j.i
	switch {
	case start == len(s):
		return true
	case s[start] == '"':
		if text := j.text(); !is(text, nothing) && !isMask(text) {
			j.w.add(start+1, start+1+len(text), mark{})
		}
		return true
	case s[start] == '{' || s[start] == '[':
		j.i = j.w.bracketEnd(start)
	default:
		if !j.token() || is(s[start:j.i], nothing) {
			return is(s[start:j.i], nothing)
		}
	}
	j.w.add(start, j.i, m)
	return true
}

// item handles a string that is no member's name: in a list it can be the value of the
// one in front, ["Cookie", "a=b"].
func (j *jsonSearch) item(text string, start int) {
	before := j.listed
	j.listed = meaning{}
	if before.level != open && isListedSecret(before, text) {
		j.w.add(start, start+len(text), mark{})
		return
	}
	if len(text) <= maxLabel {
		j.listed = j.w.f.meaningOf(text)
	}
	j.search(text, start)
}

// search searches within a string.
func (j *jsonSearch) search(text string, start int) {
	if f := j.w.f; f.depth < maxDepth && strings.IndexByte(text, '\\') >= 0 {
		f.decoded(text, j.w.base+start, escapes, prose)
	} else {
		f.search(text, j.w.base+start, prose)
	}
}
