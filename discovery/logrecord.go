package discovery

import (
	"context"
	"log/slog"
	"strings"
)

// A logRecord is a warning or an error that a discoverer has logged.
type logRecord struct {
	level   slog.Level
	message string
	err     string
	attrs   []attr // the others
}

type attr struct{ key, value string }

// key tells records apart. A record with another error is the same one: the text of an
// error may hold a request's number.
func (c logRecord) key() string {
	var b strings.Builder
	b.WriteString(c.message)
	for _, a := range c.attrs {
		b.WriteString("\xff" + a.key + "=" + a.value)
	}
	return b.String()
}

func (c logRecord) value(key string) string {
	for _, a := range c.attrs {
		if a.key == key {
			return a.value
		}
	}
	return ""
}

func (c logRecord) String() string {
	text := c.message
	for i, a := range c.attrs {
		sep := ", "
		if i == 0 {
			sep = " ("
		}
		text += sep + a.key + " " + a.value
	}
	if len(c.attrs) > 0 {
		text += ")"
	}
	if c.err != "" {
		text += ": " + c.err
	}
	return text
}

// A logHandler is the logger of a discoverer. Warnings and errors, which come
// again at each refresh, become log records of the source; the rest passes on.
type logHandler struct {
	source *source
	next   slog.Handler
	attrs  []attr
}

// Enabled implements slog.Handler.
func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn || h.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *logHandler) Handle(ctx context.Context, record slog.Record) error {
	if record.Level < slog.LevelWarn {
		return h.next.Handle(ctx, record)
	}
	c := logRecord{level: record.Level, message: record.Message}
	for _, a := range h.attrs {
		c.add(a.key, a.value)
	}
	record.Attrs(func(a slog.Attr) bool {
		c.add(a.Key, a.Value.Resolve().String())
		return true
	})
	h.source.addRecord(c)
	return nil
}

func (c *logRecord) add(key, value string) {
	if key == "err" || key == "error" {
		c.err = value
		return
	}
	c.attrs = append(c.attrs, attr{key, value})
}

// WithAttrs implements slog.Handler.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	result := &logHandler{source: h.source, next: h.next.WithAttrs(attrs), attrs: append([]attr(nil), h.attrs...)}
	for _, a := range attrs {
		result.attrs = append(result.attrs, attr{a.Key, a.Value.Resolve().String()})
	}
	return result
}

// WithGroup implements slog.Handler. Groups matter to the log only.
func (h *logHandler) WithGroup(name string) slog.Handler {
	return &logHandler{source: h.source, next: h.next.WithGroup(name), attrs: h.attrs}
}
