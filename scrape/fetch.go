package scrape

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// maxDrained is how much of an answer that nobody wants is read to keep its connection. More
// costs more than a new connection does.
const maxDrained = 64 << 10

// fetch reads the target's answer, and notes in s what it learns. It returns what took the
// answer in, as soon as there is one.
func (l *loop) fetch(ctx context.Context, s *periskop.Scrape) (Intake, *failure) {
	ctx, cancel := context.WithTimeout(ctx, s.Target.Timeout)
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	l.memory = memoryUse{ctx: ctx, giveUp: giveUp, ahead: l.pool.limits}
	with := l.service.Load().settings.Load()
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
	intake := l.pool.begin(s)
	l.known.begin(intake.Generation(), s.Start)
	return intake, l.read(ctx, s, resp, with.bodySizeLimit, intake.Take)
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

func (l *loop) read(ctx context.Context, s *periskop.Scrape, resp *http.Response, limit int64, take func(*periskop.Aggregate)) *failure {
	body, done, err := l.pool.unpacked(resp, &l.known, l.memory.grow)
	switch {
	case isMemoryError(ctx, err):
		return memoryFailure(ctx, err, s.Target)
	case err != nil:
		return bodyFailure(ctx, err, s, limit)
	}
	defer done()
	if body == nil { // the same bytes as last time
		s.Report, s.Size = l.known.memory.Same(), l.known.size
		return nil
	}
	return l.decode(ctx, s, &sentBody{r: limited(body, limit)}, limit, take)
}

// drain reads so much of an answer that is no report that its connection can be
// kept, and returns the head of it.
func (l *loop) drain(resp *http.Response) []byte {
	var head []byte
	if body, done, err := l.pool.unpacked(resp, nil, nil); err == nil {
		head, _ = io.ReadAll(io.LimitReader(body, 4*maxExcerpt)) // as far as it comes
		done()
	}
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrained)
	return head
}
