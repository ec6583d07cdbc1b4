package fleet

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Server listens for a handler on any number of addresses and can show faults
// instead of its answers. It is safe for concurrent use.
type Server struct {
	requests atomic.Int64

	mu        sync.Mutex // guards what follows
	handler   http.Handler
	fault     Fault
	gzip      bool
	addresses []string
	running   *http.Server // nil while down
	closed    bool
	serving   sync.WaitGroup // the goroutines of running
}

// NewServer returns a server that listens nowhere yet and is to be closed;
// [Fleet.Serve] does both.
func NewServer(h http.Handler) *Server { return &Server{handler: h} }

// Listen adds an address, that of a free port of 127.0.0.1, and returns it.
func (s *Server) Listen() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.fault == Down {
		return "", errors.New("the server is down")
	}
	l, err := listen("127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s.addresses = append(s.addresses, l.Addr().String())
	s.serve(l)
	return l.Addr().String(), nil
}

func listen(address string) (net.Listener, error) {
	var c net.ListenConfig
	return c.Listen(context.Background(), "tcp", address)
}

// serve answers on the listener. The caller holds mu.
func (s *Server) serve(l net.Listener) {
	if s.running == nil {
		s.running = &http.Server{
			Handler:           s,
			ReadHeaderTimeout: time.Minute,
			ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		}
	}
	running := s.running
	s.serving.Go(func() { _ = running.Serve(l) }) // it always ends in ErrServerClosed
}

// Address is the first address, host and port. There must be one.
func (s *Server) Address() string { return s.Addresses()[0] }

// Addresses are all addresses, in the order in which they were added.
func (s *Server) Addresses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addresses[:len(s.addresses):len(s.addresses)]
}

// URL is the first address with the path at which client libraries are served by
// custom.
func (s *Server) URL() string { return "http://" + s.Address() + "/-/exceptions" }

// Requests is how many requests have come in.
func (s *Server) Requests() int64 { return s.requests.Load() }

// SetHandler lets another handler answer from now on, such as the process after a
// restart.
func (s *Server) SetHandler(h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler = h
}

// SetGzip lets answers be compressed for clients that accept it.
func (s *Server) SetGzip(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gzip = on
}

// SetFault shows the fault from now on; requests that are being answered go on unless
// it is [Down]. An error means that the server is down and could not come back on its
// addresses, as another program has taken one of them.
func (s *Server) SetFault(f Fault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("the server is closed")
	}
	if f == Down {
		s.fault = f
		return s.stop()
	}
	if s.running == nil {
		if err := s.listenAgain(); err != nil {
			return err
		}
	}
	s.fault = f
	return nil
}

// listenAgain returns to all addresses, or to none. The caller holds mu.
func (s *Server) listenAgain() error {
	var listeners []net.Listener
	for _, address := range s.addresses {
		l, err := listen(address)
		if err != nil {
			for _, l := range listeners {
				err = errors.Join(err, l.Close())
			}
			return fmt.Errorf("listen again: %w", err)
		}
		listeners = append(listeners, l)
	}
	for _, l := range listeners {
		s.serve(l)
	}
	return nil
}

// stop closes listeners and connections. The caller holds mu.
func (s *Server) stop() error {
	if s.running == nil {
		return nil
	}
	err := s.running.Close()
	s.serving.Wait()
	s.running = nil
	return err
}

// Close ends the server for good.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.stop()
}

// ServeHTTP answers with the handler, or shows the fault.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	s.mu.Lock()
	h, fault, compress := s.handler, s.fault, s.gzip
	s.mu.Unlock()
	if compress && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w = &gzipWriter{w}
	}
	fault.serve(w, r, h)
}

// A gzipWriter compresses each write as a whole: what has been written is complete
// even if nothing follows (RFC 1952, 2.2, allows members in a row).
type gzipWriter struct{ http.ResponseWriter }

func (g *gzipWriter) WriteHeader(status int) {
	g.Header().Del("Content-Length")
	g.Header().Set("Content-Encoding", "gzip")
	g.ResponseWriter.WriteHeader(status)
}

func (g *gzipWriter) Write(b []byte) (int, error) {
	g.Header().Del("Content-Length")
	g.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(g.ResponseWriter)
	if _, err := z.Write(b); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Unwrap is for http.ResponseController.
func (g *gzipWriter) Unwrap() http.ResponseWriter { return g.ResponseWriter }

// Balance answers with each of the handlers in turn, as a load balancer in front of
// several processes does.
func Balance(handlers ...http.Handler) http.Handler {
	var turn atomic.Uint64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := turn.Add(1) - 1
		handlers[n%uint64(len(handlers))].ServeHTTP(w, r)
	})
}
