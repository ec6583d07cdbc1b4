package redact

import "strings"

// A walker goes through a text of any format, from one character that gives something
// away to the next: the start of a word, which may be that of a token, or what can
// stand between a name and its value. What it looks at in passing it pays for with the
// finder's work, so that the whole takes no longer than the text is long.
type walker struct {
	f    *finder
	s    string
	base int
	mode mode
	// floor is where the last secret ends, or a placeholder: no name begins before it.
	floor int
	// inQuotes is whether an odd number of quotation marks stands on this line.
	inQuotes bool
	// isMarkup is set if the text as a whole is markup: an element that is not closed
	// then goes on until the end.
	isMarkup bool
	// encoded are the encodings that were seen.
	encoded encoding
}

// walk searches a text of any format.
func (f *finder) walk(s string, base int, m mode) {
	f.spend(len(s), base)
	w := walker{f: f, s: s, base: base, mode: m}
	w.isMarkup = m&data != 0 && strings.HasPrefix(s[skipSpaces(s, 0):], "<")
	i := 0
	if strings.HasPrefix(s, "//") {
		i = w.userinfo(len("//"))
	}
	var all byte
	for ; i < len(s) && !f.full; i = max(i, w.floor) {
		c := s[i]
		all |= c
		switch {
		case !marks[c]:
			i++
		case !alnum.has(c):
			i = w.character(i)
		default:
			if list := rules.index[keyOf(s[i:])]; list != 0 {
				if next := w.try(i, list); next > i {
					i = next
					continue
				}
			}
			end, next := i+1, 0
			tries := 0
			for ; end < len(s) && (alnum | underscore).has(s[end]); end++ {
				all |= s[end]
				if tries < maxGlued && rules.inner[keyOf(s[end:])] {
					tries++
					if next = w.tryGlued(end); next > end {
						break
					}
				}
			}
			if next > end {
				i = next
				continue
			}
			if end-i >= minLongWord {
				w.longWord(i, end)
			}
			i = end
		}
	}
	if all >= 0x80 && strings.ContainsFunc(s, isDisguise) {
		w.encoded |= disguises
	}
	if w.encoded != 0 {
		f.decoded(s, base, w.encoding(), m&data)
	}
}

// encoding returns the outermost of the encodings that were seen, as far as that can
// be known. Each text is decoded by one: what is within another is found in the result.
func (w *walker) encoding() encoding {
	switch isForm := w.mode&form != 0; {
	case isForm && w.encoded&percents != 0:
		return queryPercents
	case w.encoded&escapes != 0:
		return escapes
	case w.encoded&entities != 0:
		return entities
	case w.encoded&percents != 0:
		return percents
	}
	return disguises
}

// marks are the characters at which there is something to do.
var marks = func() (table [256]bool) {
	for i := range table {
		table[i] = alnum.has(byte(i)) || strings.IndexByte("=:,-<@\"\n%\\&+~", byte(i)) >= 0
	}
	return table
}()

// character handles one that is no letter or digit, and returns where to go on.
func (w *walker) character(i int) int {
	s := w.s
	if list := rules.index[keyOf(s[i:])]; list != 0 && (i == 0 || s[i] != s[i-1]) {
		if end := w.try(i, list); end > i {
			return end
		}
	}
	switch s[i] {
	case '=':
		return w.assignment(i)
	case ':':
		for _, slashes := range [...]string{"://", `:\/\/`} {
			if strings.HasPrefix(s[i:], slashes) {
				return w.userinfo(i + len(slashes))
			}
		}
		return w.assignment(i)
	case '-':
		if strings.HasPrefix(s[i:], "->") && i > 0 && isBlank(s[i-1]) { // as Scala prints maps
			return w.assignment(i)
		}
	case ',':
		if i > w.floor && isQuote(s[i-1]) {
			return w.listed(i)
		}
	case '<':
		return w.tag(i)
	case '"':
		w.inQuotes = !w.inQuotes
	case '\n':
		w.inQuotes = false
	case '+':
		if w.mode&form != 0 {
			w.encoded |= percents
		}
	case '%', '\\', '&':
		w.encoded |= encodingAt(s[i:])
	}
	return i + 1
}

// add marks a part of the text as secret, and returns where it ends, with the quotation
// mark behind it if there is one in front.
func (w *walker) add(lo, hi int, m mark) int {
	w.f.add(w.base+lo, w.base+hi, mark{w.base + m.lo, w.base + m.hi})
	w.floor = max(w.floor, hi)
	if 0 < lo && lo < hi && hi < len(w.s) && isQuote(w.s[lo-1]) && w.s[lo-1] == w.s[hi] {
		return hi + 1
	}
	return hi
}

// spend pays for looking at what stands between i and j in passing.
func (w *walker) spend(i, j int) { w.f.spend(j-i, w.base+max(i, w.floor)) }

// maxGlued is at how many places within a word a token is looked for.
const maxGlued = 8

// minLongWord is the shortest of the words that longWord knows.
const minLongWord = 40

// longWord marks the word between lo and hi if it is a token known by its end: keys of
// New Relic, MaxMind and Azure DevOps.
func (w *walker) longWord(lo, hi int) {
	text := w.s[lo:hi]
	if len(text) == minLongWord && (strings.HasSuffix(text, "NRAL") || strings.HasSuffix(text, "_mmk")) || len(text) == 84 && text[76:80] == "AZDO" {
		w.add(lo, hi, mark{})
	}
}
