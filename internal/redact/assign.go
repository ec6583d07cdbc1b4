package redact

import "strings"

// A label is what stands in front of a separator and may be a name.
type label struct {
	text       string
	start, end int
	// mark is the quotation mark behind the name.
	mark mark
	// param is set in front of a '=' behind one of ?&;# and at the start of the text.
	param bool
	// path is set if it is a parameter of the path of a URL, which ends at '?'.
	path bool
	// gap is set if blanks separate it from the separator.
	gap bool
}

func (n label) quoted() bool { return n.mark.lo < n.mark.hi }

// maxLabel is longer than names are and shorter than quoted sentences.
const maxLabel = 128

// labelBefore returns the label in front of the separator at i, if there is one.
func (w *walker) labelBefore(i int) (label, bool) {
	s := w.s
	end := i
	for end > w.floor && isBlank(s[end-1]) {
		end--
	}
	if end-2 > w.floor && s[end-1] == ']' && isQuote(s[end-2]) { // ["password"]=>
		end--
	}
	if end <= w.floor {
		return label{}, false
	}
	n := label{start: end, end: end, gap: end < i && isBlank(s[i-1])}
	if isQuote(s[end-1]) {
		n.end, n.mark = end-1, mark{end - 1, end}
		from := min(max(n.end-maxLabel, w.floor), n.end)
		n.start = from + strings.LastIndexByte(s[from:n.end], s[n.end]) + 1
		n.text = s[n.start:n.end]
		w.spend(n.start, i)
		// What stands between two quoted texts is no name, and an escaped mark is for later.
		return n, n.start > from && n.text != "" && !strings.ContainsAny(n.text, "<>{}=\n\\\x00")
	}
	for n.start > w.floor && inName.has(s[n.start-1]) {
		n.start--
	}
	w.spend(n.start, i)
	n.text = s[n.start:end]
	isFirst := n.start == 0 || strings.IndexByte("?&;#\x00", s[n.start-1]) >= 0
	n.param = isFirst && s[i] == '=' && !n.gap
	n.path = n.param && n.start > 0 && s[n.start-1] == ';'
	return n, n.text != ""
}

// meaningOf is that of the name, and, where its last word is half of a pair, of that
// word and the one in front: "api key: x".
func (w *walker) meaningOf(n *label) meaning {
	m := w.f.meaningOf(n.text)
	switch {
	case m.level != open:
		return m
	case n.param && w.f.isLoginCode(n.text):
		return meaning{level: strong, last: secret}
	case n.quoted() || m.seen&halves == 0 || n.start <= w.floor || w.s[n.start-1] != ' ':
		return m
	}
	start := n.start - 1 - len(w.wordBefore(n.start))
	if two := meaningOf(w.s[start:n.end]); two.level != open {
		n.start = start
		return two
	}
	return m
}

// wordBefore returns the word in front of the one that begins at i, or its end.
func (w *walker) wordBefore(i int) string {
	const longest = len("unrecognized") + 1
	for i > w.floor && isBlank(w.s[i-1]) {
		i--
	}
	end := i
	for i > w.floor && letter.has(w.s[i-1]) && end-i < longest {
		i--
	}
	return w.s[i:end]
}

// A separator is what stands between a name and its value.
type separator struct {
	// end is where the value begins.
	end int
	// colon is set for a colon; the others are =, =>, := and ->.
	colon bool
	// tight is set if there are no blanks on either side.
	tight bool
}

// separator reads the separator at i.
func (w *walker) separator(i int, n label) separator {
	s := w.s
	sep := separator{end: i + 1, colon: s[i] == ':' && !strings.HasPrefix(s[i:], ":=")}
	for sep.end < len(s) && (s[sep.end] == '=' || s[sep.end] == '>') && s[sep.end-1] != '>' && !sep.colon {
		sep.end++
	}
	start := sep.end
	switch {
	case n.param:
	case n.quoted():
		sep.end = skipSpaces(s, start)
	default:
		sep.end = skipBlanks(s, start)
	}
	sep.tight = n.param || !n.gap && sep.end == start || s[start-1] == '>'
	w.spend(start, sep.end)
	return sep
}

// assignment looks at the separator at i, marks the value behind it if the name in
// front is that of a secret, and returns where to go on.
func (w *walker) assignment(i int) int {
	n, ok := w.labelBefore(i)
	if !ok || strings.HasPrefix(w.s[i:], "::") {
		return i + 1
	}
	m := w.meaningOf(&n)
	if m.level == open {
		return i + 1
	}
	sep := w.separator(i, n)
	isProse := w.mode&data == 0
	in := valueContext{
		name:     n.text,
		mark:     n.mark,
		param:    n.param,
		path:     n.path,
		blanks:   !isProse && (sep.colon || n.quoted()),
		cookie:   m.last&cookie != 0,
		sentence: isProse && !n.param && (sep.colon || !sep.tight),
	}
	if !n.quoted() && sep.colon {
		switch {
		case w.isLocation(n, sep), in.sentence && !w.isName(n, m):
			return i + 1
		case m.last&(authorization|cookie) != 0:
			return w.headerLine(n, sep.end, in, m)
		}
	}
	return w.value(sep.end, in, m)
}

// isLocation tells app/token.py:42, token-service:443, /token:x and
// arn:aws:secretsmanager:eu:123:secret:db from values.
func (w *walker) isLocation(n label, sep separator) bool {
	s := w.s
	if n.start > 0 && (s[n.start-1] == '/' || sep.tight && s[n.start-1] == ':' && strings.IndexByte(n.text, '[') < 0) {
		return true
	}
	end := runEnd(s, sep.end, digit)
	return sep.tight && strings.ContainsAny(n.text, ".-") && end > sep.end && (end == len(s) || !alnum.has(s[end]))
}

// headerLine marks the rest of the line behind "Authorization:" or "Cookie:".
func (w *walker) headerLine(n label, lo int, in valueContext, m meaning) int {
	s := w.s
	if lo < len(s) && (isOpening(s[lo]) || isQuote(s[lo])) {
		in.sentence = false
		return w.value(lo, in, m)
	}
	if w.mode&data == 0 && !isHeaderValue(s[lo:], m) {
		return lo
	}
	ends := "\r\n\x00"
	if n.start > 0 && isQuote(s[n.start-1]) {
		ends += s[n.start-1 : n.start] // 'Authorization: x'
	}
	return w.add(lo, until(s, lo, ends), mark{})
}

// listed looks at a comma between two quoted texts: a list of names and values, such
// as Node's raw headers, or the arguments of a call.
func (w *walker) listed(i int) int {
	n, ok := w.labelBefore(i)
	m := w.f.meaningOf(n.text)
	lo, hi, isQuoted := w.quoted(skipSpaces(w.s, i+1))
	w.spend(i, hi)
	if !ok || m.level == open || !isQuoted || !isListedSecret(m, w.s[lo:hi]) {
		return i + 1
	}
	return w.add(lo, hi, mark{})
}
