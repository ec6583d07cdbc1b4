package periskop

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A Selection says which occurrences of an aggregate are worth having, and how much of
// them. The zero value takes all of all.
type Selection struct {
	// Skip reports true for those that are not wanted, for whatever reason. It is called
	// for every occurrence that has something to read.
	Skip func(uuid string, timestamp time.Time) bool
	// Most is how many are kept, the newest by their timestamps: the others are not
	// decoded. 0 means all.
	Most int
	// Size bounds each occurrence as [Occurrence.Size] has it. What is longer is cut, and
	// says so. 0 means no bound.
	Size int
	// Stacktrace stands in for DecodeStacktrace: stack traces are most of what there is to
	// decode, and nearly always equal. It gets one as it was sent.
	Stacktrace func(raw []byte, limit int) []string
}

// Decoded is what a [Selection] found.
type Decoded struct {
	// Occurrences are in the order in which they stand, and share no memory with what
	// they were read from.
	Occurrences []Occurrence
	// Skipped counts those that there was nothing to read of, and UnreadableTimes those with a
	// timestamp that cannot be read. Err says what is wrong with the first of either.
	Skipped         int
	UnreadableTimes int
	Err             error
}

// Decode decodes occurrences of one aggregate. The lists must be of a [Report], or what
// [EncodeOccurrences] and [PackOccurrences] return.
func (s Selection) Decode(lists ...RawOccurrences) Decoded {
	if s.Stacktrace == nil {
		s.Stacktrace = DecodeStacktrace
	}
	s.Size = min(s.Size, math.MaxInt/16) // there is room to count with it
	c := collector{Selection: s}
	for _, list := range lists {
		c.readAll(list)
	}
	c.decodeKept()
	return c.found
}

// A collector goes through occurrences and keeps the newest, in memory that is bounded by
// how many those are.
type collector struct {
	Selection
	found Decoded
	times times
	// scratch and chain are kept for their memory.
	scratch reader
	chain   chain
	// current is the one that is read.
	current candidate
	kept    []candidate
	// full is set once there are enough, and last is then the oldest of those that count.
	full bool
	last candidate
}

// A candidate is an occurrence that may be among the newest.
type candidate struct {
	raw   rawOccurrence
	uuid  string
	at    time.Time
	index int
}

// compare puts the newest first, and those without a time last.
func (o *candidate) compare(with *candidate) int {
	return cmp.Or(with.at.Compare(o.at), strings.Compare(o.uuid, with.uuid))
}

func (c *collector) readAll(list RawOccurrences) {
	d := newReader(list)
	var err error
	switch d.kind() {
	case '[':
		err = d.eachElement(func() error { return c.element(d, "") })
	case '{': // PHP writes a list with gaps so, and others put one in place of a list of one
		if d.isOne(exception, uuid, timestamp, message, stacktrace) {
			err = c.element(d, "")
			break
		}
		err = d.eachMember(func(name []byte) error { return c.element(d, keyOf(name)) })
	default:
		if !isNothing(list) {
			c.odd("latest_errors is %s, not a list", kindOf(list))
		}
	}
	if err != nil { // the brackets match, so that the report was read, but not what is in them
		c.odd("after occurrence %d: %v", c.current.index, err)
	}
}

// element reads an occurrence, which has the UUID if it names none itself.
func (c *collector) element(d *reader, id string) error {
	c.current = candidate{index: c.current.index + 1}
	kind, start := d.kind(), d.at
	if kind == '{' {
		if err := c.current.raw.read(d); err != nil {
			c.odd("occurrence %d: %v", c.current.index, err)
			d.at = start
			return d.skip()
		}
		c.take(id)
		return nil
	}
	v, err := d.value()
	switch {
	case err != nil:
		return err
	case kind == '"' && !isNothing(v):
		c.current.raw = rawOccurrence{all: v, err: v}
		c.take(id)
	default:
		c.odd("occurrence %d is %s, not an object", c.current.index, kindOf(v))
	}
	return nil
}

func (c *collector) odd(format string, args ...any) {
	c.found.Skipped++
	c.note(format, args...)
}

func (c *collector) note(format string, args ...any) {
	if c.found.Err == nil {
		c.found.Err = fmt.Errorf(format, args...)
	}
}

// take decodes the current occurrence, or remembers it if there may be newer ones.
func (c *collector) take(id string) {
	o := &c.current
	var err error
	o.at, err = c.times.read(o.raw.timestamp)
	o.uuid = o.raw.identity(id)
	if c.Skip != nil && c.Skip(o.uuid, o.at) {
		return
	}
	if err != nil {
		c.found.UnreadableTimes++
		c.note("occurrence %d: timestamp cannot be read: %w", o.index, err)
	}
	switch {
	case c.Most == 0:
		c.decode(o)
		return
	case c.full && o.compare(&c.last) > 0:
		return
	}
	if c.kept = append(c.kept, *o); len(c.kept) >= 2*c.Most {
		c.drop()
	}
}

// drop leaves of those that are kept as many as are wanted.
func (c *collector) drop() {
	slices.SortFunc(c.kept, func(a, b candidate) int { return a.compare(&b) })
	seen := make(map[string]bool, len(c.kept))
	c.kept = slices.DeleteFunc(c.kept, func(o candidate) bool {
		known := seen[o.uuid]
		seen[o.uuid] = true
		return known
	})
	if len(c.kept) >= c.Most {
		c.kept = c.kept[:c.Most]
		c.full, c.last = true, c.kept[c.Most-1]
	}
}

// decodeKept decodes those that are left.
func (c *collector) decodeKept() {
	if len(c.kept) > c.Most {
		c.drop()
	}
	c.found.Occurrences = slices.Grow(c.found.Occurrences, len(c.kept))
	slices.SortFunc(c.kept, func(a, b candidate) int { return cmp.Compare(a.index, b.index) })
	for i := range c.kept {
		c.decode(&c.kept[i])
	}
}

// decode decodes an occurrence, and of each of its texts and stack traces as much as the
// size allows.
func (c *collector) decode(o *candidate) {
	c.found.Occurrences = append(c.found.Occurrences, Occurrence{UUID: o.uuid, Timestamp: o.at, Severity: readSeverity(o.raw.severity)})
	out := &c.found.Occurrences[len(c.found.Occurrences)-1]
	c.readChain(&o.raw)
	limit, instanceLimit := math.MaxInt, math.MaxInt
	if c.Size > 0 {
		limit, instanceLimit = c.Size, maxInstance
		// What fits takes six times as much in JSON if it consists of escapes. Of what does
		// not, no part is to cost more than may be left of it.
		if budget := 8 * c.Size; len(o.raw.all) > budget {
			limit = min(limit, share(append(c.chain.lengths(), len(o.raw.context)), budget))
		}
	}
	out.Instance = textUpTo(o.raw.instance, instanceLimit)
	out.Labels = decodeLabels(o.raw.labels, instanceLimit)
	c.chain.decode(&out.Error, limit, c.Stacktrace)
	out.HTTPContext = decodeHTTPContext(o.raw.context, limit)
	if c.Size > 0 {
		out.Cut(c.Size)
	}
}

// readChain reads the exception with its causes.
func (c *collector) readChain(o *rawOccurrence) {
	c.chain.reset(c.Size > 0)
	from := o.err
	if isNothing(from) {
		if !o.flat.says() {
			return
		}
		c.chain.add(o.flat)
		from = o.flat.cause
	}
	if len(from) > 0 {
		c.scratch.reset(from)
		// No error is possible: all of it was read once as part of a report.
		_ = c.chain.read(&c.scratch, 0)
	}
}
