package redact

import "strings"

const (
	// pemBegin opens a block of PEM, RFC 7468, pemEnd its last line, and pemMark closes both.
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemMark  = "-----"
)

// keyEnd returns the end of the private key whose first line ends at i. One that has no
// last line goes on as long as there are lines of base64.
func (w *walker) keyEnd(i int) int {
	s := w.s[i:]
	if n := strings.Index(s, pemMark); n >= 0 && strings.HasPrefix(s[n:], pemEnd) {
		end := n + len(pemEnd)
		if n := strings.Index(s[end:], pemMark); n >= 0 {
			return i + end + n + len(pemMark)
		}
	}
	return w.keyLines(i)
}

// keyLines returns where the lines of a key end that begin at i.
func (w *walker) keyLines(i int) int {
	end := i
	for end < len(w.s) {
		n := keyLineLen(w.s[end:])
		if n == 0 {
			break
		}
		end += n
	}
	return i + len(strings.TrimRight(w.s[i:end], "\n"))
}

// keyLineLen returns the length of the line that s begins with if it is one of a key,
// base64 or a header of PEM, and 0 if not. It looks at no more of another line than
// what could be of a key.
func keyLineLen(s string) int {
	i := len(s) - len(strings.TrimLeft(s, " \t\r\"',+|>"))
	if strings.HasPrefix(s[i:], "Proc-Type: ") || strings.HasPrefix(s[i:], "DEK-Info: ") {
		return min(lineEnd(s, i)+1, len(s))
	}
	for i < len(s) && (token68.has(s[i]) && s[i] != '.' || strings.IndexByte(" \t\r\"',+|>\\", s[i]) >= 0) {
		i++
	}
	switch {
	case i == len(s):
		return i
	case s[i] == '\n':
		return i + 1
	}
	return 0
}

// partEnd returns where the part of a body ends that has its content at i. The first
// line of such a body is what stands between its parts.
func (w *walker) partEnd(i int) int {
	boundary := "--"
	if strings.HasPrefix(w.s, boundary) {
		boundary = strings.TrimRight(w.s[:lineEnd(w.s, 0)], "\r\n")
	}
	n := strings.Index(w.s[i:], "\n"+boundary)
	if n < 0 {
		return len(w.s)
	}
	return i + len(strings.TrimSuffix(w.s[i:i+n], "\r"))
}
