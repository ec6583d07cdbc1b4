package redact

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
)

// classes is the class of every byte.
var classes = func() (table [256]class) {
	for i := range table {
		c := byte(i)
		switch {
		case 'A' <= c && c <= 'Z':
			table[i] = upper | letter | urlSafe | token68
		case 'a' <= c && c <= 'z':
			table[i] = letter | urlSafe | token68
		case '0' <= c && c <= '9':
			table[i] = digit | urlSafe | token68
		case c == '_':
			table[i] = underscore | urlSafe | token68
		case c == '-':
			table[i] = urlSafe | token68
		case c == '.', c == '~', c == '+', c == '/', c == '=':
			table[i] = token68
		case c >= 0x80:
			table[i] = letter
		}
	}
	return table
}()

func (k class) has(c byte) bool { return classes[c]&k != 0 }

func isUpper(c byte) bool { return upper.has(c) }

func isLetter(c byte) bool { return letter.has(c) }

func isDigit(c byte) bool { return digit.has(c) }

func isAlnum(c byte) bool { return (letter | digit).has(c) }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

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

// backslashes returns how many backslashes stand in front of s[i].
func backslashes(s string, i int) int {
	n := 0
	for n < i && s[i-1-n] == '\\' {
		n++
	}
	return n
}
