package view

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A text is what a stranger wrote, ready to print as text.
type text []piece

// A piece is printed as it is, or, as a mark, stands for characters that would not
// show, or would change how others do.
type piece struct {
	Mark bool
	Text string
}

// A textLayout says what becomes of line breaks and tabs.
type textLayout int

const (
	oneLine textLayout = iota // they are marks
	lines                     // they are kept
)

const (
	// markCost is the markup of a mark, about as the templates print it.
	markCost = len(`<span class="mark">U&#43;200B</span>`)
	// maxCombining is how many combining characters a letter may carry. Real scripts
	// need up to four; floods of them paint over the lines above and below.
	maxCombining = 4
)

// visible returns s as text that takes at most budget bytes of markup, what it takes,
// and how many bytes of s did not fit. What Unicode does not call graphic becomes a
// mark: control and format characters, the bidirectional ones and those without width
// among them. A mark also stands for several of the same character in a row.
func visible(s string, layout textLayout, budget int) (t text, cost, rest int) {
	b := textBuilder{s: s, layout: layout, budget: budget}
	for fits := true; fits && b.at < len(s); {
		fits = b.step()
	}
	b.flush()
	return b.out, b.cost, len(s) - b.at
}

// A textBuilder turns a string into text, up to a budget of markup.
type textBuilder struct {
	s      string
	layout textLayout
	budget int

	out       text
	cost      int
	plain     int // where the piece began that is not yet in out
	at        int
	before    rune // the character before at
	combining int  // how many combining characters stand before at
}

// step takes the next character, or the next few of the same if they become a mark.
// It returns false when that is past the budget.
func (b *textBuilder) step() bool {
	r, size := utf8.DecodeRuneInString(b.s[b.at:])
	if b.shown(r, size) {
		cost := escapedSize(r, size)
		if b.cost+cost > b.budget {
			return false
		}
		b.cost += cost
		b.at += size
	} else {
		n := repeats(b.s[b.at:], r, size)
		if b.cost+markCost > b.budget {
			return false
		}
		b.flush()
		b.out = append(b.out, piece{Mark: true, Text: markOf(r, n)})
		b.cost += markCost
		b.at += n * size
		b.plain = b.at
	}
	if unicode.Is(unicode.M, r) {
		b.combining++
	} else {
		b.combining = 0
	}
	b.before = r
	return true
}

func (b *textBuilder) flush() {
	if b.plain < b.at {
		b.out = append(b.out, piece{Text: b.s[b.plain:b.at]})
		b.plain = b.at
	}
}

// shown reports whether the character is printed as it is.
func (b *textBuilder) shown(r rune, size int) bool {
	switch {
	case r >= ' ' && r < 0x7f:
		return true
	case r == '\n' || r == '\t':
		return b.layout == lines
	case r == '\r': // before a line feed it is part of the line break
		return b.layout == lines && strings.HasPrefix(b.s[b.at+size:], "\n")
	case r == '\u200c' || r == '\u200d': // joiners, of emoji and of letters that join
		next, _ := utf8.DecodeRuneInString(b.s[b.at+size:])
		return b.before >= utf8.RuneSelf && next >= utf8.RuneSelf && joins(b.before) && joins(next)
	case r == '\ufe0e' || r == '\ufe0f': // text or emoji style of the symbol before
		return unicode.IsSymbol(b.before) || strings.ContainsRune("0123456789#*", b.before)
	case unicode.Is(unicode.M, r):
		return b.combining < maxCombining && !unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
	}
	return unicode.IsGraphic(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// joins reports whether a joiner beside the character has something to join.
func joins(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.So, unicode.Sk)
}

// escapedSize is how many bytes html/template prints for a character.
func escapedSize(r rune, size int) int {
	switch r {
	case '"', '&', '\'', '+':
		return len("&#34;")
	case '<', '>':
		return len("&lt;")
	}
	return size
}

// repeats returns how many times s begins with r, which is size bytes long.
func repeats(s string, r rune, size int) int {
	n := 1
	for i := size; i < len(s); i += size {
		if next, _ := utf8.DecodeRuneInString(s[i:]); next != r {
			break
		}
		n++
	}
	return n
}

func markOf(r rune, n int) string {
	if n == 1 {
		return fmt.Sprintf("U+%04X", r)
	}
	return fmt.Sprintf("U+%04X×%s", r, number(n))
}

// plain returns s in one line, for where there is no markup: marks are in angle
// brackets.
func plain(s string) string { return plainText(s, oneLine) }

func plainText(s string, layout textLayout) string {
	t, _, _ := visible(s, layout, unbounded)
	if len(t) == 1 && !t[0].Mark {
		return t[0].Text
	}
	var b strings.Builder
	for _, p := range t {
		if p.Mark {
			b.WriteString("<" + p.Text + ">")
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// unbounded is a budget that is more than anything in memory needs.
const unbounded = 1 << 62

// excerpt returns the beginning of s as [plain] has it, and an ellipsis if there is
// more, at most that many bytes in all.
func excerpt(s string, most int) string {
	const ellipsis = "…"
	first, more := beginning(s, most)
	first = plain(first)
	if !more && len(first) <= most {
		return first
	}
	first, _ = beginning(first, most-len(ellipsis))
	return first + ellipsis
}

// snippet returns the beginning of s in one line, with line breaks, tabs and runs of
// spaces as one space. It looks at no more of s than it may need.
func snippet(s string, most int) text {
	s, more := beginning(s, 4*most)
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' }), " ")
	t, _, rest := visible(s, oneLine, most)
	if more || rest > 0 {
		t = append(t, piece{Text: "…"})
	}
	return t
}

// beginning returns at most that many bytes of s, and whether there are more.
func beginning(s string, most int) (string, bool) {
	if len(s) <= most {
		return s, false
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most], true
}
