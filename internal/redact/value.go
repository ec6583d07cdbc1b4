package redact

import (
	"regexp"
	"strings"
)

// A valueContext is what stands around a value, and so which characters are part of it.
type valueContext struct {
	// name is that of the value, and mark the quotation mark behind it.
	name string
	mark mark
	// param is set for query parameters, path for those in the path of a URL.
	param, path bool
	// blanks is set if blanks are part of a value without quotation marks.
	blanks bool
	// cookie is set for what consists of several assignments.
	cookie bool
	// sentence is set if all this may be part of a sentence.
	sentence bool
}

func (in valueContext) quotedName() bool { return in.mark.lo < in.mark.hi }

// maxLook is how much of a value is looked at to tell whether it is one. What follows
// is looked at only to find its end, and is then passed over.
const maxLook = 128

// value marks the value that begins at i, if it is one, and returns where to go on.
func (w *walker) value(i int, in valueContext, about meaning) int {
	s := w.s
	if i+1 < len(s) && s[i] == '\\' && isQuote(s[i+1]) && w.f.depth < maxDepth {
		return i // it is to be found once the escapes are taken off
	}
	if strings.HasPrefix(s[i:], Placeholder) && !in.param {
		return i + len(Placeholder)
	}
	lo, hi, kind := w.extent(i, in)
	text := s[lo:hi]
	isPlain, isData := kind == plainValue, w.mode&data != 0
	switch {
	case isPlain && hi < len(s) && s[hi] == '\n' && text != "" && strings.Trim(text, "|>-+") == "":
		return w.block(lo, hi)
	case text == "", isMask(text), (isPlain || !isData) && is(text, nothing),
		!isData && (strings.IndexFunc(text, isWordRune) < 0 || isTemplate(text) || isPlain && isSource(text, in.name)):
		w.spend(i, hi)
		return max(hi, i)
	case isData, in.sentence && kind == quotedValue, in.sentence && in.quotedName() && (kind == bracketedValue || isLiteral(text)):
	case in.sentence && !w.convinces(lo, hi, in, about), (about.level == weak || in.cookie) && is(text, common), about.level == weak && isPath(text):
		w.spend(i, hi)
		return i
	}
	switch {
	case kind == quotedValue:
		return w.add(lo, hi, mark{})
	case kind == bracketedValue:
		hi = w.bracketEnd(i)
		if hi < len(s) && !isBlank(s[hi]) {
			hi = w.plainEnd(hi, len(s), in)
		}
	case hi >= i+maxLook:
		hi = w.plainEnd(i, len(s), in)
	}
	return max(w.add(lo, hi, in.mark), i)
}

// block marks the lines of a YAML block whose header, a bar or an angle, stands between
// lo and hi: those further in than the line that it is on.
func (w *walker) block(lo, hi int) int {
	s := w.s
	indent := func(i int) int { return skipBlanks(s, i) - i }
	start := max(w.floor, lo-maxLabel)
	start += strings.LastIndexByte(s[start:lo], '\n') + 1
	first := hi + 1
	end := first
	for end < len(s) && indent(end) > indent(start) {
		end = min(lineEnd(s, end)+1, len(s))
	}
	if end == first {
		return hi
	}
	return w.add(first+indent(first), first+len(strings.TrimRight(s[first:end], "\n")), mark{})
}

// A valueKind is how a value is written.
type valueKind uint8

const (
	plainValue valueKind = iota
	quotedValue
	bracketedValue
)

// extent returns the value at i, without its quotation marks, or as much of it as it
// takes to tell whether it is one.
func (w *walker) extent(i int, in valueContext) (lo, hi int, kind valueKind) {
	s := w.s
	if lo, hi, ok := w.quoted(i); ok && !w.closesOuter(lo-1, in) {
		return lo, hi, quotedValue
	}
	limit := min(i+maxLook, len(s))
	if i+1 < len(s) && isOpening(s[i]) && !in.param && (s[i] != '(' || !in.sentence && (alnum.has(s[i+1]) || isQuote(s[i+1]))) {
		return i, lineEnd(s[:limit], i), bracketedValue
	}
	hi = w.plainEnd(i, limit, in)
	if hi < len(s) && isBlank(s[hi]) && is(s[i:hi], scheme) {
		hi = max(hi, w.plainEnd(skipBlanks(s, hi), len(s), in))
	}
	return i, hi, plainValue
}

// wrapped is what stands in front of a quotation mark: some languages mark strings, b'x',
// N'x', @"x", others have a type around it, Some("x"), and PHP its length, string(1) "x".
var wrapped = regexp.MustCompile(`^(?:[bBuUrRnN@]{1,2}|(?:Some|Just|Secret|SecretStr)\(|string\(\d+\) )?["'` + "`]")

// quoted returns the content of the quoted text at i. One that has no end ends with the
// line in prose, else with the text.
func (w *walker) quoted(i int) (lo, hi int, ok bool) {
	s := w.s
	if i == len(s) {
		return i, i, false
	}
	lo = i + 1
	if !isQuote(s[i]) {
		if strings.IndexByte("bBuUrRnN@SJs", s[i]) < 0 {
			return i, i, false
		}
		const longest = len("string(1234567) ") + 1
		n := wrapped.FindString(strings.Clone(s[i:min(i+longest, len(s))]))
		if n == "" {
			return i, i, false
		}
		lo = i + len(n)
	}
	return lo, w.quoteEnd(lo, s[lo-1]), true
}

// closesOuter tells whether the quotation mark where a value should begin ends what
// the name stands in: "Enter password:".
func (w *walker) closesOuter(i int, in valueContext) bool {
	s, next := w.s, i+1
	switch {
	case in.quotedName() || strings.HasPrefix(s[next:], Placeholder):
		return false
	case s[i] == '"':
		return w.inQuotes && (next == len(s) || !alnum.has(s[next]))
	}
	return next == len(s) || strings.IndexByte(" ,.;:)]}\n", s[next]) >= 0
}

// quoteEnd returns where the text at i ends that is closed by the quotation mark q.
func (w *walker) quoteEnd(i int, q byte) int {
	for s := w.s; i < len(s); i++ {
		switch c := s[i]; {
		case c == q, c == '\n' && w.mode&data == 0, c == barrier && w.f.depth > 0:
			return i
		case c == '\\':
			i++
		}
	}
	return len(w.s)
}

// bracketEnd returns the end of the list or object that begins at i.
func (w *walker) bracketEnd(i int) int {
	s := w.s
	opening, closing := s[i], closingOf(s[i])
	for depth := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == opening:
			depth++
		case c == closing:
			if depth--; depth == 0 {
				return i + 1
			}
		case c == '\n' && w.mode&data == 0, c == barrier && w.f.depth > 0:
			return i
		case c == '"':
			if i = w.quoteEnd(i+1, '"'); i < len(s) && s[i] != '"' {
				return i
			}
		case c == '\\':
			i++
		}
	}
	return len(s)
}

const (
	// nameAhead is a name and a separator, behind a comma.
	nameAhead = "[ \t]*[\"'`]?[\\w.\\[\\]%$\\pL-]{1,40}[\"'`]?[ \t]*[=:]"
	// notWord is what ends a word.
	notWord = `(?:[^\pL\pN]|$)`
	// unit is what a value consists of: brackets and what is in them belong together.
	unit = "<redacted>|[(\\[{](?:[\"'][^\"'\\n]*[\"']|[^()\\[\\]{}\\s\"']*)[)\\]}]|"
	// always is where values end everywhere.
	always = `$|[\r\n\x00]|</|<[\pL!]|>` + notWord + `|&(?:` + nameAhead + `|quot;|#34;|lt;)|\\(?:["'` + "`]" + notWord + `|[nr]` + nameAhead + `|u00(?:26|22|3[cC]))`
	// inWord is where those end that have no blanks.
	inWord = "|[ \t]|[\"'`]" + notWord
)

// Where the values of the different contexts end, and what they consist of.
var (
	plainEnds  = newEnds(always + inWord + "|[)\\]}]" + notWord + "|[,;](?:[\\s\"'`]|$|" + nameAhead + ")")
	quotedEnds = newEnds(always + inWord + "|[)\\]},]|;(?:[\\s\"'`]|$|" + nameAhead + ")")
	paramEnds  = newEnds(always + inWord + "|[&#]|[)\\]}]" + notWord + "|[,;](?:[\\s\"'`]|$|" + nameAhead + ")")
	pathEnds   = newEnds(always + inWord + "|[&#?]|[)\\]}]" + notWord + "|[,;](?:[\\s\"'`]|$|" + nameAhead + ")")
	cookieEnds = newEnds(always + "|[\"'`]" + notWord + "|[)\\]}]" + notWord + "|," + nameAhead)
	lineEnds   = newEnds(always + "|[)\\]}]" + notWord + "|[,;](?:$|" + nameAhead + ")")
	listEnds   = newEnds(always + "|[\"'`]" + notWord + "|[)\\]},]|;" + nameAhead)
)

func newEnds(ends string) *regexp.Regexp {
	return regexp.MustCompile(`^((?:` + unit + `(?s:.))*?)(?:` + ends + `)`)
}

// plainEnd returns the end of the value at i that has no quotation marks, at most limit.
func (w *walker) plainEnd(i, limit int, in valueContext) int {
	s := w.s
	ends := plainEnds
	isLong := (in.blanks || in.cookie) && !strings.HasPrefix(s[i:], Placeholder) // which stands for all words of a value
	switch {
	case isLong && in.cookie:
		ends = cookieEnds
	case isLong && in.quotedName():
		ends = listEnds
	case isLong:
		ends = lineEnds
	case in.path:
		ends = pathEnds
	case in.param:
		ends = paramEnds
	case in.quotedName():
		ends = quotedEnds
	}
	end := runEnd(s[:limit], i, urlSafe)
	if !isLong && (end == len(s) || isSpace(s[end]) || in.param && s[end] == '&') { // as most are
		return end
	}
	for part := min(i+maxLook/2, limit); ; part = min(i+4*(part-i), limit) {
		end = w.match(ends, i, part)[3]
		if end < part || part == limit {
			break
		}
		if part-i > 8*maxLook { // too long for one to look for what follows it
			end = until(s[:limit], end, " \t\r\n\"'`&\x00")
			break
		}
	}
	for end > i && strings.IndexByte(".,;:", s[end-1]) >= 0 {
		end--
	}
	return end
}
