package scrape

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A failure is why a scrape has no report, in one sentence for the operator. It
// keeps nothing but text: failures live as long as their target is down, and an
// error of the network stack can hold certificates and whole answers.
type failure struct {
	result periskop.Result
	text   string
	// excerpt is from the body, which may hold personal data: it is shown, but
	// not logged.
	excerpt string
	// stack is set when we panicked.
	stack string
}

// newBug returns the failure of a scrape that panicked with v. It is called while that is
// recovered.
func newBug(what string, v any) *failure {
	return &failure{
		result: periskop.InvalidPayload,
		text:   fmt.Sprintf("%s, which is a bug of periskop_exporter: panic: %v", what, v),
		stack:  string(debug.Stack()),
	}
}

func (f *failure) Error() string {
	if f.excerpt == "" {
		return f.text
	}
	return f.text + ": " + f.excerpt
}

// LogValue leaves out what the target sent.
func (f *failure) LogValue() slog.Value { return slog.StringValue(f.text) }

const (
	maxExcerpt = 120 // bytes of what a target sent: one line on a page
	maxReason  = 300 // bytes of an error of the network stack, which can quote the target
)

// requestFailure says why there is no answer.
func (l *loop) requestFailure(ctx context.Context, err error, t *periskop.Target) *failure {
	var token *tokenError
	switch {
	case errors.Is(err, errRedirectLoop), errors.Is(err, errTooManyRedirects):
		return &failure{result: periskop.HTTPStatus, text: peel(err).Error()}
	case errors.As(err, &token):
		return tokenFailure(ctx, token.err, t)
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && l.connected:
		return &failure{result: periskop.Timeout, text: fmt.Sprintf("connected, but no answer within %s", t.Timeout)}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &failure{result: periskop.Timeout, text: fmt.Sprintf("no connection within %s", t.Timeout)}
	}
	return &failure{result: resultOf(err), text: explain(err)}
}

func tokenFailure(ctx context.Context, err error, t *periskop.Target) *failure {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &failure{result: periskop.Timeout, text: fmt.Sprintf("no token from the OAuth2 token server within %s", t.Timeout)}
	}
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response != nil {
		// Its text quotes the server's answer, which may quote our secret.
		return &failure{result: periskop.Connection, text: "the OAuth2 token server answered " + statusText(refused.Response.StatusCode)}
	}
	return &failure{result: resultOf(err), text: "no token from the OAuth2 token server: " + explain(err)}
}

// bodyFailure says why the body of an answer could not be read.
func bodyFailure(ctx context.Context, err error, s *periskop.Scrape, limit int64) *failure {
	var encoding *encodingError
	switch {
	case errors.Is(err, errTooLarge):
		return &failure{result: periskop.TooLarge, text: fmt.Sprintf("the body is larger than the limit of %d bytes", limit)}
	case errors.As(err, &encoding):
		return &failure{result: periskop.InvalidPayload, text: encoding.text}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &failure{result: periskop.Timeout, text: fmt.Sprintf("the body was not complete within %s, only %d bytes had come", s.Target.Timeout, s.Size)}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &failure{result: periskop.Connection, text: fmt.Sprintf("the body was cut off after %d bytes", s.Size)}
	}
	return &failure{result: resultOf(err), text: fmt.Sprintf("reading ended after %d bytes of the body: %s", s.Size, explain(err))}
}

// resultOf tells the timeouts that are not the scrape's own, such as that of a
// DNS server, from other troubles of the network.
func resultOf(err error) periskop.Result {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return periskop.Timeout
	}
	return periskop.Connection
}

// explain says in one sentence what went wrong on the network, without the URL,
// which the reader has, and without what only a programmer understands.
func explain(err error) string {
	err = peel(err)
	var (
		dns  *net.DNSError
		op   *net.OpError
		cert *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		return "the target speaks HTTP, but the scheme is https"
	case errors.Is(err, io.EOF):
		return "the target closed the connection without an answer"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the target closed the connection in the middle of its answer"
	case errors.As(err, &cert):
		return "TLS: " + printable(cert.Err.Error(), maxReason)
	case errors.As(err, &dns):
		return fmt.Sprintf("cannot resolve %s: %s", dns.Name, dns.Err)
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "proxy: " + explain(op.Err)
	case errors.As(err, &op) && op.Op == "dial" && op.Addr != nil:
		return fmt.Sprintf("cannot connect to %s: %s", op.Addr, reason(op.Err))
	case errors.As(err, &op) && op.Op == "remote error":
		return "TLS: refused by the target: " + strings.TrimPrefix(reason(op.Err), "tls: ")
	case errors.As(err, &op):
		return "the connection broke: " + reason(op.Err)
	}
	return rephrase(err.Error())
}

// rephrase makes sense of errors that net/http gives no type to. Nothing but the
// wording depends on it.
func rephrase(text string) string {
	if text == "http2: client conn could not be established" {
		// From TLS 1.3 on a client learns only after the handshake that it is not
		// welcome, and HTTP/2 does not pass on why.
		return "the target broke off the TLS connection, as one does that wants a client certificate"
	}
	text = strings.TrimPrefix(text, "net/http: HTTP/1.x transport connection broken: ")
	return printable(text, maxReason)
}

// peel removes what the HTTP client wraps around its errors: method and URL.
func peel(err error) error {
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return err
}

// reason is what the operating system says, if it is that which failed.
func reason(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return printable(err.Error(), maxReason)
}

// statusFailure says that the target answered, but with no report. The head of
// the body is shown where it can help.
func statusFailure(resp *http.Response, head []byte) *failure {
	f := &failure{
		result:  periskop.HTTPStatus,
		text:    "the target answered " + statusText(resp.StatusCode),
		excerpt: firstLine(resp.StatusCode, head),
	}
	if resp.StatusCode/100 == 3 && resp.Header.Get("Location") != "" {
		f.text += ", and redirects are not followed"
	}
	return f
}

func statusText(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}

// firstLine is the first line of an answer, if it is plain text. Answers about
// missing or wrong credentials are left out: they may repeat them.
func firstLine(status int, body []byte) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return ""
	}
	text := strings.TrimSpace(string(body))
	if strings.HasPrefix(text, "<") || strings.ContainsRune(text, 0) {
		return ""
	}
	line, _, _ := strings.Cut(text, "\n")
	return printable(line, maxExcerpt)
}

// printable cuts s after at most limit bytes and replaces what is no text.
func printable(s string, limit int) string {
	s = redact.Hide(s)
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, strings.TrimSpace(s))
	if len(s) <= limit {
		return s
	}
	cut := limit
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
