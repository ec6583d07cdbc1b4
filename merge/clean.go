package merge

import (
	"hash/maphash"
	"sync"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A cleaner decodes and redacts occurrences. Stack traces are most of their bytes, and
// those of one key are nearly always equal: each is decoded, redacted and held once. Its
// methods are safe for concurrent use.
type cleaner struct {
	redact func(*periskop.Occurrence) // nil keeps all
	seed   maphash.Seed

	mu sync.Mutex
	// known holds what stack traces came to, by the hash of what was sent; it is guarded
	// by mu, as is size, which is how many bytes those had.
	known map[uint64][]string
	size  int
}

// maxKnown bounds the stack traces that are remembered, in bytes: those of 10,000 keys.
// When there are more, all are forgotten.
const maxKnown = 32 << 20

func newCleaner(redact func(*periskop.Occurrence)) *cleaner {
	if redact == nil {
		redact = func(*periskop.Occurrence) {}
	}
	return &cleaner{redact: redact, seed: maphash.MakeSeed(), known: map[uint64][]string{}}
}

// stacktrace returns the lines of a stack trace without secrets. They are not to be
// changed.
func (c *cleaner) stacktrace(raw []byte) []string {
	hash := maphash.Bytes(c.seed, raw)
	c.mu.Lock()
	lines, ok := c.known[hash]
	c.mu.Unlock()
	if ok {
		return lines
	}
	o := periskop.Occurrence{Error: periskop.Exception{Stacktrace: periskop.DecodeStacktrace(raw)}}
	c.redact(&o)
	lines = o.Error.Stacktrace
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size += len(raw); c.size > maxKnown {
		clear(c.known)
		c.size = len(raw)
	}
	c.known[hash] = lines
	return lines
}

// rest redacts all of an occurrence but its stack traces.
func (c *cleaner) rest(o *periskop.Occurrence) {
	var stacktraces [][]string
	for e := &o.Error; e != nil; e = e.Cause {
		stacktraces = append(stacktraces, e.Stacktrace)
		e.Stacktrace = nil
	}
	c.redact(o)
	i := 0
	for e := &o.Error; e != nil; e = e.Cause {
		e.Stacktrace = stacktraces[i]
		i++
	}
}
