package redact

import "strings"

// A class is what a byte can be, as a set of the following. All bytes beyond ASCII
// are taken for parts of letters.
type class uint8

const (
	upper class = 1 << iota
	letter
	digit
	underscore
	// urlSafe are the characters of base64url, which most tokens consist of.
	urlSafe
	// token68 are those of a credential behind "Bearer" or "Basic": RFC 9110,
	// section 11.2.
	token68
	// inName are those of a name that has no quotation marks.
	inName
	hexDigit

	alnum = letter | digit
)

// classes is the class of every byte.
var classes = func() (table [256]class) {
	for i := range table {
		c := byte(i)
		set := func(k class, belongs bool) {
			if belongs {
				table[i] |= k
			}
		}
		set(upper, 'A' <= c && c <= 'Z')
		set(letter, 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c >= 0x80)
		set(digit, '0' <= c && c <= '9')
		set(underscore, c == '_')
		set(urlSafe, c < 0x80 && table[i]&alnum != 0 || c == '-' || c == '_')
		set(token68, table[i]&urlSafe != 0 || strings.IndexByte(".~+/=", c) >= 0)
		set(inName, table[i]&alnum != 0 || strings.IndexByte("-_.[]%$", c) >= 0)
		set(hexDigit, strings.IndexByte("0123456789abcdefABCDEF", c) >= 0)
	}
	return table
}()

func (k class) has(c byte) bool { return classes[c]&k != 0 }

// all tells whether all bytes of s are of a class.
func (k class) all(s string) bool { return runEnd(s, 0, k) == len(s) }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

func isOpening(c byte) bool { return c == '(' || c == '[' || c == '{' }

// runEnd returns where those bytes of s end, from i on, that are of a class.
func runEnd(s string, i int, k class) int {
	for i < len(s) && k.has(s[i]) {
		i++
	}
	return i
}

func skipBlanks(s string, i int) int {
	for i < len(s) && isBlank(s[i]) {
		i++
	}
	return i
}

func skipSpaces(s string, i int) int {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	return i
}

// until returns where the first of some characters stands in s from i on, or its end.
func until(s string, i int, chars string) int {
	if n := strings.IndexAny(s[i:], chars); n >= 0 {
		return i + n
	}
	return len(s)
}

// lineEnd returns where the line ends that i is on.
func lineEnd(s string, i int) int { return until(s, i, "\n") }
