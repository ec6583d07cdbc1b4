package redact

import "bytes"

// A secrecy says how sure a name makes it that its value is a secret.
type secrecy uint8

const (
	// open is a name without a secret word, or one that says of a secret only how
	// long it is, what type it has, when it expires: token_type, passwordPolicy.
	open secrecy = iota
	// weak is a name that ends in a word of many meanings: pin, auth, session. It
	// counts where the syntax shows that it is a name, and not in a sentence.
	weak
	// mentions is a name in which other words follow the secret one: password_hash,
	// but also TokenException. It counts where weak does.
	mentions
	// strong is a name that ends in a secret word: password, userAccessToken. It
	// counts in a sentence as well.
	strong
)

// A verdict is what a name says of its value.
type verdict struct {
	level secrecy
	// seen holds all of the words, also those that others take back.
	seen word
	// last is the latest of the words that are secret.
	last word
}

// A word is what one word of a name means, as a set of the following.
type word uint32

const (
	// secret words make the whole name secret wherever they stand in it.
	secret word = 1 << iota
	// ending words do so at the end of the name.
	ending
	// harmless words take it back if they stand behind.
	harmless
	// complaint words in front make it the name of an error: InvalidToken.
	complaint
	// counting words in front of "tokens" make it a number.
	counting
	plural
	// password words name what a person types: it can look like any other word.
	password
	// The value of such a header goes on until the end of the line.
	authorization
	cookie
	// signing words are enough for a header, wherever they stand in its name.
	signing
	// location words say where something is, harmless directly behind a secret word
	// other than password: a token_url leads to no token, a password_reset_url does.
	location
	// Two words that are secret only together: api + key, card + number.
	ownsKey
	isKey
	ownsID
	isID
	ownsNumber
	isNumber
	ownsCode
	isCode
	ownsPhrase
	isPhrase
)

// meaning returns what a word in lower case means.
func meaning(w []byte) word {
	switch string(w) {
	case "password", "passwords", "passwd", "passwds", "passphrase", "passphrases", "passcode", "pswd":
		return secret | password | ownsCode
	case "secret", "secrets":
		return secret | password | ownsKey | ownsID
	case "token":
		return secret
	case "tokens":
		return secret | plural
	case "apikey", "apikeys", "privatekey", "secretkey", "accesskey", "authkey", "passkey",
		"sessionid", "sessid", "cardnumber", "csrf", "xsrf", "credential", "credentials":
		return secret
	case "authorization":
		return secret | authorization | ownsCode
	case "cookie", "cookies":
		return secret | cookie
	case "pass":
		return ending | password | ownsPhrase
	case "pwd", "pw":
		return ending | password
	case "phrase", "word":
		return isPhrase
	case "auth":
		return ending | ownsKey | ownsCode
	case "session":
		return ending | ownsKey | ownsID
	case "pin", "otp", "totp", "mfa":
		return ending | ownsCode
	case "sig", "signature", "hmac", "jwt":
		return ending | signing
	case "sid", "bearer", "cred", "creds", "verifier", "cvv", "cvc", "ssn", "assertion", "samlresponse":
		return ending
	case "access":
		return ownsKey | ownsCode
	case "api", "app", "application", "private", "shared", "signing", "encryption", "master", "account",
		"subscription", "storage", "ssh", "client", "functions":
		return ownsKey
	case "card", "cc", "creditcard":
		return ownsNumber
	case "security", "verification", "sms", "backup", "recovery", "reset", "device", "login", "factor":
		return ownsCode
	case "key", "keys":
		return isKey
	case "id":
		return isID
	case "num", "no":
		return isNumber
	case "number":
		return isNumber | counting
	case "code", "codes":
		return isCode
	case "url", "uri", "endpoint":
		return location
	case "max", "min", "total", "limit", "used", "remaining", "count":
		return counting | harmless
	case "prompt", "completion", "input", "output", "cached", "reasoning", "context", "generated", "n":
		return counting
	case "invalid", "expired", "missing", "required", "unsupported":
		return complaint | harmless
	case "bad", "unexpected", "unknown", "unrecognized", "wrong", "incorrect", "illegal", "expected",
		"duplicate", "empty", "mismatched", "malformed":
		return complaint
	case "type", "types", "counts", "counter", "length", "len", "size", "limits",
		"expires", "expire", "expiry", "expiration", "ttl", "lifetime", "age",
		"policy", "policies", "strength", "rule", "rules", "name", "names", "label", "field", "fields",
		"file", "filename", "path", "dir", "format", "domain", "consent",
		"enabled", "disabled", "optional", "valid", "validity", "status", "state", "version",
		"issuer", "scope", "scopes", "method", "algorithm", "alg", "host", "port", "usage", "budget", "attempts", "retries",
		"changed", "updated", "created", "rotated", "error", "errors", "exception", "position", "index", "offset", "line", "column",
		"provider", "manager", "service", "validator", "generator", "encoder", "parser", "handler", "filter",
		"factory", "repository", "controller":
		return harmless
	}
	return 0
}

// stems are the endings by which a word is a secret one although it is written
// together with others: authtoken, phpsessid.
var stems = [...]string{
	"password", "passwd", "passphrase", "passcode", "token", "secret", "apikey", "sessionid", "sessid",
	"privatekey", "secretkey", "accesskey", "cardnumber",
}

// roots are those that are unmistakable also in front of other letters.
var roots = [...]string{"password", "passwd", "secret"}

// maxWord is how much of the end of a word is looked at. No word of the list, and
// none that ends in one of them, needs more.
const maxWord = 64

// judge tells from a name, percent-encoding and escapes already resolved, whether
// its value is a secret. Words are told apart by case, digits and any punctuation,
// so that user[password], user.password, userPassword and PASSWORD2 are alike.
func judge(name string) verdict {
	var v verdict
	var before word
	for i := 0; i < len(name); i++ {
		if !isLetter(name[i]) {
			continue
		}
		start := i
		for i < len(name) && isLetter(name[i]) {
			i++
		}
		before = v.letters(name[start:i], before)
	}
	return v
}

// letters adds the words of a run of letters, which are told apart by case.
func (v *verdict) letters(run string, before word) word {
	start := 0
	for i := 1; i < len(run); i++ {
		hump := isUpper(run[i]) && (!isUpper(run[i-1]) || i+1 < len(run) && !isUpper(run[i+1]))
		if hump {
			before = v.word(run[start:i], before)
			start = i
		}
	}
	before = v.word(run[start:], before)
	if start > 0 && v.level != strong {
		// Case must not hide a word: passWord, pAsSwOrD.
		var buf [maxWord]byte
		if m := stemMeaning(lower(&buf, run)); m&secret != 0 {
			v.level, v.last, before = strong, m, m
			v.seen |= m
		}
	}
	return before
}

// word adds one word and returns its meaning, for the next.
func (v *verdict) word(text string, before word) word {
	var buf [maxWord]byte
	w := lower(&buf, text)
	m := stemMeaning(w)
	switch {
	case m&plural != 0 && v.seen&counting != 0:
		m &^= secret
	case m&isKey != 0 && before&ownsKey != 0,
		m&isID != 0 && before&ownsID != 0,
		m&isNumber != 0 && before&ownsNumber != 0,
		m&isCode != 0 && before&ownsCode != 0,
		m&isPhrase != 0 && before&ownsPhrase != 0:
		m |= secret
	case m&location != 0 && before&secret != 0 && before&password == 0:
		m |= harmless
	}
	v.seen |= m
	switch {
	case m&secret != 0:
		v.level, v.last = strong, m
	case m&ending != 0:
		if v.level == open {
			v.level = weak
		}
		v.last = m
	case m&harmless != 0:
		v.level = open
	case v.level == weak:
		v.level = open
	case v.level == strong:
		v.level = mentions
	}
	if m == 0 && v.level == open && hasRoot(w) {
		v.level = mentions
		v.seen |= secret
	}
	return m
}

// stemMeaning is the meaning of a word, or of the secret word that it ends in.
func stemMeaning(w []byte) word {
	m := meaning(w)
	if m != 0 || len(w) < len("token") {
		return m
	}
	for _, stem := range stems {
		if len(w) > len(stem) && string(w[len(w)-len(stem):]) == stem {
			return meaning([]byte(stem))
		}
	}
	return 0
}

func hasRoot(w []byte) bool {
	if len(w) <= len("passwd") {
		return false
	}
	for _, root := range roots {
		i := bytes.Index(w, []byte(root))
		if i >= 0 && !bytes.HasPrefix(w[i:], []byte("secretar")) {
			return true
		}
	}
	return false
}

// lower writes the end of a word to buf in lower case.
func lower(buf *[maxWord]byte, w string) []byte {
	if len(w) > maxWord {
		w = w[len(w)-maxWord:]
	}
	b := buf[:len(w)]
	for i := range b {
		b[i] = w[i]
		if isUpper(w[i]) {
			b[i] += 'a' - 'A'
		}
	}
	return b
}

// A nameSet holds the names that the user adds, in lower case and without
// punctuation.
type nameSet map[string]struct{}

func newNameSet(names []string) nameSet {
	set := make(nameSet, len(names))
	for _, n := range names {
		var all []byte
		for rest := n; rest != ""; {
			all, rest = squash(all, rest)
		}
		if len(all) > 0 {
			set[string(all)] = struct{}{}
		}
	}
	return set
}

// squash appends name without punctuation, in lower case, and returns what is left
// of it once a segment ends: user of user[name].
func squash(b []byte, name string) (squashed []byte, rest string) {
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case isUpper(c):
			b = append(b, c+'a'-'A')
		case isLetter(c), isDigit(c):
			b = append(b, c)
		case isSegmentEnd(c):
			return b, name[i+1:]
		}
	}
	return b, ""
}

func isSegmentEnd(c byte) bool {
	return c == '.' || c == '[' || c == ']' || c == '/' || c == ':'
}

// has tells whether name, or one of the segments that a.b, a[b] and a/b consist of,
// is in the set.
func (s nameSet) has(name string) bool {
	if len(s) == 0 {
		return false
	}
	var buf [maxWord]byte
	all := buf[:0]
	for rest := name; rest != ""; {
		start := len(all)
		all, rest = squash(all, rest)
		if _, ok := s[string(all[start:])]; ok {
			return true
		}
	}
	_, ok := s[string(all)]
	return ok
}
