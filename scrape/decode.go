package scrape

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// An Intake takes in an answer while it arrives. It is used by one loop at a time.
type Intake interface {
	// Generation changes when all of a target is to be told again, and not only what has
	// changed since its last answer.
	Generation() uint64
	// Take takes in an aggregate, whose occurrences are valid until it returns.
	Take(*periskop.Aggregate)
	// Fold takes in how the scrape ended, with a report without the aggregates that were
	// taken.
	Fold(*periskop.Scrape)
}

// rereadInterval is how often all of a target is told again: what is told only once would
// seem to be gone.
const rereadInterval = 15 * time.Minute

// A known is what a loop remembers of the last answer. It belongs to the loop's goroutine.
type known struct {
	memory     periskop.Memory
	generation uint64
	// packed is the compressed body, by its hash.
	packed bodyHash
	size   int // of the body
	reread time.Time
}

// begin forgets what is known if all of the target is to be told again.
func (k *known) begin(generation uint64, now time.Time) {
	if k.generation != generation || now.Sub(k.reread) >= rereadInterval {
		k.forget()
		k.generation, k.reread = generation, now
	}
}

func (k *known) forget() {
	k.memory.Forget()
	k.packed = bodyHash{}
}

// streams are kept for reuse.
type streams struct{ pool sync.Pool }

func (s *streams) get() *periskop.Stream {
	if stream, ok := s.pool.Get().(*periskop.Stream); ok {
		return stream
	}
	return &periskop.Stream{}
}

func (s *streams) put(stream *periskop.Stream) {
	stream.Take, stream.Grow = nil, nil
	stream.Shrink()
	s.pool.Put(stream)
}

// decode reads the report from the body while that arrives. A panic is a bug of ours, but one
// that a single target must not be able to stop this program with.
func (l *loop) decode(ctx context.Context, s *periskop.Scrape, body *sentBody, limit int64, take func(*periskop.Aggregate)) (fail *failure) {
	stream := l.pool.streams.get()
	stream.Take, stream.Grow, stream.Most = take, l.memory.grow, int(limit)
	defer func() {
		if v := recover(); v != nil {
			l.known.forget()
			fail = newBug("the answer could not be read", v)
			return
		}
		l.pool.streams.put(stream)
	}()
	report, err := stream.Decode(body, &l.known.memory)
	s.Size = stream.Size()
	switch {
	case isMemoryError(ctx, err):
		return memoryFailure(ctx, err, s.Target)
	case body.err != nil && !errors.Is(body.err, io.EOF):
		return bodyFailure(ctx, body.err, s, limit)
	case err != nil:
		return &failure{result: periskop.InvalidPayload, text: err.Error()}
	}
	s.Report, l.known.size = report, s.Size
	return nil
}

// A limitedBody ends with errTooLarge when there is more of it than the limit.
type limitedBody struct {
	r    io.Reader
	left int64 // one more than what may come
}

// limited bounds a body; a limit of 0 is none.
func limited(r io.Reader, limit int64) io.Reader {
	if limit <= 0 {
		return r
	}
	return &limitedBody{r: r, left: limit + 1}
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left == 0 {
		return n, errTooLarge
	}
	return n, err
}
