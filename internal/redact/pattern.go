package redact

import (
	"regexp"
	"strings"
)

// A pattern is one of the user's, or of personal data.
type pattern struct {
	re *regexp.Regexp
	// group is the number of the group to replace, 0 for the whole match.
	group int
	// check, if there is one, tells whether a match counts.
	check func(string) bool
}

func newPattern(re *regexp.Regexp) pattern {
	return pattern{re: re, group: max(re.SubexpIndex("secret"), 0)}
}

// find adds what the pattern matches in the whole text of f.
func (p pattern) find(f *finder) {
	s := f.text
	for i, m := range p.re.FindAllStringSubmatchIndex(s, maxSpans+1) {
		lo, hi := m[2*p.group], m[2*p.group+1]
		if i == maxSpans {
			lo, hi = m[0], len(s)
		}
		if lo < hi && (p.check == nil || p.check(s[lo:hi])) {
			lo, hi = aroundPlaceholder(s, lo, hi)
			f.add(lo, hi, mark{})
		}
	}
}

// aroundPlaceholder widens a match that begins or ends within a placeholder, so that
// no half of one is left over.
func aroundPlaceholder(s string, lo, hi int) (wideLo, wideHi int) {
	const inner = len(Placeholder) - 1
	start, end := max(lo-inner, 0), min(hi+inner, len(s))
	if i := strings.Index(s[start:min(lo+inner, len(s))], Placeholder); i >= 0 {
		lo = start + i
	}
	if i := strings.LastIndex(s[max(hi-inner, 0):end], Placeholder); i >= 0 {
		hi = max(hi-inner, 0) + i + len(Placeholder)
	}
	return lo, max(hi, lo)
}
