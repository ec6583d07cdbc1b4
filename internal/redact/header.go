package redact

import (
	"strings"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// header returns the value of a header without its secrets.
func (r *Redactor) header(h periskop.Header) string {
	if h.Value == "" {
		return h.Value
	}
	name := withoutCGI(h.Name)
	kind := lookUp(squash(make([]byte, 0, maxWord), name))
	m := meaningOf(h.Name)
	switch {
	case m.level != open, m.seen&(secret|signing) != 0, kind&secretHeader != 0,
		r.headers.has(h.Name), r.headers.has(name), r.members.has(h.Name):
		// Unlike elsewhere, no word takes a secret one back: headers such as
		// X-Token-Type are rare, and nobody misses them.
		return Placeholder
	case m.seen&isKey != 0 && isRandom(h.Value, token68) && !isUUID(h.Value), kind&challengeHeader != 0 && isChallengeToken(h.Value):
		return Placeholder
	case kind&urlHeader != 0:
		return r.redact(h.Value, urlText)
	case kind&queryHeader != 0:
		return r.redact(h.Value, queryText)
	}
	return r.redact(h.Value, messageText)
}

// isChallengeToken tells the token of Negotiate and NTLM, or one alone, from what a challenge asks
// for: Basic realm="x".
func isChallengeToken(s string) bool {
	if name, rest, ok := strings.Cut(s, " "); ok && is(name, scheme) {
		s = strings.TrimSpace(rest)
	}
	return isRandom(s, token68)
}

// isUUID tells the form of UUIDs, which name things, and are no keys to them.
func isUUID(s string) bool { return len(s) == 36 && s[8] == '-' && s[13] == '-' }

// withoutCGI takes the prefix off a name as CGI, WSGI and Rack write it.
func withoutCGI(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "REDIRECT_"), "HTTP_")
}
