package discovery

import (
	"context"
	"log/slog"
	"strings"
)

// A complaint is a warning or an error that a discoverer has logged.
type complaint struct {
	level   slog.Level
	message string
	err     string
	attrs   []attr // the others
}

type attr struct{ key, value string }

// key tells complaints apart; one that comes again with another error, whose text may
// hold a request's number, is the same.
func (c complaint) key() string {
	var b strings.Builder
	b.WriteString(c.message)
	for _, a := range c.attrs {
		b.WriteString("\xff" + a.key + "=" + a.value)
	}
	return b.String()
}

func (c complaint) value(key string) string {
	for _, a := range c.attrs {
		if a.key == key {
			return a.value
		}
	}
	return ""
}

func (c complaint) String() string {
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

// A complaintHandler is the logger of a discoverer. Warnings and errors, which come
// again at each refresh, become complaints; the rest passes on.
type complaintHandler struct {
	source *source
	next   slog.Handler
	attrs  []attr
}

// Enabled implements slog.Handler.
func (h *complaintHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn || h.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *complaintHandler) Handle(ctx context.Context, record slog.Record) error {
	if record.Level < slog.LevelWarn {
		return h.next.Handle(ctx, record)
	}
	c := complaint{level: record.Level, message: record.Message}
	for _, a := range h.attrs {
		c.add(a.key, a.value)
	}
	record.Attrs(func(a slog.Attr) bool {
		c.add(a.Key, a.Value.Resolve().String())
		return true
	})
	h.source.complain(c)
	return nil
}

func (c *complaint) add(key, value string) {
	if key == "err" || key == "error" {
		c.err = value
		return
	}
	c.attrs = append(c.attrs, attr{key, value})
}

// WithAttrs implements slog.Handler.
func (h *complaintHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	result := &complaintHandler{source: h.source, next: h.next.WithAttrs(attrs), attrs: append([]attr(nil), h.attrs...)}
	for _, a := range attrs {
		result.attrs = append(result.attrs, attr{a.Key, a.Value.Resolve().String()})
	}
	return result
}

// WithGroup implements slog.Handler. Groups matter to the log only.
func (h *complaintHandler) WithGroup(name string) slog.Handler {
	return &complaintHandler{source: h.source, next: h.next.WithGroup(name), attrs: h.attrs}
}
