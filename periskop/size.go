package periskop

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// cutBy says of what is missing who took it away.
const cutBy = "cut by periskop_exporter"

// cutMark ends a text that was cut.
const cutMark = " … [" + cutBy + "]"

const (
	// lineCost and headerCost are what a line of a stack trace and a header take in memory
	// beside their text.
	lineCost, headerCost = 16, 32
	// maxToken is how far back a text is cut to where a word ends: the beginning of a
	// secret is not recognised as one.
	maxToken = 4 << 10
	// longestPart is what part of a stack trace, or of all headers, one of them may be
	// when they are cut.
	longestPart = 8
)

// Size returns about how many bytes the texts of the occurrence take in memory.
func (o *Occurrence) Size() int {
	n := 0
	for e := &o.Error; e != nil; e = e.Cause {
		n += len(e.Class) + len(e.Message) + linesSize(e.Stacktrace)
	}
	if c := o.HTTPContext; c != nil {
		n += len(c.Method) + len(c.URL) + len(c.Body) + headersSize(c.Headers)
	}
	return n
}

// Cut shortens the occurrence to a Size of at most size. The longest parts, such as a
// message, a stack trace or a body, are cut to one length, and end in a note of that. It
// replaces lists and does not change what is in them.
func (o *Occurrence) Cut(size int) {
	if o.Size() <= size {
		return
	}
	parts := o.parts()
	sizes := make([]int, len(parts))
	for i, p := range parts {
		sizes[i] = p.size
	}
	limit := share(sizes, size)
	for _, p := range parts {
		if p.size > limit {
			p.cut(limit)
		}
	}
}

// A part of an occurrence can be cut.
type part struct {
	size int
	cut  func(limit int)
}

func (o *Occurrence) parts() []part {
	var list []part
	text := func(s *string) {
		list = append(list, part{len(*s), func(limit int) { *s = cutText(*s, limit) }})
	}
	for e := &o.Error; e != nil; e = e.Cause {
		text(&e.Class)
		text(&e.Message)
		list = append(list, part{linesSize(e.Stacktrace), func(limit int) { e.Stacktrace = cutLines(e.Stacktrace, limit) }})
	}
	if c := o.HTTPContext; c != nil {
		text(&c.Method)
		text(&c.URL)
		text(&c.Body)
		list = append(list, part{headersSize(c.Headers), func(limit int) { c.Headers = cutHeaders(c.Headers, limit) }})
	}
	return list
}

// share returns the length to which those that are longer have to be cut so that all
// together have the size: of 10, 50 and 100, for a size of 90, it is 40.
func share(sizes []int, size int) int {
	slices.Sort(sizes)
	for i, n := range sizes {
		each := size / (len(sizes) - i)
		if n > each {
			return each
		}
		size -= n
	}
	return math.MaxInt
}

func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return cutAt(s, limit)
}

// cutAt returns the beginning of s, and the note that it is no more than that: at most
// limit bytes in all.
func cutAt(s string, limit int) string {
	mark := cutMark
	if limit < 2*len(mark) {
		mark = "…"
	}
	end := min(len(s), limit-len(mark))
	if end < 0 {
		return ""
	}
	for back := 0; back < min(maxToken, end/2); back++ {
		if !isToken(s[end-back-1]) {
			end -= back
			break
		}
	}
	for end > 0 && end < len(s) && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}

// isToken reports whether a byte can be part of a word or of a token.
func isToken(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= utf8.RuneSelf ||
		strings.IndexByte("_-+/=.~%", c) >= 0
}

func linesSize(lines []string) int {
	n := lineCost * len(lines)
	for _, line := range lines {
		n += len(line)
	}
	return n
}

// gapLine stands for lines that were cut: so many, or, for 0, nobody counted them.
func gapLine(n int) string {
	if n == 0 {
		return "… [lines " + cutBy + "] …"
	}
	return fmt.Sprintf("… [%d lines %s] …", n, cutBy)
}

// gapCost is more than the line of a gap takes.
const gapCost = lineCost + 60

// ends returns how much of a limit is for the first lines, and how much for the last:
// some languages begin with the innermost call, some end with it.
func ends(limit int) (head, tail int) {
	budget := max(limit-gapCost, 0)
	return budget - budget/3, budget / 3
}

// cutLines cuts lines that are very long, and then leaves out those in the middle.
func cutLines(lines []string, limit int) []string {
	if linesSize(lines) <= limit {
		return lines
	}
	lines = slices.Clone(lines)
	for i, line := range lines {
		lines[i] = cutText(line, limit/longestPart)
	}
	if linesSize(lines) <= limit {
		return lines
	}
	head, tail := ends(limit)
	first, last := 0, len(lines)
	for ; first < last && head >= lineCost+len(lines[first]); first++ {
		head -= lineCost + len(lines[first])
	}
	for ; last > first && tail >= lineCost+len(lines[last-1]); last-- {
		tail -= lineCost + len(lines[last-1])
	}
	out := make([]string, 0, first+1+len(lines)-last)
	for _, line := range lines[:first] {
		out = append(out, strings.Clone(line)) // it may be part of a text of all lines
	}
	if limit >= gapCost {
		out = append(out, gapLine(last-first))
	}
	for _, line := range lines[last:] {
		out = append(out, strings.Clone(line))
	}
	return out
}

func headersSize(headers []Header) int {
	n := headerCost * len(headers)
	for _, h := range headers {
		n += len(h.Name) + len(h.Value)
	}
	return n
}

// cutHeaders cuts names and values that are very long, and then leaves out the last.
func cutHeaders(headers []Header, limit int) []Header {
	if headersSize(headers) <= limit {
		return headers
	}
	budget := limit - gapCost - headerCost
	var out []Header
	for i, h := range headers {
		h = Header{strings.Clone(cutText(h.Name, limit/longestPart)), strings.Clone(cutText(h.Value, limit/longestPart))}
		if budget -= headerCost + len(h.Name) + len(h.Value); budget < 0 {
			if limit >= gapCost+headerCost {
				out = append(out, Header{"…", fmt.Sprintf("[%d headers %s]", len(headers)-i, cutBy)})
			}
			break
		}
		out = append(out, h)
	}
	return out
}
