package periskop

import "strings"

// decodeHTTPContext returns nil where there is nothing of a request. A text is the first
// line of one, or its URL.
func decodeHTTPContext(raw []byte, limit int) *HTTPContext {
	if isNothing(raw) {
		return nil
	}
	if raw[0] == '[' { // around the one that there is
		var first []byte
		eachItem(raw, func(v []byte) {
			if first == nil && v[0] != '[' {
				first = v
			}
		})
		return decodeHTTPContext(first, limit)
	}
	var c HTTPContext
	switch raw[0] {
	case '{':
		d := newReader(raw)
		// No error is possible: raw was read once as part of a report.
		_ = d.eachKnown(func(m member) error {
			v, err := d.value()
			if err == nil {
				c.set(m, v, limit)
			}
			return err
		})
	case '"':
		c.URL = textUpTo(raw, limit)
		if method, url, ok := strings.Cut(c.URL, " "); ok && method != "" && strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
			c.Method = method
			c.URL, _, _ = strings.Cut(url, " HTTP/")
		}
	}
	if c.Method == "" && c.URL == "" && c.Body == "" && len(c.Headers) == 0 {
		return nil
	}
	return &c
}

func (c *HTTPContext) set(m member, v []byte, limit int) {
	switch m {
	case requestMethod:
		c.Method = textUpTo(v, limit)
	case requestURL:
		c.URL = textUpTo(v, limit)
	case requestBody:
		c.Body = textUpTo(v, limit)
	case requestHeaders:
		c.Headers = decodeHeaders(v, limit)
	default: // of something else
	}
}
