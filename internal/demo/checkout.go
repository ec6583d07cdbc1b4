package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"strings"

	periskopgo "github.com/periskop-dev/periskop-go"
)

// checkout is a service of the shop in Go: it takes orders, and is instrumented as a
// program in production would be.
type checkout struct {
	// exceptions is what is scraped: the client library's own handler.
	exceptions http.Handler

	errors periskopgo.ErrorCollector
	site   http.Handler
}

func newCheckout() *checkout {
	c := &checkout{errors: periskopgo.NewErrorCollector()}
	c.exceptions = periskopgo.NewHandler(periskopgo.NewErrorExporter(&c.errors))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", c.reporting(placeOrder))
	mux.HandleFunc("GET /orders/{id}/receipt", c.reporting(showReceipt))
	c.site = c.recovering(mux)
	return c
}

// An order is a request of a customer.
type order struct {
	method, path, body string
}

// send makes a customer's request and waits for its end. The answer is of no interest.
// It has its own goroutine so that stack traces begin as in a server.
func (c *checkout) send(o order) {
	r, err := http.NewRequestWithContext(context.Background(), o.method, "https://checkout.shop.example"+o.path, strings.NewReader(o.body))
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err)) // the addresses are our own
	}
	r.Header.Set("Authorization", "Bearer "+secretBearer)
	r.Header.Set("Cookie", "session="+secretSession)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", firefox)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.site.ServeHTTP(nobody{}, r)
	}()
	<-done
}

// nobody is a client that does not read.
type nobody struct{}

func (nobody) Header() http.Header         { return http.Header{} }
func (nobody) Write(b []byte) (int, error) { return len(b), nil }
func (nobody) WriteHeader(int)             {}

// recovering reports panics. The stack at that time is that of the panic.
func (c *checkout) recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			err, ok := recover().(error)
			if !ok {
				return
			}
			c.errors.ReportWithHTTPRequest(err, r)
			w.WriteHeader(http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// reporting reports the error that a handler returns.
func (c *checkout) reporting(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		// The client library reads the body once more, after a panic too.
		rewind := func() { r.Body = io.NopCloser(bytes.NewReader(body)) }
		defer rewind()
		if err == nil {
			rewind()
			err = handle(w, r)
		}
		if err != nil {
			rewind()
			c.report(err, r)
			w.WriteHeader(http.StatusBadGateway)
		}
	}
}

// report chooses the way in which each kind of error says most.
func (c *checkout) report(err error, r *http.Request) {
	var (
		stock *stockError
		from  *originError
	)
	switch {
	case errors.As(err, &stock):
		c.errors.ReportWithHTTPRequestAndSeverity(err, periskopgo.SeverityWarning, r)
	case errors.Is(err, context.DeadlineExceeded):
		// One key for all, whatever the way to it; links must survive what is in it.
		c.errors.Report(periskopgo.ErrorReport{Err: err, HTTPRequest: r, ErrKey: "card gateway/timeout & retry #3"})
	case errors.As(err, &from):
		instance := periskopgo.NewCustomErrorInstance(err.Error(), reflect.TypeOf(from.err).String(), from.stack())
		instance.Cause = causes(errors.Unwrap(from.err))
		c.errors.ReportErrorWithContext(
			periskopgo.NewErrorWithContext(instance, periskopgo.SeverityError, contextOf(r)), periskopgo.SeverityError, "")
	default:
		c.errors.ReportWithHTTPRequest(err, r)
	}
}

// causes is the chain of wrapped errors.
func causes(err error) *periskopgo.ErrorInstance {
	if err == nil {
		return nil
	}
	e := periskopgo.NewCustomErrorInstance(err.Error(), reflect.TypeOf(err).String(), []string{})
	e.Cause = causes(errors.Unwrap(err))
	return &e
}

func contextOf(r *http.Request) *periskopgo.HTTPContext {
	headers := map[string]string{}
	for name, values := range r.Header {
		headers[name] = strings.Join(values, ", ")
	}
	body, _ := io.ReadAll(r.Body) // from memory
	text := string(body)
	return &periskopgo.HTTPContext{RequestMethod: r.Method, RequestURL: r.URL.String(), RequestHeaders: headers, RequestBody: &text}
}

// An originError knows where it was made, which the client library alone does not: it
// sees the place of the report.
type originError struct {
	err error
	pcs []uintptr
}

func origin(err error) error {
	pcs := make([]uintptr, 64)
	return &originError{err, pcs[:runtime.Callers(2, pcs)]}
}

func (o *originError) Error() string { return o.err.Error() }
func (o *originError) Unwrap() error { return o.err }

func (o *originError) stack() []string {
	var lines []string
	frames := runtime.CallersFrames(o.pcs)
	for {
		f, more := frames.Next()
		lines = append(lines, f.Function, fmt.Sprintf("\t%s:%d", f.File, f.Line))
		if !more {
			return lines
		}
	}
}
