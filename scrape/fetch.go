package scrape

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

const (
	// maxTrusted is how much memory the mere announcement of a body gets.
	maxTrusted = 1 << 20
	// maxDrained is how much of an answer that nobody wants is read to keep its
	// connection. More costs more than a new connection does.
	maxDrained = 64 << 10
)

// fetch reads the body of the target's answer into a buffer, which is the
// caller's to put back also after a failure, and nil if there was no body. It
// notes in s what it learns on the way.
func (l *loop) fetch(ctx context.Context, s *periskop.Scrape) (*buffer, *failure) {
	ctx, cancel := context.WithTimeout(ctx, s.Target.Timeout)
	defer cancel()
	with := l.service.settings.Load()
	if err := with.client.acquire(); err != nil {
		return nil, &failure{result: periskop.Connection, text: "the HTTP client cannot be set up: " + printable(err.Error(), maxReason)}
	}
	defer with.client.release()
	req, err := l.requestFor(s.Target)
	if err != nil {
		return nil, &failure{result: periskop.Connection, text: "the URL of the target is invalid"}
	}
	l.connected = false
	resp, err := with.client.do(req.WithContext(ctx))
	if err != nil {
		return nil, l.requestFailure(ctx, err, s.Target)
	}
	defer resp.Body.Close()
	s.Date, s.Age = clockOf(resp.Header)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, statusFailure(resp, l.drain(resp))
	}
	return l.read(ctx, s, resp, with.bodySizeLimit)
}

// clockOf returns the target's clock, and how old the answer is if it comes from a cache
// (RFC 9110, 6.6.1, and RFC 9111, 5.1). It returns the zero time when they say nothing, or
// nothing that can be read.
func clockOf(h http.Header) (date time.Time, age time.Duration) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}, 0
	}
	text := h.Get("Age")
	if text == "" {
		return date, 0
	}
	seconds, err := strconv.ParseUint(text, 10, 31) // as large as RFC 9111, 1.2.2, has it
	if err != nil {
		return time.Time{}, 0
	}
	return date, time.Duration(seconds) * time.Second
}

// requestFor returns the request for t, without a context of its own.
func (l *loop) requestFor(t *periskop.Target) (*http.Request, error) {
	if l.of == t {
		return l.request, nil
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, t.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", l.pool.userAgent)
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", strconv.FormatFloat(t.Timeout.Seconds(), 'f', -1, 64))
	l.request, l.of = req, t
	return req, nil
}

func (l *loop) read(ctx context.Context, s *periskop.Scrape, resp *http.Response, limit int64) (*buffer, *failure) {
	body, done, err := l.pool.unpacked(resp)
	if err != nil {
		return nil, bodyFailure(ctx, err, s, limit)
	}
	defer done()
	buf, err := l.pool.buffers.readAll(body, l.sizeHint(resp), limit)
	s.Size = len(buf.bytes)
	if err != nil {
		return buf, bodyFailure(ctx, err, s, limit)
	}
	l.size = s.Size
	return buf, nil
}

// sizeHint guesses the size of a body: what the target sent last time and a bit,
// or what it announces if that is not much.
func (l *loop) sizeHint(resp *http.Response) int {
	if l.size > 0 {
		return l.size + l.size/16
	}
	// One byte more, because the end is found by reading past it.
	return int(min(resp.ContentLength, maxTrusted)) + 1
}

// drain reads so much of an answer that is no report that its connection can be
// kept, and returns the head of it.
func (l *loop) drain(resp *http.Response) []byte {
	var head []byte
	if body, done, err := l.pool.unpacked(resp); err == nil {
		head, _ = io.ReadAll(io.LimitReader(body, 4*maxExcerpt)) // as far as it comes
		done()
	}
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrained)
	return head
}

// decodeReport decodes body. A panic is a bug of ours, but one that a single target
// must not be able to stop this program with: the decoder shares no state, so
// nothing is left half done.
func (p *Pool) decodeReport(body []byte) (r *periskop.Report, fail *failure) {
	defer func() {
		if v := recover(); v != nil {
			r, fail = nil, &failure{
				result: periskop.InvalidPayload,
				text:   fmt.Sprintf("the decoder panicked, which is a bug of periskop_exporter: %v", v),
				stack:  string(debug.Stack()),
			}
		}
	}()
	r, err := p.decode(body)
	if err != nil {
		return nil, &failure{result: periskop.InvalidPayload, text: err.Error()}
	}
	return r, nil
}
