package redact

import (
	"slices"
	"strings"
)

// A span is a part of a text that is to be replaced.
type span struct {
	lo, hi int
	// quote stands on both sides of the placeholder, for the value of a JSON member
	// that was a number or an object.
	quote string
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
		b.WriteString(s[end:p.lo])
		b.WriteString(p.quote)
		b.WriteString(Placeholder)
		b.WriteString(p.quote)
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
				last.quote = p.quote
			}
			last.hi = max(last.hi, p.hi)
			continue
		}
		joined = append(joined, p)
	}
	return joined
}
