package redact

import "strings"

// url searches the URL that the whole text is. It may be relative, or none at all.
func (f *finder) url(s string) {
	t := textSearch{f: f, s: s}
	switch {
	case strings.HasPrefix(s, "//"):
		t.userinfo(len("//"))
	default:
		if i := strings.Index(s, "://"); i >= 0 {
			t.userinfo(i + len("://"))
		}
	}
	head := strings.IndexAny(s, "?#")
	if head < 0 {
		f.message(s, 0)
		return
	}
	f.search(s[:head], 0, false)
	f.params(s[head+1:], head+1, "&#")
}

// params searches a list of parameters: a query with the fragment behind it, or a
// form. A value goes on until one of ends, whatever it consists of.
func (f *finder) params(s string, base int, ends string) {
	l := login{text: s}
	for i := 0; i < len(s) && !f.full; {
		end := paramEnd(s, i, ends)
		param := s[i:end]
		eq := strings.IndexByte(param, '=')
		if eq < 0 {
			f.nested(param, base+i)
			i = end + 1
			continue
		}
		// A fragment can have a path: #/login?token=x
		name := param[strings.LastIndexAny(param[:eq], ";?")+1 : eq]
		name = strings.TrimSpace(decodedName(name))
		isSecret := f.judge(name).level != open || l.isCode(name)
		if isSecret {
			f.add(base+i+eq+1, base+end, "")
		} else {
			f.nested(param[eq+1:], base+i+eq+1)
		}
		i = end + 1
	}
}

func paramEnd(s string, i int, ends string) int {
	if n := strings.IndexAny(s[i:], ends); n >= 0 {
		return i + n
	}
	return len(s)
}

// maxPassword is how far a password in a URL is followed beyond the characters that
// end the authority of a valid one.
const maxPassword = 128

// userinfo marks the password of the URL whose authority begins at i, and returns
// where to go on.
func (t *textSearch) userinfo(i int) int {
	s := t.s
	end, at, colon := authority(s, i)
	if at < 0 && colon >= 0 && end < len(s) && !isPort(s[colon+1:end]) && s[i] != '[' {
		// "/", "?" and "#" ought to be encoded in a password, and often are not.
		at = laterAt(s, end)
	}
	if at < 0 || colon < 0 || colon > at {
		return i
	}
	t.add(colon+1, at, "")
	return at
}

// authority returns where the authority at i ends, the last '@' in it and the first
// colon, or -1.
func authority(s string, i int) (end, at, colon int) {
	at, colon = -1, -1
	for end = i; end < len(s); end++ {
		switch c := s[end]; c {
		case '/', '?', '#', '\\', '"', '\'', '`', ' ', '\t', '\r', '\n', '>':
			return end, at, colon
		case '<':
			if !strings.HasPrefix(s[end:], Placeholder) {
				return end, at, colon
			}
			end += len(Placeholder) - 1
		case '@':
			at = end
		case ':':
			if colon < 0 {
				colon = end
			}
		}
	}
	return end, at, colon
}

func laterAt(s string, i int) int {
	end := i
	for end < len(s) && end < i+maxPassword && !isSpace(s[end]) && s[end] != '"' && s[end] != '<' {
		end++
	}
	if k := strings.LastIndexByte(s[i:end], '@'); k >= 0 {
		return i + k
	}
	return -1
}

func isPort(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// dataSource marks the password of a data source name as Go's MySQL driver writes
// it: user:password@tcp(host)/name.
func (t *textSearch) dataSource(at int) int {
	rest := t.s[at+1:]
	if !strings.HasPrefix(rest, "tcp(") && !strings.HasPrefix(rest, "unix(") {
		return at + 1
	}
	start := at
	for start > t.floor && start > at-maxPassword && !isSpace(t.s[start-1]) && !isQuote(t.s[start-1]) {
		start--
	}
	if colon := strings.IndexByte(t.s[start:at], ':'); colon >= 0 {
		t.add(start+colon+1, at, "")
	}
	t.floor = at + 1
	return at + 1
}
