package redact

import "strings"

// maxDepth is how many encodings within each other are followed: a URL in the
// parameter of a URL in a string of a JSON document. Every level costs as much as
// the text is long, and that example is as deep as requests are.
const maxDepth = 4

// maxSpans is how many secrets are told apart in one text. Nobody reads a text that
// has more, so all that follows is replaced as well; otherwise what one has to keep
// of a text made of secrets would be several times the text.
const maxSpans = 1 << 16

// A finder collects the secrets of one text. Its methods take a part of that text
// and base, where the part begins, unless they say otherwise.
type finder struct {
	r     *Redactor
	text  string
	spans []span
	depth int
	// full is set once there are more secrets than maxSpans.
	full bool
}

// add marks a part of the whole text; quote is for a value that had no quotation marks.
func (f *finder) add(lo, hi int, quote string) {
	if lo >= hi || f.full {
		return
	}
	if len(f.spans) == maxSpans {
		f.full = true
		hi, quote = len(f.text), ""
	}
	// Without the copy, the compiler would have to assume that a finder refers to
	// itself, and allocate it also where there is nothing to find.
	f.spans = append(f.spans, span{lo: lo, hi: hi, quote: strings.Clone(quote)})
}

// judge is the verdict on a name by the built-in and the user's words.
func (f *finder) judge(name string) verdict {
	if f.r.members.has(name) {
		return verdict{level: strong, last: secret}
	}
	return judge(name)
}

// message searches a text that is meant for people, JSON documents included.
func (f *finder) message(s string, base int) {
	if looksLikeJSON(s) && f.json(s, base) {
		return
	}
	f.search(s, base, false)
	if f.depth < maxDepth && strings.IndexByte(s, '=') < 0 && hasEncodedSyntax(s) {
		f.decoded(s, base, percentEncoding)
	}
}

// body searches a request body, which is the whole of the text.
func (f *finder) body(s string, declaredForm bool) {
	start := skipSpaces(s, 0)
	switch {
	case looksLikeJSON(s) && f.json(s, 0):
	case start < len(s) && (s[start] == '<' || s[start] == '{' || s[start] == '['):
		f.search(s, 0, true)
	case looksLikeMultipart(s[start:]):
		f.multipart(s)
	case declaredForm:
		f.params(s, 0, "&")
	case looksLikeForm(s):
		f.params(s, 0, "&\r\n")
	default:
		f.search(s, 0, true)
	}
}

// nested searches the value of a form field or a query parameter.
func (f *finder) nested(s string, base int) {
	if f.depth < maxDepth && hasEncodedSyntax(s) {
		f.decoded(s, base, percentEncoding)
		return
	}
	f.message(s, base)
}

// decoded searches what s says once it is decoded.
func (f *finder) decoded(s string, base int, enc encoding) {
	inner := finder{r: f.r, text: enc.decode(s), depth: f.depth + 1}
	inner.message(inner.text, 0)
	for _, p := range enc.locate(s, normalize(inner.text, inner.spans)) {
		f.add(base+p.lo, base+p.hi, p.quote)
	}
}

func looksLikeJSON(s string) bool {
	i := skipSpaces(s, 0)
	return i < len(s) && (s[i] == '{' || s[i] == '[' || s[i] == '"')
}

// looksLikeForm tells a form from text by its first name.
func looksLikeForm(s string) bool {
	end := 0
	for end < len(s) && (isLabelByte(s[end]) || s[end] == '+') {
		end++
	}
	return end > 0 && end < len(s) && s[end] == '='
}
