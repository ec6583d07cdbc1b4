package redact

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

// A rule finds secrets by what is written where they stand.
type rule struct {
	// at is where the rule is tried.
	at string
	// Behind it stand at least min characters of a token, and max of any are looked
	// at, with back in front.
	min, max, back int
	// behind is what stands there, and before, unless it is nil, what stands in front.
	behind, before *regexp.Regexp
}

//go:embed rules.txt
var rulesText string

// A ruleTable has the rules by the first three characters of where they are tried, or by
// the first alone if that is no letter, in the order in which they are written.
type ruleTable struct {
	index [1 << 15]uint8 // of the list, the first of which is empty
	lists [][]rule
	// glued are tried within words as well, where they begin as inner says.
	glued []rule
	inner [1 << 15]bool
}

var rules = newRuleTable(rulesText)

// newRuleTable reads the rules in the format that rules.txt explains.
func newRuleTable(text string) *ruleTable {
	t := &ruleTable{lists: make([][]rule, 1)}
	for line := range strings.Lines(text) {
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if line[0] == '#' || len(columns) < 3 {
			continue
		}
		var r rule
		_, _ = fmt.Sscan(columns[1]+" 0", &r.min, &r.max, &r.back)
		r.behind = regexp.MustCompile("^(?:" + columns[2] + ")")
		if r.back > 0 {
			r.before = regexp.MustCompile("(?:" + columns[3] + ")$")
		}
		for at := range strings.FieldsSeq(columns[0]) {
			r.at = strings.ReplaceAll(at, `\s`, " ")
			t.add(r)
		}
	}
	return t
}

func (t *ruleTable) add(r rule) {
	thirds := 1
	if len(r.at) == 2 && alnum.has(r.at[0]) {
		thirds = 32 // any
	}
	for third := range byte(thirds) {
		slot := &t.index[keyOf(r.at+string('`'+rune(third))+" ")]
		if *slot == 0 {
			*slot = uint8(len(t.lists)) //nolint:gosec // there are fewer lists than that
			t.lists = append(t.lists, nil)
		}
		t.lists[*slot] = append(t.lists[*slot], r)
	}
	if r.isGlued() {
		t.glued = append(t.glued, r)
		t.inner[keyOf(r.at)] = true
	}
}

// isGlued tells whether the rule is tried within words: "tokenghp_…". The beginning of such a
// token is like no other word's.
func (r *rule) isGlued() bool {
	isHex := strings.Contains(r.behind.String(), "0-9a-f") // which names of what is cached consist of as well
	if len(r.at) < 3 || r.before != nil || r.min < 10 || !alnum.has(r.at[0]) || isHex {
		return false
	}
	return strings.ContainsAny(r.at[len(r.at)-1:], "_-.") && len(r.at) > 3 || r.at == "eyJ" || r.at == strings.ToUpper(r.at)
}

// tryGlued tries rules for what begins at i, within a word. It has to be more than words as well.
func (w *walker) tryGlued(i int) int {
	for k := range rules.glued {
		r := &rules.glued[k]
		if !strings.HasPrefix(w.s[i:], r.at) {
			continue
		}
		const enough = 40
		token := i + len(r.at)
		end := runEnd(w.s[:min(token+min(r.max, enough), len(w.s))], token, urlSafe)
		w.spend(i, end)
		text := w.s[token:end]
		if strings.ContainsAny(text, "0123456789") || text != strings.ToLower(text) {
			return w.apply(r, i)
		}
	}
	return i
}

// keyOf returns a number for the first characters of s.
func keyOf(s string) uint {
	if !alnum.has(s[0]) || len(s) < 3 {
		return uint(s[0] & 31)
	}
	return uint(s[0]&31)<<10 | uint(s[1]&31)<<5 | uint(s[2]&31)
}

// try tries the rules of a list for what begins at i, and returns where to go on, or i.
func (w *walker) try(i int, list uint8) int {
	for k := range rules.lists[list] {
		if r := &rules.lists[list][k]; strings.HasPrefix(w.s[i:], r.at) {
			if end := w.apply(r, i); end > i {
				return end
			}
		}
	}
	return i
}

// apply marks what a rule finds where it is tried, at i, and returns where that ends, or i.
func (w *walker) apply(r *rule, i int) int {
	s := w.s
	start := i + len(r.at)
	hi := min(start+r.max, len(s))
	token := start
	if start < hi && isQuote(s[start]) {
		token++
	}
	if n := runEnd(s[:min(token+r.min, hi)], token, token68) - token; n < r.min {
		w.spend(i, token+max(n, 0))
		return i
	}
	behind := w.match(r.behind, start, hi)
	if behind == nil || !w.areTrue(r.behind, behind) {
		return i
	}
	lo, end, groups := i, i, r.behind.NumSubexp()
	if r.before != nil {
		before := w.match(r.before, min(max(i-r.back, w.floor), i), i)
		if before == nil || !w.areTrue(r.before, before) {
			return i
		}
		lo, end, groups = before[0], w.mark(r.before, before, i, -1), groups+r.before.NumSubexp()
	}
	if groups == 0 {
		return w.add(lo, w.reach("", behind[1], hi), mark{})
	}
	return max(end, w.mark(r.behind, behind, i, hi))
}

// match returns where an expression and its groups match between lo and hi, or nil.
func (w *walker) match(re *regexp.Regexp, lo, hi int) []int {
	const price = 8 // times as long as anything else an expression takes for a byte
	w.f.spend(price*(hi-lo), w.base+max(lo, w.floor))
	// Without the copy, the compiler has to assume that the walker is kept, and allocates
	// it also where there is nothing to find.
	m := re.FindStringSubmatchIndex(strings.Clone(w.s[lo:hi]))
	for k := range m {
		if m[k] >= 0 {
			m[k] += lo
		}
	}
	return m
}

// areTrue tells whether what the groups of a match found is what their names say.
func (w *walker) areTrue(re *regexp.Regexp, m []int) bool {
	for g, name := range re.SubexpNames() {
		if m[2*g] >= 0 && !w.isTrue(name, w.s[m[2*g]:m[2*g+1]]) {
			return false
		}
	}
	return true
}

// mark marks what the groups of a match found of a rule that is tried at i, where no more
// was looked at than until limit, and returns where the last ends, or i.
func (w *walker) mark(re *regexp.Regexp, m []int, i, limit int) int {
	end := i
	for g, name := range re.SubexpNames() {
		if g == 0 || m[2*g] < 0 || name == "name" {
			continue
		}
		lo := m[2*g]
		if name == "pem" || name == "rest" {
			lo = i
		}
		end = max(end, w.add(lo, w.reach(name, m[2*g+1], limit), mark{}))
	}
	return end
}

// reach returns the end of the secret whose end a group found, hi: one that ends where
// no more was looked at goes on as tokens do, and an empty one says what begins there.
func (w *walker) reach(name string, hi, limit int) int {
	switch {
	case name == "key":
		return w.keyLines(hi)
	case name == "pem":
		return w.keyEnd(hi)
	case name == "part":
		return w.partEnd(hi)
	case hi == limit:
		return runEnd(w.s, hi, token68)
	}
	return hi
}

// isTrue tells whether what a group found is what its name says.
func (w *walker) isTrue(name, text string) bool {
	switch name {
	case "name":
		return w.f.anySecret(text)
	case "random", "rest":
		return isRandom(strings.ReplaceAll(text, ".", ""), token68)
	case "likely":
		return looksSecret(text)
	case "said":
		return isSaid(text)
	case "typed":
		return isTyped(text)
	case "option": // and not one that is explained: --password PASSWORD
		return !is(text, common) && !isStandIn(text) && meaningOf(text).level != strong
	case "bearer":
		return looksSecret(text) || len(text) > 3 && !is(text, common)
	case "basic":
		return isBasic(text)
	}
	return true
}
