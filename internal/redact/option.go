package redact

// option handles the options of a command line, --password value, and of one that is
// printed as a list: '--password', 'value'. A '=' behind the name is found by itself.
func (t *textSearch) option(i int) int {
	s := t.s
	start := i + len("--")
	end := start
	for end < len(s) && (isAlnum(s[end]) || s[end] == '-' || s[end] == '_') {
		end++
	}
	if start == end || !isAlnum(s[start]) || i > 0 && isAlnum(s[i-1]) {
		return end
	}
	lo, ok := optionValue(s, end)
	if !ok || t.f.judge(s[start:end]).level == open {
		return end
	}
	p := place{line: true}
	lo, hi, _ := t.value(lo, p)
	if isCommonWord(s[lo:hi]) || judge(s[lo:hi]).level == strong {
		return end // the option is being explained: --password PASSWORD
	}
	t.add(lo, hi, "")
	return max(hi, end)
}

// optionValue returns where the value of an option begins, if it is not one of those
// without.
func optionValue(s string, end int) (start int, ok bool) {
	start = end
	if start < len(s) && isQuote(s[start]) {
		start++
		if start == len(s) || s[start] != ',' {
			return end, false
		}
		start++
	}
	blanks := start
	start = skipBlanks(s, start)
	if start == len(s) || start == blanks && start == end {
		return end, false
	}
	switch s[start] {
	case '-', '<', '[', '=', ':', '|', ')', '\n', '\r':
		return end, false
	}
	return start, true
}
