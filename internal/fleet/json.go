package fleet

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// An object is a JSON object whose members have an order. A name without a member is
// left out.
type object struct {
	order   []string
	members map[string]any
}

// An appender is the writer that ends in a byte slice.
type appender []byte

func (a *appender) Write(b []byte) (int, error) {
	*a = append(*a, b...)
	return len(b), nil
}

// appendValue writes v as the client library does. What is already written is of type
// []byte.
func (c *Client) appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case []byte:
		return append(b, v...)
	case string:
		return c.appendString(b, v)
	case uint64:
		return strconv.AppendUint(b, v, 10)
	case time.Time:
		return c.appendString(b, v.Format(c.layout))
	case []string:
		return appendList(c, b, v)
	case [][]byte:
		return appendList(c, b, v)
	case object:
		return c.appendObject(b, v)
	default:
		panic(fmt.Sprintf("fleet: no JSON for %T", v))
	}
}

func appendList[T any](c *Client, b []byte, list []T) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(append(b, ','), c.space...)
		}
		b = c.appendValue(b, v)
	}
	return append(b, ']')
}

func (c *Client) appendObject(b []byte, o object) []byte {
	b = append(b, '{')
	first := true
	for _, name := range o.order {
		v, ok := o.members[name]
		if !ok {
			continue
		}
		if !first {
			b = append(append(b, ','), c.space...)
		}
		first = false
		b = c.appendString(b, name)
		b = append(append(b, ':'), c.space...)
		b = c.appendValue(b, v)
	}
	return append(b, '}')
}

func (c *Client) appendString(b []byte, s string) []byte {
	quoted := quote(s, c.escapesHTML)
	if c.escape == "" {
		return append(b, quoted...)
	}
	for _, r := range string(quoted) {
		switch {
		case r < utf8.RuneSelf:
			b = append(b, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, c.escape+c.escape, high, low)
		default:
			b = fmt.Appendf(b, c.escape, r)
		}
	}
	return b
}
