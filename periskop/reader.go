package periskop

import (
	"bytes"
	"fmt"
	"strings"
)

// A reader walks over JSON in place, and goes over most of it at the speed of a search
// for quotation marks: what is skipped is only looked at as far as it takes to find its
// end. Where a member occurs twice the last one counts, as in the JSON libraries of all
// clients. NaN and Infinity, which Python's json module writes bare, are values.
type reader struct {
	body []byte
	at   int
	open []int // where the brackets are that skip is in; kept for its memory
	// recent are objects and lists that were skipped, the one that was used last first.
	// Stack traces and requests of a key are nearly always equal, and to compare with
	// those before is several times faster than to look for the end. Six are a stack
	// trace, the error that it is part of, headers, their request, and the occurrence,
	// with one to spare.
	recent [6][]byte
}

func newReader(body []byte) *reader { return &reader{body: body} }

// reset makes the reader read another body, part of the same whole as the last one.
func (r *reader) reset(body []byte) { r.body, r.at = body, 0 }

// A syntaxError says from which byte on the body is no JSON.
type syntaxError struct {
	offset int
	text   string
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("the body is not JSON from byte %d on: %s", e.offset, e.text)
}

// unexpected is the error that something else stands where the reader is.
func (r *reader) unexpected(want string) error {
	if r.at >= len(r.body) {
		return &syntaxError{len(r.body), "it ends too early"}
	}
	text := fmt.Sprintf("%q stands where %s is expected", r.body[r.at:r.at+1], want)
	if r.body[r.at] == '\'' {
		text += "; JSON has double quotation marks, which Python's json.dumps writes and its str does not"
	}
	return &syntaxError{r.at, text}
}

// kind returns the first byte of the value that comes next, 0 at the end.
func (r *reader) kind() byte {
	for r.at < len(r.body) {
		switch c := r.body[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// eachMember calls f for each member of the object that r is at, with its name in quotes.
// f must read exactly the member's value.
func (r *reader) eachMember(f func(name []byte) error) error {
	return r.each('{', '}', func() error {
		if r.kind() != '"' {
			return r.unexpected("a member's name")
		}
		name, err := r.value()
		if err != nil {
			return err
		}
		if r.kind() != ':' {
			return r.unexpected("a colon")
		}
		r.at++
		return f(name)
	})
}

// eachElement calls f for each element of the list that r is at. f must read exactly
// that element.
func (r *reader) eachElement(f func() error) error { return r.each('[', ']', f) }

func (r *reader) each(first, last byte, f func() error) error {
	if r.kind() != first {
		return r.unexpected(string(first))
	}
	r.at++
	if r.kind() == last {
		r.at++
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		switch r.kind() {
		case ',':
			r.at++
			if r.kind() == last { // templates write a comma too many
				r.at++
				return nil
			}
		case last:
			r.at++
			return nil
		default:
			return r.unexpected("a comma or " + string(last))
		}
	}
}

// skip reads the next value for nothing but its end.
func (r *reader) skip() error {
	_, err := r.value()
	return err
}

// value reads the next value and returns it as it stands.
func (r *reader) value() ([]byte, error) {
	kind := r.kind()
	start := r.at
	var err error
	switch kind {
	case '{', '[':
		err = r.skipNested()
	case '"':
		err = r.skipString()
	default:
		err = r.skipLiteral()
	}
	return r.body[start:r.at:r.at], err
}

// skipString goes behind the string that r is at. A quotation mark ends it, unless an
// odd number of backslashes stands before it.
func (r *reader) skipString() error {
	for end := r.at + 1; ; end++ {
		n := bytes.IndexByte(r.body[end:], '"')
		if n < 0 {
			r.at = len(r.body)
			return r.unexpected("")
		}
		end += n
		backslashes := 0
		for r.body[end-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			r.at = end + 1
			return nil
		}
	}
}

func (r *reader) skipLiteral() error {
	end := r.at
	for end < len(r.body) && classes[r.body[end]] == literal {
		end++
	}
	switch text := r.body[r.at:end]; string(text) {
	case "true", "false", "null", "NaN", "Infinity", "-Infinity":
	default:
		if end == len(r.body) && beginsWord(text) {
			r.at = end
			return r.unexpected("") // there may be more of it
		}
		if len(text) == 0 || len(bytes.Trim(text, "0123456789+-.eE")) > 0 {
			return r.unexpected("a value")
		}
	}
	r.at = end
	return nil
}

// beginsWord reports whether text is the beginning of a value that is a word.
func beginsWord(text []byte) bool {
	for _, word := range []string{"true", "false", "null", "NaN", "Infinity", "-Infinity"} {
		if len(text) > 0 && strings.HasPrefix(word, string(text)) && string(text) != "-" { // that may begin a number
			return true
		}
	}
	return false
}

const (
	// maxDepth bounds how deep what is decoded can be nested, and with it the stack.
	maxDepth = 10_000
	// What is compared with recent values is long enough to be worth it, and not nested
	// so deep that a hostile body could make it cost more than it saves.
	minRecent, maxRecentDepth = 64, 64
)

// skipNested goes behind the object or list that r is at.
func (r *reader) skipNested() error {
	r.open = r.open[:0]
	for r.at < len(r.body) {
		c := r.body[r.at]
		switch classes[c] {
		case quote:
			if err := r.skipString(); err != nil {
				return err
			}
			continue
		case opening:
			if len(r.open) >= maxDepth {
				return &syntaxError{r.at, fmt.Sprintf("it is nested deeper than %d levels", maxDepth)}
			}
			if r.skipRecent() {
				if len(r.open) == 0 {
					return nil
				}
				continue
			}
			r.open = append(r.open, r.at)
		case closing:
			last := len(r.open) - 1
			start := r.open[last]
			if c-r.body[start] > 2 { // in ASCII, } is two after {, and ] two after [
				return r.unexpected("another bracket")
			}
			r.open = r.open[:last]
			r.remember(r.body[start : r.at+1])
			if last == 0 {
				r.at++
				return nil
			}
		case other:
			return r.unexpected("JSON")
		}
		r.at++
	}
	return r.unexpected("")
}

// skipRecent goes behind the object or list that r is at if it equals a recent one. What
// begins like a whole one also ends where that ends.
func (r *reader) skipRecent() bool {
	if len(r.open) > maxRecentDepth {
		return false
	}
	rest := r.body[r.at:]
	for i, v := range r.recent {
		// Most that differ are told by where they end.
		if n := len(v); n > 0 && n <= len(rest) && rest[n-1] == v[n-1] && bytes.Equal(rest[:n], v) {
			r.at += n
			copy(r.recent[1:i+1], r.recent[:i])
			r.recent[0] = v
			return true
		}
	}
	return false
}

func (r *reader) remember(v []byte) {
	if len(v) >= minRecent {
		copy(r.recent[1:], r.recent[:])
		r.recent[0] = v
	}
}

// The classes of bytes outside of strings.
const (
	other     = iota // not part of JSON
	separator        // and space
	literal          // in numbers, true, false, null
	quote
	opening
	closing
)

// classes is the class of each byte.
var classes = func() (t [256]byte) {
	set := func(class byte, bytes string) {
		for i := range len(bytes) {
			t[bytes[i]] = class
		}
	}
	set(separator, " \t\r\n,:")
	set(literal, "+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	set(quote, `"`)
	set(opening, "{[")
	set(closing, "}]")
	return t
}()
