package redact

import "strings"

// isNothing knows how languages print that there is no value.
func isNothing(s string) bool {
	switch s {
	case "null", "nil", "None", "undefined", "none", "true", "false", "True", "False", "<nil>", "NULL":
		return true
	}
	return false
}

func isWordRune(r rune) bool { return r >= 0x80 || isAlnum(byte(r)) }

// convinces tells whether the value in "password: x" is a password rather than the
// next word of a sentence.
func (t *textSearch) convinces(lo, hi int, p place, v verdict) bool {
	text := t.s[lo:hi]
	if strings.Contains(text, Placeholder) {
		return false // the secret part of it has been found
	}
	if looksSecret(text) {
		return true
	}
	// A password can be any word, and so can the value of X-Api-Key in a test, but a
	// sentence has more than one.
	rest := skipBlanks(t.s, hi)
	last := rest == len(t.s) || t.s[rest] == '\n' || t.s[rest] == '\r' || rest == hi
	return last && (p.compound || v.last&password != 0) && strings.IndexFunc(text, isNoLetter) < 0 && !isCommonWord(text)
}

func isNoLetter(r rune) bool { return r < 0x80 && !isLetter(byte(r)) }

// looksSecret tells what is no word of any language: it has letters and digits, many
// digits, or letters and within them marks that no word has.
func looksSecret(s string) bool {
	const manyDigits = 4
	digits, letters, marks := 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			digits++
		case isLetter(c):
			letters++
		case isOpening(c):
			return false // a call or an index: get_token(user), keys[0]
		case strings.IndexByte("!@#$%^&*+=~?|", c) >= 0 && 0 < i && i < len(s)-1:
			marks++
		}
	}
	return digits >= manyDigits || letters > 0 && digits+marks > 0
}

// isScheme knows the authentication schemes that stand in front of a credential.
func isScheme(s string) bool {
	switch strings.ToLower(s) {
	case "bearer", "basic", "digest", "token", "apikey", "negotiate", "ntlm", "hawk", "dpop", "aws4-hmac-sha256":
		return true
	}
	return false
}

// isCommonWord knows the words that follow "Bearer" or "password:" in sentences, and
// the types that follow it in programs.
func isCommonWord(s string) bool {
	switch strings.ToLower(s) {
	case "", "a", "an", "and", "or", "as", "at", "be", "but", "by", "can", "cannot", "could", "did", "does", "for",
		"from", "has", "have", "in", "instead", "is", "it", "may", "must", "no", "none", "not", "of", "on", "only",
		"should", "than", "that", "the", "this", "to", "was", "were", "when", "will", "with",
		"yes", "absent", "bad", "blank", "denied", "disabled", "empty", "error", "errors", "exception",
		"expected", "expired", "failed", "failure", "forbidden", "incorrect", "invalid", "malformed", "mismatch",
		"missing", "needed", "null", "nil", "optional", "rejected", "required", "requires", "revoked", "short",
		"undefined", "unauthorized", "unknown", "unset", "unsupported", "valid", "weak", "wrong",
		"any", "argument", "array", "bool", "boolean", "byte", "bytes", "char", "enum", "field", "flag", "float",
		"int", "integer", "list", "number", "object", "option", "options", "parameter", "str", "string", "struct",
		"text", "type", "value", "var", "varchar",
		"auth", "authentication", "authorization", "challenge", "credential", "credentials", "format", "header",
		"headers", "http", "password", "plan", "prefix", "realm", "scheme", "secret", "security", "token", "tokens":
		return true
	}
	return false
}
