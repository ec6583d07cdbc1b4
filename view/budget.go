package view

import (
	"slices"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/internal/frames"
)

// A budget is what a page may still take of markup made of what targets sent. It keeps
// a page readable, and a browser alive, whatever that is.
type budget struct {
	left int
	// whole is the address of everything; empty when there is none.
	whole string
	// own are beginnings of what is the application's own in stack traces, and mixed is
	// set once one had both its frames and those of libraries.
	own   []string
	mixed bool
	// sources returns the addresses of the source code of lines; nil knows none.
	sources func(lines []string) []string
}

const (
	// pageBudget lets every trace of ordinary size stand whole; the payloads of real
	// clients take a tenth of it.
	pageBudget = 300_000
	// blockBudget is for one message, body or header. Nobody reads more of it on a page.
	blockBudget = 20_000
	// longText is about a screen of text, and tallText and tallLines are more than what of a
	// message leaves room on a phone for what comes after it.
	longText  = 3_000
	tallText  = 240
	tallLines = 6
	// lineBudget is for one line of a stack trace, a class, a key, a label.
	lineBudget = 2_000
	// The lines of a longer stack trace are shown from both ends: some languages
	// begin with the innermost call, some end with it.
	headLines, tailLines = 200, 100
	// So are the causes: the last one is the root.
	headCauses, tailCauses = 80, 20
	// maxRows is for lists that are rarely longer than a few rows.
	maxRows = 100
)

// A block is a text of any length. Left says how much of it is not shown, and Whole
// leads to all of it. One that is Long is shown in a box that scrolls, and one that is
// Tall is so on a phone.
type block struct {
	Text  text
	Long  bool
	Tall  bool
	Left  string
	Whole string
}

func (b *budget) block(s string, layout textLayout, most int) block {
	t, cost, rest := visible(s, layout, min(most, b.left))
	b.left -= cost
	out := block{Text: t, Long: cost > longText, Tall: cost > tallText || strings.Count(s, "\n") >= tallLines}
	if rest > 0 {
		out.Left, out.Whole = byteSize(rest), b.whole
	}
	return out
}

func (b *budget) line(s string) block { return b.block(s, oneLine, lineBudget) }

// A stack is a stack trace, shortened in its middle when it is very long.
type stack struct {
	Head, Tail []frame
	Left       string // what is left out between the two
}

// A frame is a line of a stack trace.
type frame struct {
	block
	Origin frames.Origin
	Source string // the address of its source code, "" when that is not known
}

func (b *budget) stack(lines []string) stack {
	head, tail := lines, []string(nil)
	if len(lines) > headLines+tailLines {
		head, tail = lines[:headLines], lines[len(lines)-tailLines:]
	}
	s := stack{Head: b.frames(head), Tail: b.frames(tail)}
	shown := slices.Concat(head[:len(s.Head)], tail[:len(s.Tail)])
	s.setOrigins(b, shown)
	s.setSources(b, shown)
	if left := len(lines) - len(s.Head) - len(s.Tail); left > 0 {
		s.Left = plural(left, "line")
	}
	return s
}

// setOrigins notes whose code the lines are that are shown. It does nothing when all are
// of one origin: then there is nothing to set off.
func (s *stack) setOrigins(b *budget, lines []string) {
	list := frames.Origins(lines, b.own)
	if !slices.Contains(list, frames.Own) || !slices.Contains(list, frames.Library) {
		return
	}
	for i := range s.Head {
		s.Head[i].Origin = list[i]
	}
	for i := range s.Tail {
		s.Tail[i].Origin = list[len(s.Head)+i]
	}
	b.mixed = true
}

// setSources makes lines lead to their source code, for as many as the budget allows.
func (s *stack) setSources(b *budget, lines []string) {
	if b.sources == nil {
		return
	}
	const linkCost = len(`<a class="source" href="" rel="noreferrer">source</a>`)
	for i, address := range b.sources(lines) {
		if address == "" || len(address)+linkCost > b.left {
			continue
		}
		b.left -= len(address) + linkCost
		if i < len(s.Head) {
			s.Head[i].Source = address
		} else {
			s.Tail[i-len(s.Head)].Source = address
		}
	}
}

// frames returns as many as the budget allows.
func (b *budget) frames(list []string) []frame {
	const itemCost = len("<li class=own></li>\n")
	var out []frame
	for _, f := range list {
		if b.left < itemCost {
			break
		}
		b.left -= itemCost
		out = append(out, frame{block: b.block(f, lines, lineBudget)})
	}
	return out
}
