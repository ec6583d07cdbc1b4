package limit

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// chunk is how much of an answer is written between two looks at the clock.
const chunk = 64 << 10

// A Pace is how fast a client has to take or send what there is.
type Pace struct {
	// Stall is for how long it may neither take nor send the next 64 kB.
	Stall time.Duration
	// Most is how long all of it may take.
	Most time.Duration
}

// Handler cuts the connections of those that do not keep pace with the answers of next.
// A write of next then fails.
func (p Pace) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&pacedWriter{
			ResponseWriter: w, control: http.NewResponseController(w), pace: p, end: time.Now().Add(p.Most),
		}, r)
	})
}

// A pacedWriter gives each chunk of an answer its time.
type pacedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	pace    Pace
	end     time.Time
}

// Unwrap is for http.ResponseController.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *pacedWriter) Write(b []byte) (int, error) {
	written := 0
	for {
		// Where there is no deadline to set, as in a test, nothing can stall either.
		_ = w.control.SetWriteDeadline(w.pace.next(w.end))
		n, err := w.ResponseWriter.Write(b[:min(chunk, len(b))])
		written += n
		if b = b[n:]; err != nil || len(b) == 0 {
			return written, err
		}
	}
}

// Body returns the body of a request, the reading of which fails when it does not come at
// that pace, and with ErrTooSlow when that is why ctx has ended. The handler has to call Done
// before it returns.
func (p Pace) Body(ctx context.Context, w http.ResponseWriter, r *http.Request) *PacedBody {
	b := &PacedBody{ctx: ctx, body: r.Body, control: http.NewResponseController(w), pace: p, end: time.Now().Add(p.Most)}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		if b.isTooSlow() {
			_ = b.control.SetReadDeadline(time.Now()) // a read that waits ends
		}
	})
	b.done = func() {
		if !stop() {
			<-ended // or the deadline might be that of the next request of the connection
		}
	}
	return b
}

// A PacedBody gives each chunk of a body its time, and not each byte. It is for one goroutine.
type PacedBody struct {
	ctx     context.Context
	body    io.Reader
	control *http.ResponseController
	pace    Pace
	end     time.Time
	left    int // of the chunk
	done    func()
}

// Anew gives the rest of the body as much time as the whole had.
func (b *PacedBody) Anew() { b.end, b.left = time.Now().Add(b.pace.Most), 0 }

// Done is to be called, once, when nothing of the body is read any more.
func (b *PacedBody) Done() { b.done() }

// Read implements [io.Reader].
func (b *PacedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		_ = b.control.SetReadDeadline(b.pace.next(b.end)) // as above
		b.left = chunk
	}
	if b.isTooSlow() { // that deadline may have come before this one
		return 0, ErrTooSlow
	}
	n, err := b.body.Read(p)
	if b.left -= n; err != nil && b.isTooSlow() {
		err = ErrTooSlow
	}
	return n, err
}

func (b *PacedBody) isTooSlow() bool { return errors.Is(context.Cause(b.ctx), ErrTooSlow) }

func (p Pace) next(end time.Time) time.Time {
	if at := time.Now().Add(p.Stall); at.Before(end) {
		return at
	}
	return end
}
