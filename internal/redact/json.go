package redact

import "strings"

// json searches a JSON document, or the beginning of one that was cut off. It goes
// by the tokens alone, so it takes any number of documents, duplicate names, NaN and
// any depth. It reports false, having found nothing, for what has other text in it.
func (f *finder) json(s string, base int) bool {
	found := len(f.spans)
	j := jsonSearch{f: f, s: s, base: base, login: login{text: s}}
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
	f    *finder
	s    string
	base int
	i    int
	// named is set behind {"name": "password", until the object ends: its member
	// "value" is then the secret.
	named bool
	login login
}

func (j *jsonSearch) token() bool {
	switch c := j.s[j.i]; c {
	case ' ', '\t', '\r', '\n', '{', '[', ']', ',', ':':
		j.i++
	case '}':
		j.named = false
		j.i++
	case '"':
		return j.str()
	default:
		end := literalEnd(j.s, j.i)
		if !isLiteral(j.s[j.i:end]) {
			return false
		}
		j.i = end
	}
	return true
}

// str handles a string: a member, with its value if that is secret, or a value.
func (j *jsonSearch) str() bool {
	start := j.i + 1
	var end int
	end, j.i = quoteEnd(j.s, start, '"', 0, false)
	colon := skipSpaces(j.s, j.i)
	if colon == len(j.s) || j.s[colon] != ':' {
		j.value(start, end)
		return true
	}
	value := skipSpaces(j.s, colon+1)
	j.i = value
	name := j.s[start:end]
	switch v := j.f.judge(decodedName(name)); {
	case v.level != open, j.named && isValueName(name), j.login.isCode(name):
		return j.secret(value)
	case isNameName(name):
		j.named = j.named || j.namesSecret(value)
	default:
		j.value(start, end)
	}
	return true
}

// secret marks the value at i and goes on behind it.
func (j *jsonSearch) secret(i int) bool {
	j.i = len(j.s)
	if i == len(j.s) {
		return true
	}
	switch j.s[i] {
	case '"':
		var end int
		end, j.i = quoteEnd(j.s, i+1, '"', 0, false)
		j.f.add(j.base+i+1, j.base+end, "")
		return true
	case '{', '[':
		j.i = bracketEnd(j.s, i, 0, false)
	default:
		j.i = literalEnd(j.s, i)
		if !isLiteral(j.s[i:j.i]) {
			return false
		}
	}
	j.f.add(j.base+i, j.base+j.i, `"`)
	return true
}

// value searches within a string.
func (j *jsonSearch) value(start, end int) {
	text := j.s[start:end]
	if j.f.depth < maxDepth && strings.IndexByte(text, '\\') >= 0 {
		j.f.decoded(text, j.base+start, jsonEscapes)
		return
	}
	j.f.message(text, j.base+start)
}

// namesSecret tells whether the string at i is the name of a secret.
func (j *jsonSearch) namesSecret(i int) bool {
	if i == len(j.s) || j.s[i] != '"' {
		return false
	}
	end, next := quoteEnd(j.s, i+1, '"', 0, false)
	return next > end && j.f.judge(decodedName(j.s[i+1:end])).level != open
}

func isNameName(name string) bool {
	switch name {
	case "name", "Name", "key", "Key", "field", "header":
		return true
	}
	return false
}

func isValueName(name string) bool { return name == "value" || name == "Value" }

// literalEnd returns where a number or a bare word ends.
func literalEnd(s string, i int) int {
	for i < len(s) {
		switch s[i] {
		case ' ', '\t', '\r', '\n', ',', ':', '"', '{', '}', '[', ']':
			return i
		}
		i++
	}
	return i
}

// isLiteral accepts what JSON has, and what the JSON libraries of Python and
// JavaScript write beyond it. Numbers are only told by their characters.
func isLiteral(s string) bool {
	switch s {
	case "true", "false", "null", "NaN", "Infinity", "-Infinity":
		return true
	}
	for i := range len(s) {
		c := s[i]
		if !isDigit(c) && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			return false
		}
	}
	return s != ""
}
