package scrape

import (
	"errors"
	"fmt"
	"io"
	"math/bits"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// errTooLarge ends the reading of a body that is larger than its limit.
var errTooLarge = errors.New("body too large")

// An encodingError is about a body that was sent whole but cannot be unpacked.
type encodingError struct{ text string }

func (e *encodingError) Error() string { return e.text }

// A buffer holds a body.
type buffer struct{ bytes []byte }

// buffers are kept for reuse by size, each class twice as large as the one before,
// so that a large one is never spent on a small body. What is not used for a while
// is left to the garbage collector. The zero value is ready.
type buffers struct{ classes [bits.UintSize]sync.Pool }

// minBuffer holds the report of a service without much trouble.
const minBuffer = 16 << 10

// get returns an empty buffer for at least size bytes.
func (b *buffers) get(size int) *buffer {
	class := bits.Len(uint(max(size, minBuffer) - 1))
	if buf, ok := b.classes[class].Get().(*buffer); ok {
		return buf
	}
	return &buffer{make([]byte, 0, 1<<class)}
}

// put takes back a buffer of get, or nil.
func (b *buffers) put(buf *buffer) {
	if buf == nil {
		return
	}
	buf.bytes = buf.bytes[:0]
	b.classes[bits.Len(uint(cap(buf.bytes)-1))].Put(buf)
}

// grow returns a larger buffer with the content of buf, which it takes back.
func (b *buffers) grow(buf *buffer) *buffer {
	larger := b.get(2 * cap(buf.bytes))
	larger.bytes = append(larger.bytes, buf.bytes...)
	b.put(buf)
	return larger
}

// readAll reads r to its end, but never more than limit+1 bytes; a limit of 0 is
// none. The buffer is returned with what was read also when there is an error.
func (b *buffers) readAll(r io.Reader, sizeHint int, limit int64) (*buffer, error) {
	buf := b.get(sizeHint)
	for {
		if len(buf.bytes) == cap(buf.bytes) {
			buf = b.grow(buf)
		}
		room := buf.bytes[len(buf.bytes):cap(buf.bytes)]
		if limit > 0 {
			room = room[:min(int64(len(room)), limit+1-int64(len(buf.bytes)))]
		}
		n, err := r.Read(room)
		buf.bytes = buf.bytes[:len(buf.bytes)+n]
		switch {
		case limit > 0 && int64(len(buf.bytes)) > limit:
			return buf, errTooLarge
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return buf, err
		}
	}
}

// unpacked returns a reader of the body as it was before compression, and a
// function to call when it is no longer used. The reader's errors are
// encodingErrors where the body came well but is damaged in itself.
func (p *Pool) unpacked(resp *http.Response) (io.Reader, func(), error) {
	switch encoding := strings.ToLower(resp.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return resp.Body, func() {}, nil
	case "gzip", "x-gzip": // one and the same, RFC 9110, 8.4.1.3
	default:
		return nil, nil, &encodingError{fmt.Sprintf("the body has the content encoding %q, only gzip was asked for", printable(encoding, maxExcerpt))}
	}
	g, ok := p.gzips.Get().(*gzipBody)
	if !ok {
		g = new(gzipBody)
	}
	g.sent = sentBody{r: resp.Body}
	g.opened = false
	return g, func() {
		g.sent = sentBody{}
		p.gzips.Put(g)
	}, nil
}

// A gzipBody unpacks a body while it comes.
type gzipBody struct {
	reader gzip.Reader
	sent   sentBody
	opened bool
}

func (g *gzipBody) Read(b []byte) (int, error) {
	if !g.opened {
		if err := g.reader.Reset(&g.sent); err != nil {
			return 0, g.explain(err)
		}
		g.opened = true
	}
	n, err := g.reader.Read(b)
	return n, g.explain(err)
}

// explain tells a connection that broke from data that is no gzip.
func (g *gzipBody) explain(err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return err
	case g.sent.err != nil:
		return g.sent.err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &encodingError{"the gzip data of the body ends early"}
	}
	return &encodingError{"the body is not the gzip data that it is said to be"}
}

// A sentBody remembers the error that it ended in.
type sentBody struct {
	r   io.Reader
	err error
}

func (s *sentBody) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
