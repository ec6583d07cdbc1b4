package periskop

import "fmt"

const (
	// maxClass is a multiple of what a label has room for, and of the longest names of
	// classes that compilers make.
	maxClass = 1 << 10
	// maxCauses bounds a chain: its indented JSON grows with the square of it. Chains of
	// ten are rare. Of a longer one the first and the last are kept, as the last is the
	// root, and one cause stands for those in between.
	maxCauses  = 200
	lastCauses = 49
	// maxNesting is how deep a chain is followed to find its last causes.
	maxNesting = 1000
)

// A rawException holds the members of one exception.
type rawException struct{ class, message, stacktrace, cause []byte }

func (e *rawException) set(m member, value []byte) {
	switch m {
	case class:
		e.class = value
	case message:
		e.message = value
	case stacktrace:
		e.stacktrace = value
	case cause:
		e.cause = value
	default: // of something else
	}
}

// says reports whether there is anything to read of it beside its cause.
func (e *rawException) says() bool {
	return !isNothing(e.class) || !isNothing(e.message) || !isNothing(e.stacktrace)
}

// A chain is an exception with its causes, as they were sent. When it is limited, its
// memory is bounded, however many those are.
type chain struct {
	limited bool
	// kept holds the outermost ones and then, if it is limited, the last ones in turn.
	kept []rawException
	// n is how many there are.
	n int
}

const (
	firstKept = maxCauses - lastCauses // the exception itself, and what comes before the gap
	lastKept  = lastCauses + 1         // for a chain that just fits
)

// reset empties the chain.
func (c *chain) reset(limited bool) { *c = chain{limited: limited, kept: c.kept[:0]} }

// add takes in one more exception, and returns its number.
func (c *chain) add(e rawException) int {
	i := c.n
	c.n++
	if s := c.slot(i); s < len(c.kept) {
		c.kept[s] = e
	} else {
		c.kept = append(c.kept, e)
	}
	return i
}

// slot returns where an exception is kept.
func (c *chain) slot(i int) int {
	if !c.limited || i < firstKept {
		return i
	}
	return firstKept + (i-firstKept)%lastKept
}

// at returns an exception, or nil if it has made room for later ones.
func (c *chain) at(i int) *rawException {
	if c.limited && i >= firstKept && i < c.n-lastKept {
		return nil
	}
	return &c.kept[c.slot(i)]
}

// read reads an exception with its causes, in one pass over the input however deep they
// nest. A list is taken for a chain of them, and what is neither object nor list for the
// message, as the oldest Go client sends the cause as a string.
func (c *chain) read(d *reader, depth int) error {
	if c.limited && depth > maxNesting {
		c.add(rawException{message: []byte(`"… [further causes ` + cutBy + `]"`)})
		return d.skip()
	}
	switch d.kind() {
	case '{':
		return c.readObject(d, depth)
	case '[':
		return d.eachElement(func() error { return c.read(d, depth+1) })
	}
	v, err := d.value()
	if err == nil && !isNothing(v) && v[0] != 't' {
		c.add(rawException{message: v})
	}
	return err
}

func (c *chain) readObject(d *reader, depth int) error {
	i := c.add(rawException{})
	return d.eachKnown(func(m member) error {
		if m == cause {
			c.n = i + 1 // a member that occurs twice
			return c.read(d, depth+1)
		}
		value, err := d.value()
		if e := c.at(i); e != nil {
			e.set(m, value)
		}
		return err
	})
}

// lengths returns the length of each part that can be cut.
func (c *chain) lengths() []int {
	list := make([]int, 0, 3*len(c.kept)+1)
	for i := range c.kept {
		e := &c.kept[i]
		list = append(list, len(e.class), len(e.message), len(e.stacktrace))
	}
	return list
}

// decode decodes what is kept into first and its causes, and of each text and stack trace
// no more than limit bytes.
func (c *chain) decode(first *Exception, limit int, stacktrace func([]byte, int) []string) {
	classLimit := limit
	if c.limited {
		classLimit = min(limit, maxClass)
	}
	last := first // the last one that says something
	for i, e := 0, first; i < c.n; i++ {
		if i > 0 {
			e.Cause = &Exception{}
			e = e.Cause
		}
		if c.limited && c.n > 1+maxCauses && i == firstKept {
			e.Message = fmt.Sprintf("… [%d causes %s] …", c.n-lastCauses-firstKept, cutBy)
			i = c.n - lastCauses - 1
			continue
		}
		raw := c.at(i)
		e.Class, e.Message = textUpTo(raw.class, classLimit), textUpTo(raw.message, limit)
		if len(raw.stacktrace) > 0 {
			e.Stacktrace = stacktrace(raw.stacktrace, limit)
		}
		if e.Class != "" || e.Message != "" || len(e.Stacktrace) > 0 {
			last = e
		}
	}
	last.Cause = nil
}
