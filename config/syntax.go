package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// parseText returns the tree of the YAML text data, or nil when it holds none, which
// is then among the mistakes.
func parseText(found *mistakes, data []byte) *node {
	if !checkText(found, data) {
		return nil
	}
	doc, err := parseYAML(data)
	if err != nil && lookalikes(data, found.add) {
		return nil
	}
	if err != nil {
		line, say := explain(err, data, locate(data))
		found.add(line, "", "%s", say)
		return nil
	}
	if doc == nil {
		found.add(1, "", "the file is empty; write at least one service under services:")
		return nil
	}
	root := doc.Content[0]
	switch root.Kind {
	case yaml.SequenceNode:
		found.add(root.Line, "", "the file is a list; it has to be a mapping, that begins with a key such as services:")
		return nil
	case yaml.ScalarNode:
		if root.ShortTag() == "!!null" {
			found.add(1, "", "the file is empty; write at least one service under services:")
			return nil
		}
		found.add(root.Line, "", "the file is text without keys; it has to be a mapping, that begins with a key such as services:")
		return nil
	}
	return resolveAliases(found, root)
}

// checkText reports what makes data no text at all.
func checkText(found *mistakes, data []byte) bool {
	if len(data) > maxBytes {
		found.add(0, "", "the file is larger than %d MB; list targets in files of their own, see file_sd_configs", maxBytes>>20)
		return false
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		found.add(1, "", "the file is UTF-16; save it as UTF-8")
		return false
	}
	line := 1
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			found.add(line, "", "has a byte, %#02x, that is not UTF-8; save the file as UTF-8", data[i])
			return false
		case r == '\n':
			line++
		case !printable(r) && !(r == '\ufeff' && i == 0):
			found.add(line, "", "has the invisible character %U, which YAML does not allow; remove it", r)
			return false
		}
		i += size
	}
	return true
}

// printable reports whether YAML allows r in a file: https://yaml.org/spec/1.2.2/#51-character-set.
func printable(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r', r == 0x85:
		return true
	case r < 0x20, r >= 0x7f && r < 0xa0, r == '\ufeff', r == 0xfffe, r == 0xffff:
		return false
	}
	return true
}

// errSecondDocument says that a file has more than one YAML document.
var errSecondDocument = errors.New("second document")

// parseYAML returns the one document in data, or nil when there is none.
func parseYAML(data []byte) (doc *yaml.Node, err error) {
	// The parser is known to panic on some broken inputs.
	defer func() {
		if r := recover(); r != nil {
			doc, err = nil, fmt.Errorf("parser: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := dec.Decode(&first); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	switch err := dec.Decode(&second); {
	case err == nil:
		return nil, errSecondDocument
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return &first, nil
}

// locate returns the line of the first mistake in data, which parseYAML refuses. The
// parser's own line is that of the enclosing block, or off by one, so it is not used.
//
// With the lines up to the mistake the parser fails, with fewer it does not. Between,
// it also fails while a bracket or quote is open; if that is never closed, the line
// that opens it is the one that is wanted. So the answer is the end of the longest
// beginning of data that parses, plus one.
func locate(data []byte) int {
	p := prefixes{data: data, ends: lineEnds(data), budget: 8 << 20}
	good, bad := 0, len(p.ends)
	for {
		for good+1 < bad {
			if middle := (good + bad) / 2; p.parse(middle) {
				good = middle
			} else {
				bad = middle
			}
		}
		if good = p.closing(bad); good == 0 {
			return bad
		}
		bad = len(p.ends)
	}
}

// prefixes are the beginnings of a text that end with a line.
type prefixes struct {
	data   []byte
	ends   []int
	budget int // bytes left to be parsed, unless there is no other way
}

// parse reports whether the first lines are YAML.
func (p *prefixes) parse(lines int) bool {
	end := p.ends[lines-1]
	p.budget -= end
	_, err := parseYAML(p.data[:end])
	return err == nil
}

// closing returns the next line after bad with which the text parses, or 0 when there
// is none. Brackets and quotes rarely stay open for longer than it looks.
func (p *prefixes) closing(bad int) int {
	const ahead = 200
	for line := bad + 1; line < len(p.ends) && line <= bad+ahead && p.budget > 0; line++ {
		if p.parse(line) {
			return line
		}
	}
	return 0
}

// lineEnds returns the offset after each line of data.
func lineEnds(data []byte) []int {
	var ends []int
	for i, c := range data {
		if c == '\n' {
			ends = append(ends, i+1)
		}
	}
	if len(ends) == 0 || ends[len(ends)-1] < len(data) {
		ends = append(ends, len(data))
	}
	return ends
}

// lineText returns the given line of data, counted from 1, without its end.
func lineText(data []byte, line int) string {
	ends := lineEnds(data)
	if line < 1 || line > len(ends) {
		return ""
	}
	start := 0
	if line > 1 {
		start = ends[line-2]
	}
	return strings.TrimRight(string(data[start:ends[line-1]]), "\r\n")
}
