package periskop

import (
	"bytes"
	"strings"
)

// DecodeStacktrace returns the lines of a stack trace as it was sent: a list of them, of
// which each may be an object, an object of them, or one text. Of one with more than limit bytes
// it returns both ends, with a line between them that says so, at no more cost than that of
// those. The result shares no memory with raw.
func DecodeStacktrace(raw []byte, limit int) []string {
	if isNothing(raw) {
		return nil
	}
	var lines []string
	switch raw[0] {
	case '"':
		lines = textLines(raw, limit)
	case '[':
		lines = listLines(raw, limit)
	case '{':
		lines = objectLines(raw, limit)
	default:
		if line := scalar(raw); line != "" {
			lines = []string{line}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return cutLines(lines, limit)
}

// textLines splits one text into lines.
func textLines(raw []byte, limit int) []string {
	if len(raw)+lineCost*bytes.Count(raw, []byte(`\n`)) <= limit {
		return splitLines(text(raw))
	}
	head, tail := ends(limit)
	first, _ := prefix(raw, head)
	lines := append(splitLines(text(append(raw[:first:first], '"'))), gapLine(0))
	rest := raw[max(first, len(raw)-1-tail):]
	if at := lineBreak(rest); at >= 0 {
		lines = append(lines, splitLines(text(append([]byte{'"'}, rest[at:]...)))...)
	}
	return lines
}

// lineBreak returns where the first line begins in the end of a string in quotes, or -1.
func lineBreak(b []byte) int {
	for at := 0; ; {
		n := bytes.IndexByte(b[at:], 'n')
		if n < 0 {
			return -1
		}
		at += n + 1
		backslashes := 0
		for at-2-backslashes >= 0 && b[at-2-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 1 {
			return at
		}
	}
}

func splitLines(s string) []string {
	lines := strings.Split(strings.TrimRight(s, "\r\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return lines
}

// listLines returns a line for each element or member that says something.
func listLines(raw []byte, limit int) []string {
	// Between two texts there is a comma behind a quotation mark.
	lines := make([]string, 0, min(bytes.Count(raw, []byte(`",`))+1, limit/lineCost))
	add := func(v []byte, longest int) {
		if line := lineOf(v, longest); line != "" || v[0] == '"' {
			lines = append(lines, line)
		}
	}
	total, capped, longest := 0, 0, limit/longestPart
	cost := func(v []byte) int { return min(textSize(v), longest) + lineCost }
	if len(raw) > limit/lineCost { // there may be too many
		eachLine(raw, func(v []byte) {
			n := textSize(v)
			total += n + lineCost
			capped += min(n, longest) + lineCost
		})
	}
	if total <= limit {
		eachLine(raw, func(v []byte) { add(v, limit) })
		return lines
	}
	head, tail := ends(limit)
	at, left := 0, 0
	eachLine(raw, func(v []byte) {
		isHead, isTail := at+cost(v) <= head, capped-at <= tail
		at += cost(v)
		if !isHead && !isTail {
			left++
			return
		}
		if left > 0 {
			lines = append(lines, gapLine(left))
			left = 0
		}
		add(v, longest)
	})
	if left > 0 {
		lines = append(lines, gapLine(left))
	}
	return lines
}

// eachLine calls f for those elements or members that may say something.
func eachLine(raw []byte, f func(v []byte)) {
	eachItem(raw, func(v []byte) {
		if v[0] != 'n' && v[0] != 't' && v[0] != 'f' {
			f(v)
		}
	})
}

// eachItem calls f for the elements of a list, or the values of an object.
func eachItem(raw []byte, f func(v []byte)) {
	d := newReader(raw)
	item := func() error {
		v, err := d.value()
		if err == nil {
			f(v)
		}
		return err
	}
	// No error is possible but what is wrong between two of them.
	if d.kind() == '{' {
		_ = d.eachMember(func([]byte) error { return item() })
		return
	}
	_ = d.eachElement(item)
}

// lineOf returns what an element of a stack trace says.
func lineOf(v []byte, limit int) string {
	switch v[0] {
	case '[': // a frame as a list of what is known of it
		var parts []string
		eachItem(v[:min(len(v), limit)], func(v []byte) {
			if s := scalar(v); s != "" {
				parts = append(parts, s)
			}
		})
		line := strings.Join(parts, " ")
		if len(v) > limit {
			return cutAt(line, limit)
		}
		return line
	case '{':
		if line := readFrame(v, limit).String(); line != "" {
			return cutText(line, limit)
		}
	}
	return textUpTo(v, limit)
}

// objectLines reads an object: one frame, an object around a list of them, or a list
// whose elements have names, as PHP writes one with gaps.
func objectLines(raw []byte, limit int) []string {
	if line := readFrame(raw, limit).String(); line != "" {
		return []string{line}
	}
	var list []byte
	d := newReader(raw)
	_ = d.eachMember(func(quoted []byte) error {
		v, err := d.value()
		var buf [maxPlainName]byte
		switch string(plainName(buf[:0], quoted)) {
		case "frames", "stack", "stacktrace", "backtrace", "traceback", "trace", "lines", "elements":
			if err == nil && v[0] == '[' {
				list = v
			}
		}
		return err
	})
	if list == nil {
		list = raw
	}
	return listLines(list, limit)
}
