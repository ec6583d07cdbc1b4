package export

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"time"

	commonconfig "github.com/prometheus/common/config"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
)

// Settings are what a reload can change. What they point to is not changed any more.
type Settings struct {
	// URL is where records are sent: for HTTP the whole address, for gRPC its scheme and host. Nil
	// exports nothing.
	URL *url.URL
	// GRPC is set for gRPC in place of HTTP.
	GRPC bool
	// Headers are sent with each request.
	Headers map[string]string
	// HTTPClient says how requests are made and authenticate, by gRPC as well.
	HTTPClient commonconfig.HTTPClientConfig
	// Compress makes requests be compressed with gzip.
	Compress bool
	// Timeout is that of a request.
	Timeout time.Duration
	// QueueSize is how many bytes the queue has at most, and QueueAge how long anything waits
	// in it.
	QueueSize int64
	QueueAge  time.Duration
}

// A client sends records over one protocol. One goroutine uses it.
type client interface {
	// send sends the records of entries, and says what came of it.
	send(ctx context.Context, entries []entry) outcome
	close()
}

// newClient makes the client that the settings ask for.
func (s *Settings) newClient(userAgent string) (client, error) {
	headers := maps.Clone(s.Headers)
	if headers == nil {
		headers = map[string]string{}
	}
	headers["User-Agent"] = userAgent
	if s.GRPC {
		return newGRPCClient(s, headers)
	}
	return newHTTPClient(s, headers)
}

// An outcome is what came of a request.
type outcome struct {
	kind outcomeKind
	// rejected is how many of the records that were taken were refused all the same.
	rejected int
	// late is set when there was no answer in time. What was sent may have been taken all the same, so
	// that the same again, for ever, would be there many times.
	late bool
	// after is how long to wait, if the other side said so.
	after time.Duration
	// err says why, without secrets; nil if all is well.
	err error
}

// An outcomeKind is how a request ended, and so what is to be done next.
type outcomeKind int

const (
	// taken is that the request was taken, though not always all that is in it.
	taken outcomeKind = iota
	// again is that the same is to be sent later.
	again
	// smaller is that less is to be sent at a time.
	smaller
	// tooMuch is that less is to be sent at a time, or later: gRPC has one code for a message that is too large
	// and for a limit of what may come.
	tooMuch
	// refused is that something in the request is no good.
	refused
)

// kindOfStatus classifies the answer to a request, by its status, as the specification of OTLP says; see
// https://opentelemetry.io/docs/specs/otlp/#failures. What only a person can mend, such as wrong
// credentials, is tried again as well: the queue is there for that.
func kindOfStatus(status int) outcomeKind {
	switch {
	case status/100 == 2:
		return taken
	case status == 413:
		return smaller
	case status == 400, status == 411, status == 415, status == 422, status == 431:
		return refused
	}
	return again
}

// maxPause bounds for how long the other side can ask to be left alone.
const maxPause = 10 * time.Minute

// peeled returns the error without the URL, and without secrets: whoever is asked for a token may answer
// with what it was sent.
func peeled(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return errors.New(redact.Hide(err.Error()))
}

// quoted returns an error with the beginning of what was answered, without secrets.
func quoted(status, body string) error {
	const most = 300 // of an answer
	if body == "" {
		return errors.New(status)
	}
	return fmt.Errorf("%s: %q", status, cut(redact.Hide(body), most))
}
