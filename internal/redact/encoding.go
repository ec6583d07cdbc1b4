package redact

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// An encoding is a way in which one text stands within another.
type encoding uint8

const (
	// percentEncoding is that of URLs and forms.
	percentEncoding encoding = iota
	// jsonEscapes are those in a JSON string.
	jsonEscapes
	// htmlEntities are those of text in HTML and XML.
	htmlEntities
)

// next appends what stands at s[i:] and returns where that ends.
func (e encoding) next(b []byte, s string, i int) (decoded []byte, end int) {
	switch e {
	case percentEncoding:
		return nextPercent(b, s, i)
	case jsonEscapes:
		return nextEscape(b, s, i)
	default:
		return nextEntity(b, s, i)
	}
}

// quote returns a quotation mark of the inner text as it stands in the outer one.
func (e encoding) quote(mark string) string {
	switch e {
	case percentEncoding:
		return strings.NewReplacer(`"`, "%22", "'", "%27", "`", "%60", `\`, "%5C").Replace(mark)
	case jsonEscapes:
		return strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(mark)
	default:
		return strings.NewReplacer(`"`, "&quot;", "'", "&#39;").Replace(mark)
	}
}

func (e encoding) decode(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		b, i = e.next(b, s, i)
	}
	return string(b)
}

// locate translates sorted spans of the decoded text into spans of s. Where a span
// begins or ends within what a single escape stands for, it takes all of it.
func (e encoding) locate(s string, spans []span) []span {
	var buf [utf8.UTFMax]byte
	plain, lo, p := 0, -1, 0
	for i := 0; i < len(s) && p < len(spans); {
		b, next := e.next(buf[:0], s, i)
		plain += len(b)
		if lo < 0 && plain > spans[p].lo {
			lo = i
		}
		if lo >= 0 && plain >= spans[p].hi {
			spans[p] = span{lo: lo, hi: next, quote: e.quote(spans[p].quote)}
			lo = -1
			p++
		}
		i = next
	}
	return spans[:p]
}

func nextPercent(b []byte, s string, i int) ([]byte, int) {
	switch {
	case s[i] == '+':
		return append(b, ' '), i + 1
	case s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
		return append(b, unhex(s[i+1])<<4|unhex(s[i+2])), i + 3
	}
	return append(b, s[i]), i + 1
}

func nextEscape(b []byte, s string, i int) ([]byte, int) {
	if s[i] != '\\' || i+1 == len(s) {
		return append(b, s[i]), i + 1
	}
	switch c := s[i+1]; c {
	case 'n':
		return append(b, '\n'), i + 2
	case 'r':
		return append(b, '\r'), i + 2
	case 't':
		return append(b, '\t'), i + 2
	case 'u':
		r, ok := hexRune(s, i)
		if !ok {
			return append(b, s[i]), i + 1
		}
		if low, ok := hexRune(s, i+6); ok && utf16.IsSurrogate(r) {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return utf8.AppendRune(b, pair), i + 12
			}
		}
		return utf8.AppendRune(b, r), i + 6
	default:
		return append(b, c), i + 2
	}
}

// entities are those that HTML and XML libraries write for markup in text.
var entities = [...]struct {
	name string
	char byte
}{
	{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&#34;", '"'}, {"&apos;", '\''}, {"&#39;", '\''}, {"&#x27;", '\''},
}

func nextEntity(b []byte, s string, i int) ([]byte, int) {
	if s[i] == '&' {
		for _, e := range entities {
			if strings.HasPrefix(s[i:], e.name) {
				return append(b, e.char), i + len(e.name)
			}
		}
	}
	return append(b, s[i]), i + 1
}

// hasEntities tells whether s, decoded, has tags or quotation marks that it has not
// as it stands.
func hasEntities(s string) bool {
	return strings.IndexByte(s, '&') >= 0 &&
		(strings.Contains(s, "&lt;") || strings.Contains(s, "&quot;") || strings.Contains(s, "&#34;"))
}

// hexRune reads an escape of the form \uXXXX.
func hexRune(s string, i int) (rune, bool) {
	if i+6 > len(s) || s[i] != '\\' || s[i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[i+2 : i+6]) {
		if !isHex(c) {
			return 0, false
		}
		r = r<<4 | rune(unhex(c))
	}
	return r, true
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// hasEncodedSyntax tells whether s, decoded, could hold anything that the finder
// goes by, or a percent sign and so another encoding.
func hasEncodedSyntax(s string) bool {
	for i := strings.IndexByte(s, '%'); i >= 0 && i+2 < len(s); {
		switch s[i+1 : i+3] {
		case "3A", "3a", "3D", "3d", "40", "3C", "3c", "7B", "7b", "25":
			return true
		}
		next := strings.IndexByte(s[i+1:], '%')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

// decodedName returns a name without percent-encoding and JSON escapes.
func decodedName(name string) string {
	for i := range len(name) {
		switch name[i] {
		case '%', '+':
			return jsonEscapes.decode(percentEncoding.decode(name))
		case '\\':
			return jsonEscapes.decode(name)
		}
	}
	return name
}
