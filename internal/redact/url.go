package redact

import "strings"

// userinfo marks the password of the URL whose authority begins at i, or the user if
// it is a token, and returns where to go on.
func (w *walker) userinfo(i int) int {
	// maxPassword is how far a password in a URL is followed beyond the characters that
	// end the authority of a valid one: "/", "?" and "#" ought to be encoded in it, and
	// often are not.
	const maxPassword = 128
	s := w.s
	end := i
	for end < len(s) && (strings.HasPrefix(s[end:], Placeholder) || strings.IndexByte("/?#\\\"'`<> \t\r\n\x00", s[end]) < 0) {
		if s[end] == '<' {
			end += len(Placeholder) - 1
		}
		end++
	}
	w.spend(i, end)
	at := strings.LastIndexByte(s[i:end], '@')
	colon := strings.IndexByte(s[i:end], ':')
	if at < 0 && colon >= 0 && end < len(s) && !digit.all(s[i+colon+1:end]) && s[i] != '[' {
		later := s[i:min(end+maxPassword, len(s))]
		if n := strings.IndexAny(later[end-i:], " \t\r\n\"<"); n >= 0 {
			later = later[:end-i+n]
		}
		at = strings.LastIndexByte(later, '@')
	}
	if at < 0 {
		return i
	}
	user := at
	if 0 <= colon && colon < at {
		user = colon
		w.add(i+colon+1, i+at, mark{})
	}
	if isRandom(s[i:i+user], urlSafe) {
		w.add(i, i+user, mark{})
	}
	return max(i, w.floor)
}
