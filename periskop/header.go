package periskop

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A headerReader collects headers as long as the budget allows.
type headerReader struct {
	limit, budget int // bytes of one value, and of all headers
	headers       []Header
	left          int // how many were past the budget
}

func decodeHeaders(raw []byte, limit int) []Header {
	h := headerReader{limit: limit, budget: limit}
	h.readAll(raw)
	if h.left > 0 {
		h.headers = append(h.headers, Header{"…", fmt.Sprintf("[%d headers %s]", h.left, cutBy)})
	}
	return h.headers
}

func (h *headerReader) add(name, value string) {
	if h.budget <= 0 {
		h.left++
		return
	}
	h.budget -= headerCost + len(name) + len(value)
	h.headers = append(h.headers, Header{name, value})
}

func (h *headerReader) text(v []byte) string {
	if h.budget <= 0 {
		return "" // nobody will see it
	}
	return textUpTo(v, h.limit)
}

// readAll reads headers in any of the forms that frameworks have them in: an object of
// names and values, of which each may be a list; a list of pairs, as of WSGI and Rack;
// a list of objects, as of .NET and of HTTP archives; names and values in turn, as of
// Node.js; lines, in a list or in one text.
func (h *headerReader) readAll(raw []byte) {
	switch {
	case isNothing(raw):
	case raw[0] == '{':
		h.readObject(raw)
	case raw[0] == '[' && inTurn(raw):
		h.readInTurn(raw)
	case raw[0] == '[':
		eachItem(raw, h.readElement)
	case raw[0] == '"':
		h.readText(h.text(raw))
	default:
		h.add("", h.text(raw))
	}
}

func (h *headerReader) readObject(raw []byte) {
	d := newReader(raw)
	// No error is possible: raw was read once as part of a report.
	_ = d.eachMember(func(quoted []byte) error {
		v, err := d.value()
		if err == nil {
			h.readValues(h.text(quoted), v)
		}
		return err
	})
}

// readValues makes a list one header each.
func (h *headerReader) readValues(name string, v []byte) {
	if v[0] == '[' {
		eachItem(v, func(v []byte) { h.add(name, h.text(v)) })
		return
	}
	h.add(name, h.text(v))
}

// inTurn reports whether a list is one of names and values in turn: then each first one
// of two is the name of a header, and no line with a name and a colon.
func inTurn(raw []byte) bool {
	names, isName, ok := 0, true, true
	eachItem(raw, func(v []byte) {
		ok = ok && v[0] != '[' && v[0] != '{'
		if isName {
			names++
			ok = ok && v[0] == '"' && isHeaderName(bytes.TrimPrefix(v[1:len(v)-1], []byte(":")))
		}
		isName = !isName
	})
	return ok && names > 0
}

// isHeaderName reports whether it is a token: RFC 9110, 5.6.2.
func isHeaderName(name []byte) bool {
	const longest = 256 // bytes; no header has a longer name
	if len(name) == 0 || len(name) > longest {
		return false
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return true
}

func (h *headerReader) readInTurn(raw []byte) {
	name, isName := "", true
	eachItem(raw, func(v []byte) {
		if isName {
			name = h.text(v)
		} else {
			h.add(name, h.text(v))
		}
		isName = !isName
	})
	if !isName {
		h.add(name, "")
	}
}

func (h *headerReader) readElement(v []byte) {
	switch v[0] {
	case 'n':
	case '[':
		h.readPair(v)
	case '{':
		h.readNamed(v)
	case '"':
		h.readLine(h.text(v))
	default:
		h.add("", h.text(v))
	}
}

// readPair reads a list of a name and its values.
func (h *headerReader) readPair(raw []byte) {
	var (
		n           int
		name, value strings.Builder
	)
	add := func(v []byte) {
		switch n++; {
		case n == 1:
			name.WriteString(h.text(v))
			return
		case n > 2 && value.Len() <= h.limit:
			value.WriteString(", ")
		}
		if value.Len() <= h.limit {
			value.WriteString(h.text(v))
		}
	}
	eachItem(raw, func(v []byte) {
		if v[0] == '[' {
			eachItem(v, add)
			return
		}
		add(v)
	})
	if n > 0 {
		h.add(name.String(), value.String())
	}
}

// readNamed reads an object of a name and its value, or one whose members are headers.
func (h *headerReader) readNamed(raw []byte) {
	var name, value []byte
	d := newReader(raw)
	_ = d.eachMember(func(quoted []byte) error {
		v, err := d.value()
		var buf [maxPlainName]byte
		switch string(plainName(buf[:0], quoted)) {
		case "name", "key", "header", "field", "headername":
			name = v
		case "value", "values", "val", "headervalue":
			value = v
		}
		return err
	})
	if len(name) == 0 || len(value) == 0 || name[0] != '"' {
		h.readObject(raw)
		return
	}
	h.readValues(h.text(name), value)
}

// readText reads lines, of which one that begins with a blank continues the one before
// it (RFC 9112, 5.2), or JSON in a text.
func (h *headerReader) readText(s string) {
	if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
		if v := jsontext.Value(s); v.IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) {
			h.readAll(bytes.TrimSpace(v))
			return
		}
	}
	var line strings.Builder
	for next := range strings.Lines(s) {
		if line.Len() > 0 && strings.TrimLeft(next, " \t") != next {
			line.WriteString(" ")
			line.WriteString(strings.TrimSpace(next))
			continue
		}
		h.readLine(line.String())
		line.Reset()
		line.WriteString(strings.TrimRight(next, "\r\n"))
	}
	h.readLine(line.String())
}

// readLine reads one line. What has no name in front of a colon has none.
func (h *headerReader) readLine(line string) {
	line = strings.TrimSpace(line)
	name, value, ok := strings.Cut(line, ":")
	switch {
	case ok && isHeaderName([]byte(name)):
		h.add(name, strings.TrimSpace(value))
	case line != "":
		h.add("", line)
	}
}
