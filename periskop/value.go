package periskop

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// text returns what v says as text: a string unquoted, null as nothing, and
// anything else as its JSON. Clients put numbers, lists and objects where the
// format wants strings.
func text(v []byte) string {
	switch v[0] {
	case 'n':
		return ""
	case '"':
		inner := v[1 : len(v)-1]
		if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
			return string(inner)
		}
		var buf [512]byte // most texts with escapes are lines of stack traces
		out := buf[:0]
		if len(v) > len(buf) {
			out = make([]byte, 0, len(v))
		}
		b, err := jsontext.AppendUnquote(out, v)
		if err != nil && !jsontext.Value(v).IsValid(jsontext.AllowInvalidUTF8(true)) {
			v = inner // bare control characters or unknown escapes: it is left as it stands
			break
		}
		return string(b) // what is not UTF-8 came out as U+FFFD
	}
	return strings.ToValidUTF8(string(v), "\ufffd")
}

// rawText is text for a value that may be absent.
func rawText(v []byte) string {
	if len(v) == 0 {
		return ""
	}
	return text(v)
}

// textUpTo is rawText for at most limit bytes, at no more cost than that of those.
func textUpTo(v []byte, limit int) string {
	switch {
	case len(v) <= limit:
		return cutText(rawText(v), limit) // what is not UTF-8 becomes longer
	case v[0] != '"':
		return cutAt(text(v[:limit]), limit)
	}
	end, n := prefix(v, limit)
	if n <= limit {
		return cutText(text(v), limit)
	}
	return cutAt(text(append(v[:end:end], '"')), limit)
}

// prefix returns where in a string in quotes more than limit bytes of its text lie behind,
// or all of it, and how many those are at least.
func prefix(v []byte, limit int) (end, n int) {
	last := len(v) - 1
	for end = 1; end < last && n <= limit; n++ {
		plain := bytes.IndexByte(v[end:last], '\\')
		if plain < 0 {
			plain = last - end
		}
		plain = min(plain, limit-n)
		end, n = end+plain, n+plain
		switch {
		case end == last:
			return end, n
		case v[end] != '\\':
			end++
		case v[end+1] == 'u':
			end = min(end+len(`\u00e9`), last)
		default:
			end += len(`\n`)
		}
	}
	return end, n
}

// textSize returns how many bytes the text of v has at least. It is exact for texts without
// escapes like \u00e9.
func textSize(v []byte) int {
	if v[0] != '"' {
		return len(v)
	}
	_, n := prefix(v, math.MaxInt)
	return n
}

// scalar returns the text of a string or a number, and "" for everything else: true and
// false say as little as null where a text is wanted.
func scalar(v []byte) string { return scalarUpTo(v, math.MaxInt) }

func scalarUpTo(v []byte, limit int) string {
	if len(v) == 0 || bytes.IndexByte([]byte("{[ntfNI"), v[0]) >= 0 {
		return ""
	}
	return textUpTo(v, limit)
}

// isWord reports whether a value is true, false, null, NaN or the like, which names nothing:
// all who write it instead of a name would be one.
func isWord(v []byte) bool {
	return len(v) > 0 && v[0] != '"' && v[0] != '{' && v[0] != '[' && kindOf(v) != "a number"
}

// isNothing reports whether a value stands for there being none: null, and what languages
// without it or with a loose idea of emptiness write instead.
func isNothing(v []byte) bool {
	switch string(v) {
	case "", "null", "false", `""`, "[]", "{}":
		return true
	}
	return false
}

// count reads a total. Clients write whole numbers; some JSON libraries write those
// as 2.0 or 2e3, or as strings.
func count(name string, v []byte) (uint64, error) {
	s := strings.TrimSpace(text(v))
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(s, 64)
		switch {
		case v[0] != '"' && !isDigit(v[0]) && v[0] != '-':
			return 0, oddError(name + " is " + kindOf(v) + ", not a number")
		case err != nil && !math.IsInf(f, 0), strings.Trim(s, "0123456789+-.eE") != "":
			return 0, oddError(name + " is a text that is no number")
		case f < 0, f != math.Trunc(f):
			return 0, oddError(name + " is not a whole number from zero on")
		case f > MaxTotalCount:
			n = math.MaxUint64
		default:
			n = uint64(f)
		}
	}
	if n > MaxTotalCount {
		return 0, oddError(name + " is beyond 2^53")
	}
	return n, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// kindOf says what a value is, for a message. What targets send is not part of messages:
// it may hold what nobody is to see.
func kindOf(v []byte) string {
	switch c := v[0]; {
	case c == '"':
		return "a text"
	case c == '[':
		return "a list"
	case c == '{':
		return "an object"
	case isDigit(c), c == '-' && len(v) > 1 && isDigit(v[1]):
		return "a number"
	}
	return string(v) // null, true, false, NaN and the like
}

// formOf says what a value looks like: its beginning, with all digits alike and all
// letters.
func formOf(v []byte) string {
	const most = 40 // bytes; texts of times are shorter
	form := bytes.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return '0'
		case unicode.IsUpper(r):
			return 'X'
		case r < utf8.RuneSelf && unicode.IsPrint(r) && !unicode.IsLetter(r):
			return r
		}
		return 'x'
	}, v[:min(len(v), most)])
	if len(v) > most {
		return string(form) + "…"
	}
	return string(form)
}
