package redact

import (
	"regexp"
	"strings"
)

// maxTag is how long the tags of elements are that have secrets in them.
const maxTag = 512

// namedBy finds what an element is called by an attribute: <param name="password">.
var namedBy = regexp.MustCompile(`\s(?:name|key|id)=["']([^"']+)`)

// tag looks at the tag at i. If it opens an element of a secret name, or of one that an
// attribute names, the content is secret. Attributes are found by themselves, as they
// are assignments.
func (w *walker) tag(i int) int {
	s := w.s
	if strings.HasPrefix(s[i:], Placeholder) {
		w.floor = i + len(Placeholder)
		return w.floor
	}
	nameEnd := i + 1
	for nameEnd < len(s) && (urlSafe|letter).has(s[nameEnd]) || nameEnd < len(s) && nameEnd > i+1 && strings.IndexByte(".:", s[nameEnd]) >= 0 {
		nameEnd++
	}
	rest := s[nameEnd:min(nameEnd+maxTag, len(s))]
	n := strings.IndexAny(rest, "<>")
	if nameEnd == i+1 || !letter.has(s[i+1]) || n < 0 || rest[n] == '<' {
		return nameEnd
	}
	name, attributes := s[i+1:nameEnd], rest[:n]
	w.spend(i, nameEnd+n)
	isSecret := w.f.meaningOf(name[strings.IndexByte(name, ':')+1:]).level != open
	if !isSecret && strings.IndexByte(attributes, '=') >= 0 {
		m := namedBy.FindStringSubmatch(strings.Clone(attributes))
		isSecret = m != nil && w.f.meaningOf(m[1]).level != open
	}
	if !isSecret || strings.HasSuffix(attributes, "/") {
		return nameEnd
	}
	w.f.walk(attributes, w.base+nameEnd, w.mode)
	return w.content(name, nameEnd+n+1)
}

// content marks what stands between lo and the closing tag of an element, and returns
// where to go on. In text that is no markup that must be the next tag of any kind: List<Token> is none.
func (w *walker) content(name string, lo int) int {
	s, closing := w.s, "</"+name
	hi := lo
	for strings.HasPrefix(s[hi:], Placeholder) {
		hi += len(Placeholder)
	}
	sought := "<"
	if w.isMarkup {
		sought = closing
	}
	if n := strings.Index(s[hi:], sought); n >= 0 {
		hi += n
	} else {
		hi = len(s)
	}
	if w.isMarkup || strings.HasPrefix(s[hi:], closing) {
		return w.add(lo, hi, mark{})
	}
	w.spend(lo, hi)
	return lo
}
