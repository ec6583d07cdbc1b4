package redact

import "strings"

// looksLikeMultipart tells a body in parts from text that begins with dashes.
func looksLikeMultipart(s string) bool {
	const enough = 4096 // bytes in which the first part has its headers
	head := strings.ToLower(s[:min(len(s), enough)])
	return strings.HasPrefix(head, "--") && strings.Contains(head, "content-disposition:")
}

// multipart searches a multipart/form-data body, which is the whole of the text. The
// boundary is its first line, so it needs no header to tell it.
func (f *finder) multipart(s string) {
	start := skipSpaces(s, 0)
	line := lineEnd(s, start)
	boundary := strings.TrimRight(s[start:line], "\r")
	for i := line; i < len(s) && !f.full; {
		end, next := len(s), len(s)
		if n := strings.Index(s[i:], "\n"+boundary); n >= 0 {
			end = i + n
			next = lineEnd(s, end+1+len(boundary))
		}
		f.part(strings.TrimSuffix(s[i:end], "\r"), i)
		i = next
	}
}

// part searches one part: headers, an empty line, content.
func (f *finder) part(s string, base int) {
	body := len(s)
	for _, empty := range [...]string{"\r\n\r\n", "\n\n"} {
		if i := strings.Index(s, empty); i >= 0 && i+len(empty) < body {
			body = i + len(empty)
		}
	}
	if f.judge(partName(s[:body])).level != open {
		f.add(base+body, base+len(s), "")
		return
	}
	f.search(s[:body], base, true)
	f.nested(s[body:], base+body)
}

// partName returns what the headers of a part say that its name is.
func partName(headers string) string {
	const key = "name="
	for rest := headers; ; {
		before, value, ok := strings.Cut(rest, key)
		if !ok {
			return ""
		}
		rest = value
		if before == "" || !isSpace(before[len(before)-1]) && before[len(before)-1] != ';' {
			continue // filename=
		}
		if value != "" && value[0] == '"' {
			end, _ := quoteEnd(value, 1, '"', 0, true)
			return decodedName(value[1:end])
		}
		end := strings.IndexAny(value, " ;\r\n")
		if end < 0 {
			end = len(value)
		}
		return decodedName(value[:end])
	}
}

func lineEnd(s string, i int) int {
	if i >= len(s) {
		return len(s)
	}
	if n := strings.IndexByte(s[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(s)
}
