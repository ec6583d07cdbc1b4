package scrape

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// errTooLarge ends the reading of a body that is larger than its limit.
var errTooLarge = errors.New("body too large")

// An encodingError is about a body that was sent whole but cannot be unpacked.
type encodingError struct{ text string }

func (e *encodingError) Error() string { return e.text }

// A bodyHash tells bodies apart.
type bodyHash struct {
	hash   uint64
	length int
}

// maxPacked is how much of a compressed body is looked at whole before it is unpacked: more
// than a report of a thousand keys has. What is beyond a quarter of freeBytes is held within the limits of
// memory.
const maxPacked = littleBytes

// unpacked returns a reader of the body as it was before compression, and a function to call
// when it is no longer used. The reader's errors are encodingErrors where the body came well
// but is damaged in itself. It returns no reader for a compressed body that has the bytes of the
// last one, which is known; known may be nil. Grow is asked before more is held than a quarter of freeBytes.
func (p *Pool) unpacked(resp *http.Response, k *known, grow func(bytes int) error) (io.Reader, func(), error) {
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
	done := func() {
		g.sent = sentBody{}
		if g.packed.Cap() > freeBytes {
			g.packed = bytes.Buffer{}
		}
		p.gzips.Put(g)
	}
	g.opened = false
	g.sent = sentBody{r: resp.Body}
	if k == nil {
		return g, done, nil
	}
	same, err := g.look(resp.Body, k, grow)
	if err != nil || same {
		done()
		return nil, func() {}, err
	}
	return g, done, nil
}

// look reads the compressed body, if it is not large, and reports whether it is that of the
// last report.
func (g *gzipBody) look(body io.Reader, k *known, grow func(bytes int) error) (same bool, err error) {
	g.packed.Reset()
	if _, err = io.CopyN(&g.packed, body, freeBytes/4); err == nil {
		if err := grow(maxPacked); err != nil {
			return false, err
		}
		g.packed.Grow(maxPacked) // at once, and not twice as much each time
		_, err = io.CopyN(&g.packed, body, maxPacked-freeBytes/4)
	}
	switch {
	case err == nil: // there may be more
		k.packed = bodyHash{}
		g.sent.r = io.MultiReader(bytes.NewReader(g.packed.Bytes()), body)
		return false, nil
	case !errors.Is(err, io.EOF):
		return false, err
	}
	now := bodyHash{hash: maphash.Bytes(bodySeed, g.packed.Bytes()), length: g.packed.Len()}
	same = now == k.packed && k.memory.Same() != nil
	k.packed = now
	g.sent.r = bytes.NewReader(g.packed.Bytes())
	return same, nil
}

// bodySeed is that of the hashes of bodies: nobody else knows it.
var bodySeed = maphash.MakeSeed()

// A gzipBody unpacks a body while it comes.
type gzipBody struct {
	reader gzip.Reader
	sent   sentBody
	packed bytes.Buffer
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
