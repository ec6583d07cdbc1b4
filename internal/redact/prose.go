package redact

import (
	"encoding/base64"
	"strings"
)

func isWordRune(r rune) bool { return r >= 0x80 || alnum.has(byte(r)) }

func isNoLetter(r rune) bool { return r < 0x80 && !letter.has(byte(r)) }

func isLower(r rune) bool { return 'a' <= r && r <= 'z' }

// isMask tells what programs print in place of a secret: ****, [FILTERED].
func isMask(s string) bool {
	if s == "" || !isOpening(s[0]) && s[0] != '<' {
		return strings.Trim(s, "*") == ""
	}
	inner, _, _ := strings.Cut(s[1:], string(closingOf(s[0])))
	return is(inner, mask)
}

// isTemplate tells what is to be replaced by a value, ${PASSWORD}, $1, %s, xxxx, and the
// beginning of a regular expression.
func isTemplate(s string) bool {
	for _, start := range [...]string{"${", "%(", "{{", "#{", "<%", `(\`, "(?", "(["} {
		if strings.HasPrefix(s, start) {
			return true
		}
	}
	switch s[0] {
	case 'x', 'X', '.':
		return len(s) > 2 && strings.Trim(s, s[:1]) == ""
	case '$', '%', ':':
		name := strings.Trim(s[1:], "%")
		return (alnum|underscore).all(name) && strings.IndexFunc(name, isLower) < 0 || name == "s"
	}
	return false
}

func isStandIn(s string) bool { return isMask(s) || isTemplate(s) }

// closingOf returns the bracket that closes what opening opens.
func closingOf(opening byte) byte {
	if opening == '(' {
		return ')'
	}
	return opening + 2
}

// isSource tells the source of a program, as it stands in stack traces, from values: it
// reads a setting, config.token, an attribute, user.password, or a variable of the
// same name, password=password.
func isSource(s, name string) bool {
	i := runEnd(s, 0, letter|underscore)
	if s == name || i == len(s) || i == 0 || strings.IndexByte(".[(", s[i]) < 0 {
		return s == name
	}
	isPath := (letter | underscore).all(strings.ReplaceAll(s, ".", ""))
	return is(s[:i], setting) || isPath && meaningOf(s).seen&(secret|ending) != 0
}

// isPath tells the directory that PWD names.
func isPath(s string) bool {
	return len(s) > 1 && s[0] == '/' && letter.has(s[1]) && !strings.ContainsAny(s, "=+") && !isRandom(s[1:], token68)
}

// isLiteral accepts what JSON has, and what the JSON libraries of Python and
// JavaScript write beyond it. Numbers are only told by their characters.
func isLiteral(s string) bool {
	switch s {
	case "true", "false", "null", "NaN", "Infinity", "-Infinity":
		return true
	}
	return s != "" && strings.Trim(s, "0123456789-+.eE") == ""
}

// isName tells the name of a value from a part of a sentence that ends in a colon:
// "unexpected token: x", "InvalidToken: x".
func (w *walker) isName(n label, m meaning) bool {
	switch m.level {
	case mentions: // secret_key_base
		return strings.ContainsAny(n.text, "-_")
	case weak:
		return m.seen&faulty == 0 && (m.last&short != 0 || m.last&signing != 0 && strings.ContainsAny(n.text, "-_"))
	case open, strong:
	}
	return m.level == strong && m.seen&faulty == 0 && m.last&plural == 0 && !is(w.wordBefore(n.start), parsing)
}

// isHeaderValue tells the value of Authorization or Cookie from the rest of a
// sentence, by its first word.
func isHeaderValue(s string, m meaning) bool {
	end := until(s[:min(len(s), maxLook)], 0, " \t\r\n\x00")
	if m.last&cookie != 0 {
		return strings.IndexByte(s[:end], '=') > 0
	}
	return is(s[:end], scheme) || looksSecret(s[:end])
}

// isListedSecret tells the value of a name that stands in front of it in a list from
// the next name of a list of names.
func isListedSecret(m meaning, s string) bool {
	switch {
	case s == "" || is(s, nothing) || isStandIn(s):
		return false
	case m.last&cookie != 0 && strings.IndexByte(s, '=') > 0,
		m.last&authorization != 0 && is(s[:runEnd(s, 0, letter)], scheme):
		return true
	}
	return looksSecret(s) && !strings.ContainsAny(s, "{}\n") && meaningOf(s).level == open
}

// convinces tells whether the value in "password: x" is a password rather than the
// next word of a sentence.
func (w *walker) convinces(lo, hi int, in valueContext, m meaning) bool {
	s, text := w.s, w.s[lo:hi]
	switch {
	case text == "" || strings.Contains(text, Placeholder):
		return false // the secret part of it has been found
	case isOpening(text[0]):
		text = text[1:]
		return looksSecret(text[:runEnd(text, 0, token68)]) && !isSpace(s[lo-1])
	case isRandom(text, token68):
		return true
	case m.level == mentions:
		return in.quotedName() && looksSecret(text)
	case looksSecret(text):
		return true
	}
	// A password can be any word, and so can the value of X-Api-Key in a test, but a
	// sentence has more than one.
	rest := skipBlanks(s, hi)
	isLast := rest == len(s) || rest == hi || strings.IndexByte("\n\r\x00", s[rest]) >= 0
	isPassword := m.last&password != 0 || strings.ContainsAny(in.name, "_-")
	return isLast && isPassword && strings.IndexFunc(text, isNoLetter) < 0 && !is(text, common)
}

// looksSecret tells what is no word of any language: it has letters and digits, many
// digits, or letters and within them marks that no word has.
func looksSecret(s string) bool {
	const manyDigits = 4
	digits, letters, marks := 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case digit.has(c):
			digits++
		case letter.has(c):
			letters++
		case isOpening(c):
			return false // a call or an index: get_token(user), keys[0]
		case strings.IndexByte("!@#$%^&*+=~?|", c) >= 0 && 0 < i && i < len(s)-1:
			marks++
		}
	}
	return digits >= manyDigits || letters > 0 && digits+marks > 0
}

// isRandom tells what nobody would write by hand: long, of a class of characters, and
// with changes between capitals, small letters, digits and marks all over it.
func isRandom(s string, of class) bool {
	const shortest, shortestHex = 16, 32
	if len(s) < shortest || !of.all(s) {
		return false
	}
	if len(s) >= shortestHex && hexDigit.all(s) {
		return true
	}
	changes, digits := 0, 0
	for i := range len(s) {
		if digit.has(s[i]) {
			digits++
		}
		if i > 0 && classes[s[i]]&(upper|alnum) != classes[s[i-1]]&(upper|alnum) {
			changes++
		}
	}
	return changes > len(s)/3 || digits > 1 && changes > len(s)/4
}

// isSaid tells a password from the next word of a sentence about it: it has letters and
// digits, or is a code of digits only.
func isSaid(s string) bool {
	const shortest, shortestCode, longestCode = 5, 4, 8
	s = strings.TrimRight(s, ".:?!")
	if digit.all(s) {
		return len(s) >= shortestCode && len(s) <= longestCode
	}
	return isRandom(s, urlSafe) ||
		len(s) >= shortest && strings.ContainsAny(s, "0123456789") && looksSecret(s) && !strings.ContainsAny(s, `/\.-_=[]{}$`)
}

// isTyped tells a password in quotation marks from what else is quoted behind the word.
func isTyped(s string) bool {
	return !isStandIn(s) && !is(s, nothing) && strings.IndexFunc(s, isWordRune) >= 0 && !is(s[:runEnd(s, 0, letter)], common)
}

// isBasic tells "user:password" in base64 from the next word of a sentence.
func isBasic(s string) bool {
	const enough = 64 // characters to look for the colon in, a multiple of 4
	if len(s) >= 6 && looksSecret(s) {
		return true
	}
	s = strings.TrimRight(s, "=")
	decoded, err := base64.RawStdEncoding.DecodeString(s[:min(len(s), enough)])
	return err == nil && strings.IndexByte(string(decoded), ':') > 0
}
