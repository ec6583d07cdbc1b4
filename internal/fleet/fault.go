package fleet

import (
	"net/http"
	"time"
)

// A Fault is what a server shows instead of the answer of its handler.
type Fault string

// The faults.
const (
	NoFault Fault = ""
	// Down refuses connections and closes those that are open.
	Down Fault = "down"
	// Hang takes the request and never answers.
	Hang Fault = "hang"
	// Drip answers one byte at a time, ten bytes a second.
	Drip Fault = "drip"
	// InternalError answers with the status 500.
	InternalError Fault = "internal error"
	// HTML answers with a web page and the status 200, as a login page does.
	HTML Fault = "html"
	// Garbage answers with bytes that are nothing, and the status 200.
	Garbage Fault = "garbage"
	// Empty answers with nothing and the status 200, as the Go client does when it
	// cannot write its report.
	Empty Fault = "empty"
	// CutOff closes the connection in the middle of the body.
	CutOff Fault = "cut off"
	// HalfReport answers with the first half of the body, as if that were all.
	HalfReport Fault = "half report"
	// RedirectLoop redirects to where the request came to.
	RedirectLoop Fault = "redirect loop"
	// Endless answers with a report that never ends.
	Endless Fault = "endless"
)

// Faults lists every fault.
func Faults() []Fault {
	return []Fault{Down, Hang, Drip, InternalError, HTML, Garbage, Empty, CutOff, HalfReport, RedirectLoop, Endless}
}

// serve shows the fault. It leaves [Down] to the server, which then gets no requests.
func (f Fault) serve(w http.ResponseWriter, r *http.Request, h http.Handler) {
	switch f {
	case Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Drip:
		h.ServeHTTP(&dripWriter{w, r}, r)
	case InternalError:
		http.Error(w, "the exceptions could not be exported", http.StatusInternalServerError)
	case HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		write(w, "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>\n")
	case Garbage:
		write(w, "\x16\x03\x01\x00\xa5\xff\xfe\x00{\"aggregated_errors\"")
	case Empty:
		// net/http ends what nothing was written to with the status 200.
	case CutOff:
		h.ServeHTTP(&halfWriter{ResponseWriter: w}, r)
	case HalfReport:
		h.ServeHTTP(&halfWriter{ResponseWriter: w, pretend: true}, r)
	case RedirectLoop:
		http.Redirect(w, r, r.URL.String(), http.StatusFound)
	case Endless:
		serveEndless(w)
	default:
		h.ServeHTTP(w, r)
	}
}

// write sends text to a client that may be gone, which is no concern of a fault.
func write(w http.ResponseWriter, text string) {
	_, _ = w.Write([]byte(text))
}

// serveEndless ends when the client does.
func serveEndless(w http.ResponseWriter) {
	c := Go()
	one := c.appendAggregate(nil, wireAggregate{key: "endless", severity: "error", total: 1, createdAt: time.Unix(0, 0).UTC()})
	one = append(one, ',')
	var some []byte
	for len(some) < 64<<10 { // enough for the cost of a write not to matter
		some = append(some, one...)
	}
	_, err := w.Write([]byte(`{"aggregated_errors":[`))
	for err == nil {
		_, err = w.Write(some)
	}
}

// A dripWriter lets the body out byte by byte.
type dripWriter struct {
	http.ResponseWriter
	r *http.Request
}

func (d *dripWriter) Write(b []byte) (int, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := range b {
		if _, err := d.ResponseWriter.Write(b[i : i+1]); err != nil {
			return i, err
		}
		if err := http.NewResponseController(d.ResponseWriter).Flush(); err != nil {
			return i, err
		}
		select {
		case <-tick.C:
		case <-d.r.Context().Done():
			return i, d.r.Context().Err()
		}
	}
	return len(b), nil
}

// A halfWriter lets out the first half of what is written at first, and then ends the
// answer: by closing the connection, or as if that had been all.
type halfWriter struct {
	http.ResponseWriter
	pretend bool
}

func (h *halfWriter) Write(b []byte) (int, error) {
	if h.pretend {
		h.Header().Del("Content-Length")
	}
	write(h.ResponseWriter, string(b[:len(b)/2]))
	if h.pretend {
		return len(b) / 2, http.ErrContentLength
	}
	_ = http.NewResponseController(h.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}
