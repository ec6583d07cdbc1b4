package redact

import "strings"

// A login tells whether a text takes part in an OAuth login. Only then is a "code" one
// that opens a session, rather than that of a country or an error.
type login struct {
	text string
	// asked and is hold the answer, as it takes a look at the whole text.
	asked, is bool
}

// isCode tells whether name is that of such a code.
func (l *login) isCode(name string) bool {
	if name != "code" {
		return false
	}
	if !l.asked {
		l.asked = true
		l.is = strings.Contains(l.text, "state=") || strings.Contains(l.text, "grant_type") ||
			strings.Contains(l.text, "code_verifier")
	}
	return l.is
}
