package periskop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// window is how much of a body is held while it is read: well below the cache of a
// processor core, and large enough that most aggregates do not lie across its end.
const window = 192 << 10

// A Stream reads a report while it arrives, and holds no more of it than one aggregate and
// a window. It can be used for one report after another, by one goroutine at a time.
//
// With a [Memory] it passes over what was read before.
type Stream struct {
	// Take receives each aggregate, which is not part of the report then. Its occurrences
	// are valid until Take returns. Those that exporters tell, with an exception_id, are
	// kept in the report all the same, for the processes that come after them.
	Take func(*Aggregate)
	// Grow is asked before more than a window is held: so many bytes in all. Its error ends
	// the reading, and is returned as it is. Nil allows everything.
	Grow func(bytes int) error
	// Most is how long a body can be, 0 for as long as it likes.
	Most int

	src  io.Reader
	err  error // of the source, io.EOF at the end
	base int   // where in the body the window begins
	r    reader
	buf  []byte // what r.body is part of

	report     Report
	kept       int // of its aggregates
	keptBytes  int
	aggregates aggregateReader
	found      bool
}

// Decode reads the body of an answer, as the function of that name does. It returns the
// errors of the source as they are. A body that is broken is an error also when a part of it
// was taken: that is for the caller to forget. Memory may be nil.
func (s *Stream) Decode(src io.Reader, m *Memory) (*Report, error) {
	s.begin(src)
	err := s.decode(m)
	s.src = nil
	if err == nil && !errors.Is(s.err, io.EOF) {
		err = s.err
	}
	var syntax *syntaxError
	switch {
	case err == nil:
		report := s.report
		return &report, nil
	case errors.As(err, &syntax):
		err = &syntaxError{syntax.offset + s.base, syntax.text}
	}
	if s.err != nil && !errors.Is(s.err, io.EOF) {
		err = s.err // what broke is the connection, and not the report
	}
	m.forget()
	return nil, err
}

func (s *Stream) begin(src io.Reader) {
	if s.buf == nil {
		s.buf = make([]byte, window)
	}
	s.src, s.err, s.base, s.found = src, nil, 0, false
	s.report, s.kept, s.keptBytes = Report{}, 0, 0
	s.r = reader{body: s.buf[:0], open: s.r.open}
	s.aggregates = aggregateReader{reader: &s.r, report: &s.report}
}

// Size returns how many bytes were read.
func (s *Stream) Size() int { return s.base + len(s.r.body) }

// Shrink gives up memory that only a large aggregate needed.
func (s *Stream) Shrink() {
	if len(s.buf) > window {
		s.buf = nil
	}
}

func (s *Stream) decode(m *Memory) error {
	if err := s.start(); err != nil {
		return err
	}
	m.begin()
	if err := s.members(m); err != nil {
		return err
	}
	s.kind() // goes to the end of the body
	switch {
	case s.r.at < len(s.r.body):
		return fmt.Errorf("more data after the report, from byte %d on", s.base+s.r.at) // two answers in one
	case !s.found:
		return errors.New("the body is JSON without aggregated_errors, not a Periskop report")
	}
	m.end(&s.report)
	return nil
}

// start goes to the first byte of the report, and says what the body is if it is none.
func (s *Stream) start() error {
	for len(s.r.body) < len("\ufeff") && s.err == nil {
		s.more()
	}
	s.r.at += len(s.r.body) - len(bytes.TrimPrefix(s.r.body, []byte("\ufeff")))
	switch s.kind() {
	case '{':
		return nil
	case 0:
		return errors.New("the body is empty: the client library could not write its report")
	case '<':
		return errors.New("the body is HTML or XML, not a Periskop report")
	}
	for len(s.r.body)-s.r.at < 20 && s.err == nil {
		s.more()
	}
	return fmt.Errorf("the body begins with %q, a Periskop report with {", excerpt(bytes.TrimSpace(s.r.body[s.r.at:])))
}

// kind returns the first byte of the value that comes next, 0 at the end, or if it is that.
func (s *Stream) kind() byte {
	for {
		if k := s.r.kind(); k != 0 || s.r.at < len(s.r.body) || s.err != nil {
			return k
		}
		s.more()
	}
}

// more reads more of the body, at the end of the window, for which it drops what lies before
// the place where the reader is, and makes the window larger if that is not enough.
func (s *Stream) more() {
	if len(s.r.body) == len(s.buf) {
		if s.err = s.advanceWindow(); s.err != nil {
			return
		}
	}
	n, err := s.src.Read(s.buf[len(s.r.body):])
	s.r.body = s.buf[:len(s.r.body)+n]
	s.err = err
}

// advanceWindow drops what was read, and makes the window larger if little of it was.
func (s *Stream) advanceWindow() error {
	rest := s.r.body[s.r.at:]
	buf := s.buf
	if len(rest) > len(buf)/2 {
		size := s.largerWindow()
		if err := s.grow(size); err != nil {
			return err
		}
		buf = make([]byte, size)
	}
	s.r.recent = [6][]byte{} // they lie in what moves
	copy(buf, rest)
	s.buf = buf
	s.base += s.r.at
	s.r.body, s.r.at = s.buf[:len(rest)], 0
	return nil
}

// manyDoubled is from where on a window is not doubled any more, but made as large as what
// can come: while its content moves it is there twice.
const manyDoubled = 8 << 20

// largerWindow returns how large the next window is.
func (s *Stream) largerWindow() int {
	size := 2 * len(s.buf)
	if size > manyDoubled && s.Most > 0 {
		size = max(s.Most+1, len(s.buf)+1) // the byte more finds the end
	}
	return size
}

// grow asks whether a window of that size, and what is kept, may be held.
func (s *Stream) grow(size int) error {
	if s.Grow == nil || size+s.keptBytes <= window {
		return nil
	}
	return s.Grow(size + s.keptBytes)
}

// fill reads until there are n bytes from where the reader is on, or the body ends.
func (s *Stream) fill(n int) {
	for len(s.r.body)-s.r.at < n && s.err == nil {
		s.more()
	}
}

// whole calls f for a value that f reads, again with more of the body as long as that does
// not have all of it. Each time there is twice as much, so that a body that drips costs no
// more than one that comes at once.
func (s *Stream) whole(f func() error) error {
	s.kind()
	for {
		start := s.r.at
		err := f()
		if !s.endsEarly(err) {
			return err
		}
		s.r.at = start
		s.fill(2 * (len(s.r.body) - start))
	}
}

// endsEarly reports whether there can be more of what was read. What ends in a bracket or in
// a quotation mark has ended; a number at the end of the window may go on.
func (s *Stream) endsEarly(err error) bool {
	if s.err != nil {
		return false
	}
	if err == nil {
		last := byte('}')
		if s.r.at > 0 {
			last = s.r.body[s.r.at-1]
		}
		return s.r.at == len(s.r.body) && last != '}' && last != ']' && last != '"'
	}
	var syntax *syntaxError
	return errors.As(err, &syntax) && syntax.offset >= len(s.r.body)
}

// value reads a value, which is valid until more is read.
func (s *Stream) value() (v []byte, err error) {
	err = s.whole(func() error {
		v, err = s.r.value()
		return err
	})
	return v, err
}

func (s *Stream) members(m *Memory) error {
	var seen memberSet
	return s.each('{', '}', func() error {
		if s.kind() != '"' {
			return s.r.unexpected("a member's name")
		}
		name, err := s.value()
		if err != nil {
			return err
		}
		known, exact := memberOf(name)
		if s.kind() != ':' {
			return s.r.unexpected("a colon")
		}
		s.r.at++
		if !seen.takes(known, exact, s.kind() == 'n') {
			known = unknownMember
		}
		return s.member(known, m)
	})
}

func (s *Stream) member(known member, m *Memory) error {
	kind := s.kind()
	switch {
	case known == targetUUID:
		return s.report.readUUID(s.value())
	case known == aggregatedErrors && kind == '[':
		if s.found {
			return errors.New("aggregated_errors occurs twice")
		}
		s.found = true
		return s.each('[', ']', func() error { return s.aggregate(m) })
	case known == aggregatedErrors:
		return s.oddAggregates()
	case known == processes && kind == '[':
		s.report.Processes = []Process{}
		return s.each('[', ']', func() error {
			v, err := s.value()
			if err == nil {
				s.report.addProcess(v)
			}
			return err
		})
	}
	_, err := s.value()
	return err
}

// oddAggregates reads aggregates that are no list.
func (s *Stream) oddAggregates() error {
	if s.found {
		return errors.New("aggregated_errors occurs twice")
	}
	s.found = true
	v, err := s.value()
	if err != nil {
		return err
	}
	odd := aggregateReader{reader: newReader(v), report: &s.report, base: s.base + s.r.at - len(v)}
	if err := odd.readAll(); err != nil {
		var syntax *syntaxError
		if errors.As(err, &syntax) {
			err = &syntaxError{syntax.offset + odd.base - s.base, syntax.text} // the base is added to all
		}
		return err
	}
	s.takeAll()
	return nil
}

// each is what it is for a reader.
func (s *Stream) each(first, last byte, f func() error) error {
	if s.kind() != first {
		return s.r.unexpected(string(first))
	}
	s.r.at++
	for n := 0; ; n++ {
		switch k := s.kind(); {
		case k == last: // after the first bracket, or after a comma too many, as templates write
			s.r.at++
			return nil
		case n > 0 && k == 0:
			return s.r.unexpected("")
		}
		if err := f(); err != nil {
			return err
		}
		switch s.kind() {
		case ',':
			s.r.at++
		case last:
			s.r.at++
			return nil
		default:
			return s.r.unexpected("a comma or " + string(last))
		}
	}
}

// aggregate reads one, or passes over it.
func (s *Stream) aggregate(m *Memory) error {
	s.kind()
	if s.passOver(m) {
		s.report.Unchanged++
		s.aggregates.index++
		return nil
	}
	var start int
	before, index := s.report, s.aggregates.index
	err := s.whole(func() error {
		s.report, s.aggregates.index = before, index // another attempt
		s.aggregates.base, start = s.base, s.r.at
		return s.aggregates.element("")
	})
	if err != nil {
		return err
	}
	m.note(s.r.body[start:s.r.at], &s.report, len(before.Aggregates))
	s.takeAll()
	return nil
}

// takeAll hands over the new aggregates that are not to stay in the report.
func (s *Stream) takeAll() {
	added := s.report.Aggregates[s.kept:]
	s.report.Aggregates = s.report.Aggregates[:s.kept]
	for i := range added {
		a := added[i]
		if s.Take != nil && a.ID == 0 {
			s.Take(&a)
			continue
		}
		a.Latest = bytes.Clone(a.Latest)
		s.report.Aggregates = append(s.report.Aggregates, a)
		s.keptBytes += len(a.Latest) + len(a.Key)
	}
	if err := s.grow(len(s.buf)); err != nil {
		s.err = err
	}
	s.kept = len(s.report.Aggregates)
}
