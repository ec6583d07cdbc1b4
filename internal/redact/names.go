package redact

import (
	"bytes"
	_ "embed"
	"strings"
)

// A secrecy says how sure a name makes it that its value is a secret.
type secrecy uint8

const (
	// open is a name without a secret word, or one that says of a secret only how
	// long it is, what type it has, when it expires: token_type, passwordPolicy.
	open secrecy = iota
	// weak is a name that ends in a word of many meanings: pin, auth, session. Its
	// value must look like a secret.
	weak
	// mentions is a name in which other words follow the secret one: password_hash,
	// but also TokenException. It counts where the syntax shows that it is a name.
	mentions
	// strong is a name that ends in a secret word: password, userAccessToken. It
	// counts in a sentence as well.
	strong
)

// A meaning is what a name says of its value.
type meaning struct {
	level secrecy
	// seen holds all of the words, also those that others take back.
	seen word
	// last is the latest of the words that are secret.
	last word
}

// A word is what one word means, as a set of the following.
type word uint64

// Two words can be secret only together, api + key, card + number: one that is the first
// of a pair stands directly in front of the second. Each has a bit of its own.
const (
	firsts  word = 0b010101010101
	halves       = firsts << 1
	isKey        = 1 << 1
	ofNames      = nothing - 1
)

const (
	// secret words make the whole name secret wherever they stand in it.
	secret word = 1 << (iota + 12)
	// ending words do so at the end of the name.
	ending
	// harmless words take it back if they stand behind.
	harmless
	// faulty words in front make it the name of an error: InvalidToken.
	faulty
	// counting words in front of "tokens" make it a number.
	counting
	plural
	// password words name what a person types: it can look like any other word.
	password
	// short words name what has few digits.
	short
	// The value of such a header goes on until the end of the line.
	authorization
	cookie
	// signing words are enough for a header, wherever they stand in its name.
	signing
	// location words say where something is, harmless directly behind a secret word
	// other than password: a token_url leads to no token, a password_reset_url does.
	location
	// The rest is of words in texts, and of headers; names.txt says what they are.
	nothing
	mask
	scheme
	parsing
	setting
	common
	secretHeader
	urlHeader
	queryHeader
	// A challenge is no secret, but for a token behind its scheme.
	challengeHeader
)

// meanings are those in the order of their bits.
const meanings = "ownsKey isKey ownsID isID ownsNumber isNumber ownsCode isCode ownsPhrase isPhrase ownsString isString " +
	"secret ending harmless faulty counting plural password short authorization cookie signing location " +
	"nothing mask scheme parsing setting common secretHeader urlHeader queryHeader challengeHeader"

//go:embed names.txt
var namesText string

// words is what words in lower case mean, and lengths, by their first two letters, has the
// lengths of them in bits: most of those that are looked up are in none.
var words, lengths = func() (means map[string]word, lengths [1 << 10]uint32) {
	bits := map[string]word{}
	for i, m := range strings.Fields(meanings) {
		bits[m] = 1 << i
	}
	means = map[string]word{}
	for line := range strings.Lines(namesText) {
		head, list, ok := strings.Cut(line, ": ")
		if !ok || line[0] == '#' {
			continue
		}
		for w := range strings.FieldsSeq(list) {
			for m := range strings.FieldsSeq(head) {
				means[w] |= bits[m]
			}
			lengths[firstTwo(w)] |= 1 << min(len(w), 31)
		}
	}
	return means, lengths
}()

// firstTwo returns a number for the first two letters of a word, or for the only one.
func firstTwo[T string | []byte](w T) int { return int(w[0]&31)<<5 | int(w[min(1, len(w)-1)]&31) }

// lookUp returns what a word in lower case means.
func lookUp(w []byte) word {
	if len(w) == 0 || lengths[firstTwo(w)]&(1<<min(len(w), 31)) == 0 {
		return 0
	}
	return words[string(w)]
}

// is tells whether a text is a word that means any of what is wanted, in any case.
func is(s string, wanted word) bool {
	var buf [maxWord]byte
	return len(s) < maxWord && lookUp(lower(&buf, s))&wanted != 0
}

// stems are the endings by which a word is a secret one although it is written
// together with others, authtoken, phpsessid, by their last letters.
var stems = [32][]string{
	'd' % 32: {"password", "passwd", "sessionid", "sessid"},
	'e' % 32: {"passphrase", "passcode"},
	'n' % 32: {"token"},
	'r' % 32: {"cardnumber"},
	't' % 32: {"secret"},
	'y' % 32: {"apikey", "privatekey", "secretkey", "accesskey"},
}

// wordOf is what a word in lower case means, or the secret word that it ends in.
func wordOf(w []byte) word {
	if m := lookUp(w) & ofNames; m != 0 {
		return m
	}
	for _, stem := range stems[w[len(w)-1]%32] {
		if len(w) > len(stem) && string(w[len(w)-len(stem):]) == stem {
			return words[stem] & ofNames
		}
	}
	return 0
}

// hasRoot tells words that are unmistakable also in front of other letters.
func hasRoot(w []byte) bool {
	if i := bytes.Index(w, []byte("passw")); i >= 0 {
		return bytes.HasPrefix(w[i:], []byte("password")) || bytes.HasPrefix(w[i:], []byte("passwd"))
	}
	i := bytes.Index(w, []byte("secret"))
	return i >= 0 && !bytes.HasPrefix(w[i:], []byte("secretar"))
}

// maxWord is how much of the end of a word is looked at. No word of the table, and none
// that ends in one of them, needs more.
const maxWord = 64

// meaningOf tells from a name, percent-encoding and escapes already resolved, whether
// its value is a secret. Words are told apart by case, digits and any punctuation,
// so that user[password], user.password, userPassword and PASSWORD2 are alike.
func meaningOf(name string) meaning {
	var m meaning
	var before word
	for i := 0; i < len(name); i++ {
		if letter.has(name[i]) {
			start := i
			i = runEnd(name, i, letter)
			before = m.letters(name[start:i], before)
		}
	}
	return m
}

// letters adds the words of a run of letters, which are told apart by case.
func (m *meaning) letters(run string, before word) word {
	start := 0
	for i := 1; i < len(run); i++ {
		if upper.has(run[i]) && (!upper.has(run[i-1]) || i+1 < len(run) && !upper.has(run[i+1])) {
			before = m.word(run[start:i], before)
			start = i
		}
	}
	before = m.word(run[start:], before)
	if start > 0 && m.level != strong {
		// Case must not hide a word: passWord, pAsSwOrD.
		var buf [maxWord]byte
		if w := wordOf(lower(&buf, run)); w&secret != 0 {
			m.level, m.last, before = strong, w, w
			m.seen |= w
		}
	}
	return before
}

// word adds one word and returns what it means, for the next.
func (m *meaning) word(text string, before word) word {
	var buf [maxWord]byte
	lowered := lower(&buf, text)
	w := wordOf(lowered)
	switch {
	case w&plural != 0 && m.seen&counting != 0:
		w &^= secret
	case w&(before&firsts<<1) != 0:
		w |= secret
	case w&location != 0 && before&secret != 0 && before&password == 0:
		w |= harmless
	}
	m.seen |= w
	switch {
	case w&secret != 0:
		m.level, m.last = strong, w|before&short
	case w&ending != 0:
		m.level, m.last = max(m.level, weak), w
	case w&harmless != 0, m.level == weak:
		m.level = open
	case m.level == strong:
		m.level = mentions
	}
	if w == 0 && m.level == open && hasRoot(lowered) {
		m.level = mentions
		m.seen |= secret
	}
	return w
}

// lower writes the end of a word to buf in lower case.
func lower(buf *[maxWord]byte, w string) []byte {
	b := buf[:copy(buf[:], w[max(0, len(w)-maxWord):])]
	for i, c := range b {
		if upper.has(c) {
			b[i] = c | 0x20
		}
	}
	return b
}

// A nameSet holds the names that the user adds, in lower case and without
// punctuation.
type nameSet map[string]bool

func newNameSet(names []string) nameSet {
	set := nameSet{}
	for _, n := range names {
		set[string(squash(nil, n))] = true
	}
	delete(set, "")
	return set
}

// has tells whether name, or one of the segments that a.b, a[b] and a/b consist of,
// is in the set.
func (s nameSet) has(name string) bool {
	if len(s) == 0 {
		return false
	}
	var buf [maxWord]byte
	for start := 0; start < len(name); {
		end := until(name, start, ".[]/:")
		if s[string(squash(buf[:0], name[start:end]))] {
			return true
		}
		start = end + 1
	}
	return s[string(squash(buf[:0], name))]
}

// squash appends name without punctuation, in lower case.
func squash(b []byte, name string) []byte {
	for i := range len(name) {
		switch c := name[i]; {
		case upper.has(c):
			b = append(b, c|0x20)
		case alnum.has(c):
			b = append(b, c)
		}
	}
	return b
}
