package redact

import "strings"

// tag looks at the tag at i. If it opens an XML element of a secret name, or one that
// an attribute names (<param name="password">), the content is secret. Attributes
// with secret names are found by themselves, as they are assignments.
func (t *textSearch) tag(i int) int {
	s := t.s
	if strings.HasPrefix(s[i:], Placeholder) {
		t.floor = i + len(Placeholder)
		return t.floor
	}
	nameEnd := i + 1
	for nameEnd < len(s) && isElementByte(s[nameEnd]) {
		nameEnd++
	}
	if nameEnd == i+1 || !isLetter(s[i+1]) {
		return i + 1
	}
	n := strings.IndexAny(s[nameEnd:], "<>")
	if n < 0 || s[nameEnd+n] == '<' {
		return nameEnd
	}
	end := nameEnd + n
	name, attributes := s[i+1:nameEnd], s[nameEnd:end]
	named := namedByAttribute(t.f, attributes)
	if t.f.judge(name[strings.IndexByte(name, ':')+1:]).level == open && !named {
		return nameEnd
	}
	if named {
		t.attributeValue(attributes, nameEnd)
	}
	t.f.search(attributes, t.base+nameEnd, t.plain)
	return t.content(name, end)
}

// content marks what stands between the tag that ends at i and its closing tag. In other
// text that must be the next tag of any kind: List<Token> is none.
func (t *textSearch) content(name string, i int) int {
	s := t.s
	lo := i + 1
	if s[i-1] == '/' {
		return lo
	}
	closing := "</" + name
	if !t.markup {
		next := lo
		for strings.HasPrefix(s[next:], Placeholder) {
			next += len(Placeholder)
		}
		hi := strings.IndexByte(s[next:], '<')
		if hi < 0 || !strings.HasPrefix(s[next+hi:], closing) {
			return lo
		}
		t.add(lo, next+hi, "")
		return next + hi
	}
	hi := strings.Index(s[lo:], closing)
	if hi < 0 {
		hi = len(s) - lo
	}
	t.add(lo, lo+hi, "")
	return lo + hi
}

// namedByAttribute tells whether the attributes say that the element is a parameter
// of a secret name.
func namedByAttribute(f *finder, attributes string) bool {
	for _, key := range [...]string{" name=", " key=", " id="} {
		if value, _, _, ok := attribute(attributes, key); ok && f.judge(value).level != open {
			return true
		}
	}
	return false
}

// attributeValue marks the value of the attribute "value".
func (t *textSearch) attributeValue(attributes string, base int) {
	if _, lo, hi, ok := attribute(attributes, " value="); ok {
		t.add(base+lo, base+hi, "")
	}
}

// attribute finds an attribute with quotation marks.
func attribute(attributes, key string) (value string, lo, hi int, ok bool) {
	i := strings.Index(attributes, key)
	if i < 0 {
		return "", 0, 0, false
	}
	lo = i + len(key)
	if lo == len(attributes) || attributes[lo] != '"' && attributes[lo] != '\'' {
		return "", 0, 0, false
	}
	n := strings.IndexByte(attributes[lo+1:], attributes[lo])
	if n < 0 {
		return "", 0, 0, false
	}
	lo++
	return attributes[lo : lo+n], lo, lo + n, true
}

func isElementByte(c byte) bool {
	return urlSafe.has(c) || isLetter(c) || c == '.' || c == ':'
}
