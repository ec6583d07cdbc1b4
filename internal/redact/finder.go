package redact

import (
	"slices"
	"strings"
)

const (
	// maxDepth is how many encodings within each other are followed: a URL in the
	// parameter of a URL in a string of a JSON document. Every level costs as much as
	// the text is long, and requests are half as deep.
	maxDepth = 6

	// maxSpans is how many secrets are told apart in one text. Nobody reads a text that
	// has more, so all that follows is replaced as well; otherwise what one has to keep
	// of a text made of secrets would be several times the text.
	maxSpans = 1 << 16

	// maxWork bounds how often a byte of a text is looked at, on average and with all that
	// is decoded from it, and spareWork how many bytes are in a text of any length. When
	// no work is left, the rest is replaced unseen. The tests say what texts need: a
	// quarter of that, if they were not made to be looked at again and again.
	maxWork   = 48
	spareWork = 16 << 10
)

// A span is a part of a text that is to be replaced.
type span struct {
	lo, hi int
	// mark is the quotation mark that the placeholder needs, where a JSON member has a
	// number or an object: that of the member's name.
	mark mark
}

// A mark is where a quotation mark stands in a text; it is empty for none.
type mark struct{ lo, hi int }

// A finder collects the secrets of one text. Its methods take a part of that text
// and base, where the part begins, unless they say otherwise.
type finder struct {
	r     *Redactor
	text  string
	spans []span
	depth int
	// work is how many more bytes may be looked at.
	work int
	// full is set once there are more secrets than maxSpans, or no work is left.
	full bool
	// login tells whether the text takes part in an OAuth login: 1 for yes, -1 for no.
	login int8
}

func newFinder(r *Redactor, text string) finder {
	return finder{r: r, text: text, work: maxWork*len(text) + spareWork}
}

// add marks a part of the whole text; m is the mark for a value that has none.
func (f *finder) add(lo, hi int, m mark) {
	if lo >= hi || f.full {
		return
	}
	if len(f.spans) == maxSpans {
		f.full = true
		hi, m = len(f.text), mark{}
	}
	f.spans = append(f.spans, span{lo: lo, hi: hi, mark: m})
}

// spend takes n bytes from the work that is left, and gives up at i if there is none.
func (f *finder) spend(n, i int) {
	f.work -= n
	if f.work < 0 && !f.full {
		f.add(i, len(f.text), mark{})
		f.full = true
	}
}

// meaningOf is that of a name by the built-in and the user's words.
func (f *finder) meaningOf(name string) meaning {
	if f.r.members.has(name) {
		return meaning{level: strong, last: secret}
	}
	return meaningOf(name)
}

// anySecret tells whether one of some names, with commas between them, is of a secret.
func (f *finder) anySecret(names string) bool {
	for more := true; more; {
		var name string
		if name, names, more = strings.Cut(names, ","); f.meaningOf(name).level != open {
			return true
		}
	}
	return false
}

// isLoginCode tells whether name is that of a code that opens a session, rather than
// that of a country or an error: there is one only in an OAuth login.
func (f *finder) isLoginCode(name string) bool {
	if name != "code" {
		return false
	}
	if f.login == 0 {
		f.login = -1
		for _, sign := range [...]string{"state=", "grant_type", "code_verifier"} {
			if strings.Contains(f.text, sign) {
				f.login = 1
			}
		}
	}
	return f.login > 0
}

// A mode says how a text is searched, as a set of the following.
type mode uint8

const (
	// prose is text that is meant for people: what looks like a name and its value can
	// be a part of a sentence.
	prose mode = 0
	// data is none: "password: must be long" is then a password.
	data mode = 1
	// form is a value of a query or a form: a plus sign is a blank.
	form mode = 2
)

// search searches a text that can be a JSON document.
func (f *finder) search(s string, base int, m mode) {
	if i := skipSpaces(s, 0); i == len(s) || strings.IndexByte(`{["`, s[i]) < 0 || !f.json(s, base) {
		f.walk(s, base, m)
	}
}

// body searches a request body, which is the whole of the text.
func (f *finder) body(s string, declaredForm bool) {
	start := skipSpaces(s, 0)
	name := runEnd(s, 0, inName|token68)
	switch {
	case start < len(s) && strings.IndexByte(`<{[-"`, s[start]) >= 0:
		f.search(s, 0, data)
	case declaredForm:
		f.params(s, 0, "&")
	case strings.IndexByte(s[:name], '=') > 0:
		f.params(s, 0, "&\r\n")
	default:
		f.search(s, 0, data)
	}
}

// url searches the URL that the whole text is. It may be relative, or none at all.
func (f *finder) url(s string) {
	query := strings.IndexAny(s, "?#")
	if query < 0 {
		f.walk(s, 0, prose)
		return
	}
	path := s[:query]
	if strings.IndexByte(s[query:], '@') >= 0 {
		path = s // with a "?" in the password, perhaps
	}
	f.walk(path, 0, prose)
	f.params(s[query+1:], query+1, "&#")
}

// params searches a list of parameters: a query with the fragment behind it, or a
// form. A value goes on until one of ends, whatever it consists of.
func (f *finder) params(s string, base int, ends string) {
	for i := 0; i < len(s) && !f.full; {
		end := until(s, i, ends)
		name, value, ok := strings.Cut(s[i:end], "=")
		if !ok {
			name, value = "", name
		}
		// A fragment can have a path: #/login?token=x
		name = strings.TrimSpace(decodedName(name[strings.LastIndexAny(name, ";?")+1:]))
		lo := base + end - len(value)
		switch {
		case f.meaningOf(name).level == open && !f.isLoginCode(name):
			f.search(value, lo, form)
		case !is(value, nothing) && !isMask(value):
			f.add(lo, base+end, mark{})
		}
		i = end + 1
	}
}

// decoded searches what s says once an encoding is taken off.
func (f *finder) decoded(s string, base int, e encoding, m mode) {
	if f.depth == maxDepth {
		return
	}
	f.spend(len(s), base)
	d := e.decode(s)
	inner := finder{r: f.r, text: d.text, depth: f.depth + 1, work: f.work}
	for _, p := range f.r.patterns {
		p.find(&inner)
	}
	inner.search(d.text, 0, m)
	f.work = inner.work
	for _, p := range normalize(d.text, inner.spans) {
		p = d.locate(p, base)
		f.add(p.lo, p.hi, p.mark)
	}
}

// replace returns s with the placeholder in place of the spans, and s itself if
// that changes nothing. It reorders the spans.
func replace(s string, spans []span) string {
	spans = normalize(s, spans)
	if len(spans) == 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	end := 0
	for _, p := range spans {
		quote := s[p.mark.lo:p.mark.hi]
		b.WriteString(s[end:p.lo] + quote + Placeholder + quote)
		end = p.hi
	}
	b.WriteString(s[end:])
	return b.String()
}

// normalize sorts spans, joins those that overlap and drops those that hold nothing
// but a placeholder.
func normalize(s string, spans []span) []span {
	spans = slices.DeleteFunc(spans, func(p span) bool {
		return p.lo >= p.hi || s[p.lo:p.hi] == Placeholder
	})
	slices.SortStableFunc(spans, func(a, b span) int { return a.lo - b.lo })
	joined := spans[:0]
	for _, p := range spans {
		if n := len(joined); n > 0 && p.lo < joined[n-1].hi {
			last := &joined[n-1]
			if p.lo == last.lo && p.hi > last.hi {
				last.mark = p.mark
			}
			last.hi = max(last.hi, p.hi)
			continue
		}
		joined = append(joined, p)
	}
	return joined
}
