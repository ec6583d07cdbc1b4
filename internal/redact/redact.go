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
}

// A Redactor replaces secrets. It is safe for concurrent use.
type Redactor struct {
	headers, members nameSet
	patterns         []pattern
}

// New returns a Redactor for what is always a secret and for what o names.
func New(o Options) *Redactor {
	r := &Redactor{
		headers: newNameSet(o.Headers),
		members: newNameSet(o.Members),
	}
	for _, p := range o.Patterns {
		r.patterns = append(r.patterns, newPattern(p))
	}
	return r
}

// Occurrence returns o without its secrets. What changes is copied, so that neither
// o nor what shares memory with it is written to; if nothing changes, the result is
// o itself and nothing is allocated. UUID, timestamp and severity are left alone.
//
// The time it takes grows linearly with the size of o, whatever o contains.
// Redacting a result again changes nothing, unless a user's pattern matches what
// surrounds a placeholder.
func (r *Redactor) Occurrence(o periskop.Occurrence) periskop.Occurrence {
	o.Error = r.exception(o.Error)
	if o.HTTPContext != nil {
		if c, changed := r.httpContext(*o.HTTPContext); changed {
			copied := c
			o.HTTPContext = &copied
		}
	}
	return o
}

// Text returns a text such as a message or an aggregation key without its secrets.
func (r *Redactor) Text(s string) string { return r.redact(s, messageText) }

func (r *Redactor) exception(e periskop.Exception) periskop.Exception {
	e, _ = r.level(e)
	// owned is the last level of the result that is not shared with the original.
	owned := &e
	for next := e.Cause; next != nil; next = next.Cause {
		c, changed := r.level(*next)
		if !changed {
			continue
		}
		for owned.Cause != next {
			copied := *owned.Cause
			owned.Cause = &copied
			owned = &copied
		}
		copied := c
		owned.Cause = &copied
		owned = &copied
	}
	return e
}

// level redacts an exception without its causes.
func (r *Redactor) level(e periskop.Exception) (_ periskop.Exception, changed bool) {
	class, message := r.redact(e.Class, messageText), r.redact(e.Message, messageText)
	changed = !same(class, e.Class) || !same(message, e.Message)
	e.Class, e.Message = class, message
	shared := true
	for i, line := range e.Stacktrace {
		redacted := r.redact(line, messageText)
		if same(redacted, line) {
			continue
		}
		if shared {
			e.Stacktrace = slices.Clone(e.Stacktrace)
			shared = false
		}
		e.Stacktrace[i] = redacted
	}
	return e, changed || !shared
}

func (r *Redactor) httpContext(c periskop.HTTPContext) (_ periskop.HTTPContext, changed bool) {
	method, url := r.redact(c.Method, messageText), r.redact(c.URL, urlText)
	body := r.redact(c.Body, bodyKind(c))
	changed = !same(method, c.Method) || !same(url, c.URL) || !same(body, c.Body)
	c.Method, c.URL, c.Body = method, url, body
	shared := true
	for i, h := range c.Headers {
		value := r.header(h)
		if same(value, h.Value) {
			continue
		}
		if shared {
			c.Headers = slices.Clone(c.Headers)
			shared = false
		}
		c.Headers[i].Value = value
	}
	return c, changed || !shared
}

// bodyKind tells apart what a body alone does not show: a form with blanks in it.
func bodyKind(c periskop.HTTPContext) kind {
	for _, h := range c.Headers {
		if isContentType(h.Name) && strings.Contains(h.Value, "x-www-form-urlencoded") {
			return formText
		}
	}
	return bodyText
}

// same tells whether a redacted text is what it was before. The comparison is free
// when they are, as they then share memory.
func same(redacted, original string) bool { return redacted == original }

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

// maxRounds is how often a text is searched at most. Two rounds are the rule where
// there is anything to find; no text was seen to need a fourth.
const maxRounds = 4

// redact searches s until nothing more is found, as without the secrets the rest can
// make more sense than before: JSON, for example, that was broken within a password.
func (r *Redactor) redact(s string, k kind) string {
	if s == "" {
		return s
	}
	f := finder{r: r, text: s}
	for _, p := range r.patterns {
		p.find(&f)
	}
	for range maxRounds {
		f.find(k)
		redacted := replace(f.text, f.spans)
		if same(redacted, f.text) {
			break
		}
		f = finder{r: r, text: redacted, spans: f.spans[:0]}
	}
	return f.text
}

// find searches the whole text.
func (f *finder) find(k kind) {
	switch k {
	case messageText:
		f.message(f.text, 0)
	case bodyText, formText:
		f.body(f.text, k == formText)
	case urlText:
		f.url(f.text)
	case queryText:
		f.params(f.text, 0, "&#")
	}
}
