package merge

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A cleaner decodes and redacts occurrences. Stack traces are most of their bytes, and
// those of one key are nearly always equal: each is decoded, redacted and held once. Its
// methods are safe for concurrent use.
type cleaner struct {
	redact func(*periskop.Occurrence)
	text   func(string) string
	// most is how many occurrences are wanted of a key, and size what each may take.
	most, size int
	label      int // how many bytes the value of a label has at most
	seed       maphash.Seed

	mu    sync.Mutex                  // guards the rest
	known map[sentStacktrace][]string // stack traces, decoded and redacted
	held  int                         // bytes in known
}

// A sentStacktrace is the hash of a stack trace as it was sent, and how long it may be.
type sentStacktrace struct {
	hash  uint64
	limit int
}

const (
	// maxHeld bounds the stack traces that are remembered, in bytes: those of some thousand
	// keys. When there are more, all are forgotten.
	maxHeld = 8 << 20
	// stacktraceCost and lineCost are what a stack trace that is remembered and a line of
	// one take beside their text.
	stacktraceCost, lineCost = 100, 16
)

func newCleaner(o *Settings) *cleaner {
	c := &cleaner{
		redact: o.Redact, text: o.RedactText, most: o.OccurrencesPerKey, size: o.OccurrenceSize, label: o.LabelLength,
		seed: maphash.MakeSeed(), known: map[sentStacktrace][]string{},
	}
	if c.redact == nil {
		c.redact = func(*periskop.Occurrence) {}
	}
	if c.text == nil {
		c.text = func(s string) string { return s }
	}
	return c
}

// name redacts what tells things apart, such as the UUID of a process: those that differ
// only in what is replaced stay apart by a hash.
func (c *cleaner) name(s string) string {
	if clean := c.text(s); clean != s {
		return fmt.Sprintf("%s~%016x", clean, hash(s))
	}
	return s
}

// lookedAt is how much of a long key is looked at.
const lookedAt = 4 * maxKey

// longKey returns what is kept of a key that is too long to be kept whole and has secrets, without
// those; else "". They are looked for before it is cut: half a secret looks like none.
func (c *cleaner) longKey(key string) string {
	if len(key) <= maxKey {
		return ""
	}
	key = strings.ToValidUTF8(key, "\ufffd")
	beginning := strings.ToValidUTF8(key[:min(len(key), lookedAt)], "")
	clean := c.text(beginning)
	if clean == beginning {
		return ""
	}
	if len(beginning) < len(key) { // it can end in half a secret itself
		clean = strings.ToValidUTF8(clean[:max(len(clean)-maxKey, 0)], "")
	}
	return endWithHash(clean, key, maxKey)
}

// group redacts the values of group labels, and cuts those that are long.
func (c *cleaner) group(labels periskop.Labels) periskop.Labels {
	for i, l := range labels {
		labels[i].Value = LabelValue(c.text(l.Value), c.label)
	}
	return labels
}

// decode decodes the newest of the occurrences that skip does not report true for, and
// redacts their stack traces, but not the rest.
func (c *cleaner) decode(lists []periskop.RawOccurrences, skip func(uuid string, timestamp time.Time) bool) periskop.Decoded {
	s := periskop.Selection{Skip: skip, Most: c.most, Size: c.size, Stacktrace: c.stacktrace}
	return s.Decode(lists...)
}

// stacktrace returns the lines of a stack trace without secrets. They are not to be
// changed.
func (c *cleaner) stacktrace(raw []byte, limit int) []string {
	sent := sentStacktrace{maphash.Bytes(c.seed, raw), limit}
	c.mu.Lock()
	lines, ok := c.known[sent]
	c.mu.Unlock()
	if ok {
		return lines
	}
	o := periskop.Occurrence{Error: periskop.Exception{Stacktrace: periskop.DecodeStacktrace(raw, limit)}}
	c.redact(&o)
	lines = o.Error.Stacktrace
	cost := stacktraceCost + lineCost*len(lines)
	for _, line := range lines {
		cost += len(line)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held += cost; c.held > maxHeld {
		clear(c.known)
		c.held = cost
	}
	c.known[sent] = lines
	return lines
}

// rest redacts all of an occurrence but its stack traces. What has become longer by it is
// cut to the size again.
func (c *cleaner) rest(o *periskop.Occurrence) {
	var stacktraces [][]string
	for e := &o.Error; e != nil; e = e.Cause {
		stacktraces = append(stacktraces, e.Stacktrace)
		e.Stacktrace = nil
	}
	uuid := o.UUID
	if c.redact(o); o.UUID != uuid {
		o.UUID = c.name(uuid) // two of them are two occurrences
	}
	i := 0
	for e := &o.Error; e != nil; e = e.Cause {
		e.Stacktrace = stacktraces[i]
		i++
	}
	o.Cut(c.size)
}
