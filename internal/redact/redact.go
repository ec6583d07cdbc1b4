package redact

import (
	"regexp"
	"slices"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Placeholder stands where a secret was.
const Placeholder = "<redacted>"

// Options say what is a secret in addition to what always is. Names match without
// regard to case and punctuation: "X-Shop-Key" also stands for HTTP_X_SHOP_KEY.
type Options struct {
	// Headers are names of headers whose values are secrets.
	Headers []string
	// Members are names of query parameters, form fields, and JSON and XML members
	// whose values are secrets. Each also matches as one segment of a longer name:
	// email matches user[email] and user.email.
	Members []string
	// Patterns match secrets anywhere in a text. Of a pattern with a group named
	// "secret", only what that group matches is replaced.
	Patterns []*regexp.Regexp
	// Personal are kinds of personal data, by their names in [PersonalData].
	Personal []string
}

// A Redactor replaces secrets. It is safe for concurrent use. The same text becomes the
// same text each time, whatever was redacted before.
type Redactor struct {
	headers, members nameSet
	patterns         []pattern
}

// New returns a Redactor for what is always a secret and for what o names.
func New(o Options) *Redactor {
	r := &Redactor{headers: newNameSet(o.Headers), members: newNameSet(o.Members)}
	for _, p := range o.Patterns {
		r.patterns = append(r.patterns, newPattern(p))
	}
	for _, kind := range o.Personal {
		r.patterns = append(r.patterns, personal[kind]...)
	}
	return r
}

// Text returns free text without its secrets: a message, a log line, a URL within other
// text, and what identifies or labels something but is chosen by a stranger, such as an
// aggregation key, class, severity, uuid, service or target label.
//
// The time it takes grows linearly with the length of the text, whatever that contains.
// Redacting a result again changes nothing, unless a user's pattern matches what
// surrounds a placeholder. If there is nothing to replace, the result is s itself.
func (r *Redactor) Text(s string) string { return r.redact(s, messageText) }

// Occurrence returns o with all of its texts redacted as [Redactor.Text] does, URLs and
// bodies by what they are. What changes is copied, so that neither o nor what shares
// memory with it is written to. If nothing changes, the result is o itself, and memory is
// taken only to decode what is encoded and to try expressions.
func (r *Redactor) Occurrence(o periskop.Occurrence) periskop.Occurrence {
	o.UUID, o.Severity, o.Instance = r.Text(o.UUID), r.Text(o.Severity), r.Text(o.Instance)
	o.Labels = r.labels(o.Labels)
	// owned is the last level of the result that is not shared with the original.
	owned := &o.Error
	r.level(owned)
	for next := o.Error.Cause; next != nil; next = next.Cause {
		c := *next
		if !r.level(&c) {
			continue
		}
		for owned.Cause != next {
			copied := *owned.Cause
			owned.Cause = &copied
			owned = &copied
		}
		changed := c
		owned.Cause = &changed
		owned = &changed
	}
	if o.HTTPContext != nil {
		if c := *o.HTTPContext; r.httpContext(&c) {
			changed := c
			o.HTTPContext = &changed
		}
	}
	return o
}

// labels redacts the values of labels, whose names are those that the configuration has.
func (r *Redactor) labels(ls periskop.Labels) periskop.Labels {
	shared := true
	for i, l := range ls {
		redacted := r.Text(l.Value)
		if redacted == l.Value {
			continue
		}
		if shared {
			ls, shared = slices.Clone(ls), false
		}
		ls[i].Value = redacted
	}
	return ls
}

// level redacts an exception without its causes, and tells whether it changed.
func (r *Redactor) level(e *periskop.Exception) (changed bool) {
	changed = r.replace(&e.Class, messageText)
	changed = r.replace(&e.Message, messageText) || changed
	shared := true
	for i, line := range e.Stacktrace {
		redacted := r.Text(line)
		if redacted == line {
			continue
		}
		if strings.Contains(line, pemBegin) { // which can go on in the lines that follow
			e.Stacktrace = strings.Split(r.Text(strings.Join(e.Stacktrace, "\n")), "\n")
			return true
		}
		if shared {
			e.Stacktrace = slices.Clone(e.Stacktrace)
			shared = false
		}
		e.Stacktrace[i] = redacted
	}
	return changed || !shared
}

// httpContext redacts a request, and tells whether it changed.
func (r *Redactor) httpContext(c *periskop.HTTPContext) (changed bool) {
	const shortest = 16 // of the names of headers that can be, or have, a secret
	changed = r.replace(&c.Body, bodyKind(c))
	changed = r.replace(&c.Method, messageText) || changed
	changed = r.replace(&c.URL, urlText) || changed
	shared := true
	for i, h := range c.Headers {
		redacted := periskop.Header{Name: h.Name, Value: r.header(h)}
		if len(h.Name) >= shortest {
			redacted.Name = r.Text(h.Name)
		}
		if redacted == h {
			continue
		}
		if shared {
			c.Headers = slices.Clone(c.Headers)
			shared = false
		}
		c.Headers[i] = redacted
	}
	return changed || !shared
}

// bodyKind tells apart what a body alone does not show: a form with blanks in it.
func bodyKind(c *periskop.HTTPContext) kind {
	for _, h := range c.Headers {
		if strings.Contains(h.Value, "x-www-form-urlencoded") && string(squash(nil, withoutCGI(h.Name))) == "contenttype" {
			return formText
		}
	}
	return bodyText
}

// A kind of text decides what counts as a name and where its value ends.
type kind uint8

const (
	// messageText is written for people: what looks like a name can be a sentence.
	messageText kind = iota
	// bodyText is a request body of any format.
	bodyText
	// formText is a request body that was declared as a form.
	formText
	// urlText is a URL as a whole, absolute or not.
	urlText
	// queryText is the query of a URL without its question mark.
	queryText
)

// replace redacts a text in place, and tells whether it changed.
func (r *Redactor) replace(s *string, k kind) bool {
	redacted := r.redact(*s, k)
	if redacted == *s { // which costs nothing where they share memory
		return false
	}
	*s = redacted
	return true
}

// redact searches s until nothing more is found, as without the secrets the rest can
// make more sense than before: JSON, for example, that was broken within a password.
func (r *Redactor) redact(s string, k kind) string {
	// Two rounds are the rule where there is anything to find; no text was seen to need
	// a fourth.
	const maxRounds = 4
	if s == "" {
		return s
	}
	f := newFinder(r, s)
	for _, p := range r.patterns {
		p.find(&f)
	}
	for range maxRounds {
		f.find(k)
		if len(f.spans) == 0 {
			break
		}
		redacted := replace(f.text, f.spans)
		if redacted == f.text {
			break
		}
		spans := f.spans[:0]
		f = newFinder(r, redacted)
		f.spans = spans
	}
	return f.text
}

// find searches the whole text.
func (f *finder) find(k kind) {
	switch k {
	case messageText:
		f.search(f.text, 0, prose)
	case bodyText, formText:
		f.body(f.text, k == formText)
	case urlText:
		f.url(f.text)
	case queryText:
		f.params(f.text, 0, "&#")
	}
}
