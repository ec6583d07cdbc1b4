package redact

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// An encoding is a way in which one text stands within another, or a set of them.
type encoding uint8

const (
	// escapes are those of strings in JSON and most languages.
	escapes encoding = 1 << iota
	// entities are those of text in HTML and XML.
	entities
	// percents are those of URLs, and queryPercents those of queries and forms, where a
	// plus sign is a blank.
	percents
	queryPercents
	// disguises are characters that look like others, or cannot be seen.
	disguises
)

// barrier stands in a decoded text for what belongs to the text around: where a
// quotation mark occurs encoded, one that is not ends what it stands in.
const barrier = 0

// A decoding is what a text says once an encoding is taken off.
type decoding struct {
	text string
	// at has where in the source each byte of text comes from, and the source's end.
	at []int32
}

func (e encoding) decode(s string) decoding {
	b := make([]byte, 0, len(s))
	at := make([]int32, 0, len(s)+1)
	var encoded [utf8.RuneSelf]bool
	for i := 0; i < len(s); {
		start := len(b)
		var n int
		if b, n = e.appendUnit(b, s[i:]); n == 0 {
			b = append(b, s[i])
			n = 1
		} else if start < len(b) && b[start] < utf8.RuneSelf {
			encoded[b[start]] = true
		}
		for range len(b) - start {
			at = append(at, int32(i)) //nolint:gosec // no text has 2 GiB
		}
		i += n
	}
	at = append(at, int32(len(s))) //nolint:gosec // no text has 2 GiB
	for j := 0; j < len(b); j++ {
		switch c := b[j]; {
		case c >= utf8.RuneSelf || s[at[j]] != c || !e.isOuter(c, encoded[c]):
		case c == '<' && strings.HasPrefix(s[at[j]:], Placeholder):
			j += len(Placeholder) - 1
		default:
			b[j] = barrier
		}
	}
	return decoding{text: string(b), at: at}
}

// isOuter tells whether a character that stands for itself belongs to the text around:
// one that also occurs encoded, and in a URL one that would have to be.
func (e encoding) isOuter(c byte, encoded bool) bool {
	return encoded && strings.IndexByte("\"'&=<>?# \n", c) >= 0 ||
		e&(percents|queryPercents) != 0 && strings.IndexByte("\"'&<># \n", c) >= 0
}

// locate translates a span of the text into one of the source that begins at base. Where
// it begins or ends within what a single escape stands for, it takes all of it.
func (d decoding) locate(p span, base int) span {
	for p.hi < len(d.text) && d.at[p.hi] == d.at[p.hi-1] {
		p.hi++
	}
	sourceIndex := func(i int) int { return base + int(d.at[i]) }
	return span{lo: sourceIndex(p.lo), hi: sourceIndex(p.hi), mark: mark{sourceIndex(p.mark.lo), sourceIndex(p.mark.hi)}}
}

// htmlEntities are those that libraries write for markup in text.
var htmlEntities = [...]string{"&lt;", "<", "&gt;", ">", "&amp;", "&", "&quot;", `"`, "&#34;", `"`, "&apos;", "'", "&#39;", "'", "&#x27;", "'"}

// appendUnit appends what stands encoded at the start of s, and returns how long that
// is there: 0 if the first byte stands for itself.
func (e encoding) appendUnit(b []byte, s string) (_ []byte, n int) {
	switch c := s[0]; {
	case e == escapes && c == '\\' && len(s) > 1:
		return appendEscape(b, s)
	case e == entities && c == '&':
		for i := 0; i < len(htmlEntities); i += 2 {
			if strings.HasPrefix(s, htmlEntities[i]) {
				return append(b, htmlEntities[i+1]...), len(htmlEntities[i])
			}
		}
	case e == queryPercents && c == '+':
		return append(b, ' '), 1
	case e&(percents|queryPercents) != 0 && c == '%' && len(s) > 2 && hexDigit.all(s[1:3]):
		v, _ := strconv.ParseUint(s[1:3], 16, 8)
		return append(b, byte(v)), 3
	case e == disguises && c >= utf8.RuneSelf:
		r, n := utf8.DecodeRuneInString(s)
		if c, ok := plain(r); ok {
			return append(b, c...), n
		}
	}
	return b, 0
}

// appendEscape appends what an escape in a string stands for: \n, \x41, \u0041.
func appendEscape(b []byte, s string) (_ []byte, n int) {
	const letters, stand = `nrt"'\/`, "\n\r\t\"'\\/"
	if i := strings.IndexByte(letters, s[1]); i >= 0 {
		return append(b, stand[i]), 2
	}
	switch s[1] {
	case 'x':
		n = len(`\x41`)
	case 'u':
		n = len(`\u0041`)
	}
	if n == 0 || len(s) < n || !hexDigit.all(s[2:n]) {
		return b, 0
	}
	v, _ := strconv.ParseUint(s[2:n], 16, 16)
	if s[1] == 'x' {
		return append(b, byte(v)), n
	}
	return utf8.AppendRune(b, rune(v)), n
}

// plain returns the ASCII character that a disguise looks like, full-width letters and
// the blank that breaks no line, or nothing for what cannot be seen.
func plain(r rune) (c string, ok bool) {
	switch {
	case 0xff01 <= r && r <= 0xff5e:
		return string(r - 0xff01 + '!'), true
	case r == 0xa0:
		return " ", true
	}
	return "", r == 0xad || 0x200b <= r && r <= 0x200f || r == 0x2060 || r == 0xfeff
}

func isDisguise(r rune) bool {
	_, ok := plain(r)
	return ok
}

// encodingAt returns the encoding that something at the start of s stands in, or 0.
// Letters that are no ASCII do not count: nothing is to be found by them.
func encodingAt(s string) encoding {
	var buf [utf8.UTFMax]byte
	e := percents
	switch s[0] {
	case '\\':
		e = escapes
	case '&':
		e = entities
	}
	if b, n := e.appendUnit(buf[:0], s); n == 0 || b[0] >= utf8.RuneSelf {
		return 0
	}
	return e
}

// decodedName returns a name without percent-encoding and escapes.
func decodedName(name string) string {
	if strings.ContainsAny(name, "%+") {
		name = queryPercents.decode(name).text
	}
	if strings.IndexByte(name, '\\') >= 0 {
		name = escapes.decode(name).text
	}
	return name
}
