package redact

import "strings"

// A label is what stands in front of a separator and may be a name.
type label struct {
	// text is what stands at start up to end, decoded.
	text       string
	start, end int
	// quote is the quotation mark around the name, with its backslashes.
	quote string
	// param is set in front of a '=' behind one of ?&;# and at the start of the text.
	param bool
	// path is set if it is a parameter of the path of a URL, which ends at '?'.
	path bool
	// gap is set if blanks separate it from the separator.
	gap bool
}

// maxLabel is longer than names are and shorter than quoted sentences.
const maxLabel = 256

// labelBefore returns the label in front of the separator at i, if there is one.
func (t *textSearch) labelBefore(i int) (label, bool) {
	s := t.s
	end := i
	for end > t.floor && isBlank(s[end-1]) {
		end--
	}
	if end <= t.floor {
		return label{}, false
	}
	n := label{gap: end < i}
	switch c := s[end-1]; {
	case isQuote(c):
		n.quote = s[end-1-backslashes(s, end-1) : end]
		closing := end - len(n.quote)
		from := min(max(closing-maxLabel, t.floor), closing)
		n.start = from + strings.LastIndexByte(s[from:closing], c) + 1
		if n.start == from {
			return n, false
		}
		n.text = s[n.start:closing]
		if strings.ContainsAny(n.text, "<>{}=\n") {
			return n, false // what stands between two quoted texts
		}
	case c == ')' && s[i] == '=' && !n.gap:
		// PostgreSQL: Key (email, token)=(bob, x) already exists.
		from := max(end-maxLabel, t.floor)
		n.start = from + strings.LastIndexByte(s[from:end], '(') + 1
		if n.start == from {
			return n, false
		}
		n.text = s[n.start : end-1]
		if strings.IndexFunc(n.text, isNoColumn) >= 0 {
			return n, false
		}
	default:
		n.start = end
		for n.start > t.floor && isLabelByte(s[n.start-1]) {
			n.start--
		}
		n.trimEscape(s, end)
		n.text = s[n.start:end]
		n.param = n.param || n.start == 0 || startsParameter(s[n.start-1])
		n.param = n.param && s[i] == '=' && !n.gap
		n.path = n.param && n.start > 0 && s[n.start-1] == ';'
	}
	n.end = n.start + len(n.text)
	n.text = decodedName(n.text)
	return n, n.text != ""
}

// trimEscape takes off what belongs to an escaped line break or '&' in front.
func (n *label) trimEscape(s string, end int) {
	if n.start == 0 || s[n.start-1] != '\\' || n.start == end {
		return
	}
	switch s[n.start] {
	case 'n', 'r', 't':
		n.start++
	case 'u':
		if strings.HasPrefix(s[n.start:end], "u0026") {
			n.start += len("u0026")
			n.param = true
		}
	}
}

func startsParameter(c byte) bool { return c == '?' || c == '&' || c == ';' || c == '#' }

func isNoColumn(r rune) bool { return r < 0x80 && r != ',' && r != ' ' && !isLabelByte(byte(r)) }

func isLabelByte(c byte) bool {
	switch c {
	case '_', '-', '.', '[', ']', '%', '$':
		return true
	}
	return isAlnum(c)
}

// verdict is that on the name, and, where its last word is half of a pair, on that
// word and the one in front: "api key: x".
func (t *textSearch) verdict(n *label) verdict {
	v := t.f.judge(n.text)
	if v.level != open {
		return v
	}
	if n.param && t.login.isCode(n.text) {
		return verdict{level: strong, last: secret}
	}
	const half = isKey | isID | isNumber | isCode
	if n.quote != "" || v.seen&half == 0 || n.start <= t.floor || t.s[n.start-1] != ' ' {
		return v
	}
	start := n.start - 1 - len(wordBefore(t.s[t.floor:], n.start-t.floor))
	if two := judge(t.s[start:n.end]); two.level != open {
		n.start = start
		return two
	}
	return v
}
