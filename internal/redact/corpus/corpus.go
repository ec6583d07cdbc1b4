// Package corpus holds the texts on which the redactor is measured: secrets as
// programs write them into exceptions, and ordinary texts that must stay as they are.
//
// The files spell no token out, so that no scanner takes them for a leak: braces say
// of what characters it is made, and how many. What they become depends on a seed.
package corpus

import (
	_ "embed"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
)

//go:embed secrets.txt
var secrets string

//go:embed tokens.txt
var tokens string

//go:embed ordinary.txt
var ordinary string

// An Entry is a text and where it stands.
type Entry struct {
	Name string
	// Kind is message, key, stack, url, body, form, or "header" and the name of one.
	Kind string
	Text string
	// Secrets are the parts of Text that must not be left, in their order.
	Secrets []string
	// Rest is what stands before, between and behind them.
	Rest []string
}

// Secrets returns texts with secrets that a name, a format or a sentence gives away.
func Secrets(seed uint64) []Entry { return blocks(secrets, seed) }

// Tokens returns texts with tokens of known providers, which their shape gives away.
func Tokens(seed uint64) []Entry { return blocks(tokens, seed) }

// Hundred returns a hundred texts with a secret each, of as many kinds as possible, which
// give it away wherever they stand.
func Hundred(seed uint64) []Entry {
	// A secret that is short can be anywhere by chance, and what is escaped somewhere is not
	// found again.
	const hundred, long = 100, 12
	var list []Entry
	for _, e := range append(Tokens(seed), Secrets(seed)...) {
		if e.Kind == "message" && len(e.Secrets) == 1 && len(e.Secrets[0]) >= long && !strings.ContainsAny(e.Secrets[0], "\n\"\\«") {
			list = append(list, e)
		}
	}
	chosen := make([]Entry, hundred)
	for i := range chosen {
		chosen[i] = list[i*len(list)/hundred]
	}
	return chosen
}

// Ordinary returns texts without secrets.
func Ordinary(seed uint64) []Entry {
	var entries []Entry
	kind := ""
	for line := range strings.Lines(ordinary) {
		line = strings.TrimSuffix(line, "\n")
		switch name, ok := strings.CutPrefix(line, "== "); {
		case ok:
			kind = name
		case line != "" && !strings.HasPrefix(line, "# "):
			entries = append(entries, newEntry(line, kind, line, seed))
		}
	}
	return entries
}

// blocks reads entries that begin with a line "== name [kind]".
func blocks(file string, seed uint64) []Entry {
	var entries []Entry
	for _, block := range strings.Split("\n"+file, "\n== ")[1:] {
		head, text, _ := strings.Cut(block, "\n")
		name, kind, _ := strings.Cut(strings.TrimSuffix(head, "]"), " [")
		if kind == "" {
			kind = "message"
		}
		entries = append(entries, newEntry(name, kind, strings.TrimSuffix(text, "\n"), seed))
	}
	return entries
}

var made = regexp.MustCompile(`\{([ALahHdUVQbw])(\d+)\}|\{u\}`)

var alphabets = map[string]string{
	"A": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
	"L": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	"a": "abcdefghijklmnopqrstuvwxyz0123456789",
	"h": "0123456789abcdef",
	"H": "0123456789ABCDEF",
	"d": "0123456789",
	"U": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
	"V": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
	"Q": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
	"b": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"w": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
}

func newEntry(name, kind, text string, seed uint64) Entry {
	hash := seed
	for _, c := range []byte(name) {
		hash = hash*31 + uint64(c)
	}
	random := rand.New(rand.NewPCG(hash, seed)) //nolint:gosec // what is drawn is to be the same each time
	text = made.ReplaceAllStringFunc(text, func(s string) string {
		if s == "{u}" {
			return draw(random, "h", 8) + "-" + draw(random, "h", 4) + "-4" + draw(random, "h", 3) + "-a" + draw(random, "h", 3) + "-" + draw(random, "h", 12)
		}
		n, _ := strconv.Atoi(s[2 : len(s)-1])
		return draw(random, s[1:2], n)
	})
	e := Entry{Name: name, Kind: kind}
	for i, part := range strings.FieldsFunc("\x00"+text+"\x00", func(r rune) bool { return r == '«' || r == '»' }) {
		part = strings.Trim(part, "\x00")
		e.Text += part
		if i%2 == 1 {
			e.Secrets = append(e.Secrets, part)
		} else {
			e.Rest = append(e.Rest, part)
		}
	}
	return e
}

// draw returns characters of an alphabet; letters and digits stand at the ends, as
// punctuation there may be that of the text around.
func draw(random *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		for b[i] == 0 || (i == 0 || i == n-1) && strings.IndexByte("-_+/", b[i]) >= 0 {
			b[i] = alphabets[alphabet][random.IntN(len(alphabets[alphabet]))]
		}
	}
	return string(b)
}
