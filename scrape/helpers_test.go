package scrape_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	commonconfig "github.com/prometheus/common/config"
	"go.uber.org/goleak"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/scrape"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const emptyReport = `{"target_uuid":"5d9893c6-51d6-11ea-8aad-f894c260afe5","aggregated_errors":[]}`

// testTimeout is how long a test waits for what must come. It says nothing about how
// long it takes.
const testTimeout = 30 * time.Second

// recorder is a Fold that keeps what it gets.
type recorder struct {
	mu      sync.Mutex
	scrapes []*periskop.Scrape
	signal  chan struct{} // one element for every scrape
}

func newRecorder() *recorder { return &recorder{signal: make(chan struct{}, 1<<20)} }

func (r *recorder) fold(s *periskop.Scrape) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scrapes = append(r.scrapes, s)
	r.signal <- struct{}{}
}

func (r *recorder) all() []*periskop.Scrape {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*periskop.Scrape(nil), r.scrapes...)
}

// of returns the scrapes of the target at url.
func (r *recorder) of(url string) []*periskop.Scrape {
	var of []*periskop.Scrape
	for _, s := range r.all() {
		if s.Target.URL == url {
			of = append(of, s)
		}
	}
	return of
}

// forget empties the record.
func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scrapes = nil
}

// waitFor waits until cond holds, which only a scrape can change.
func (r *recorder) waitFor(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(testTimeout)
	for !cond() {
		select {
		case <-r.signal:
		case <-deadline:
			t.Fatalf("waited in vain for %s; %d scrapes so far", what, len(r.all()))
		}
	}
}

// run runs a pool until the test ends or the returned function is called.
func run(t testing.TB, p *scrape.Pool) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: got error %v, want none", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// target returns a target of the service "shop" that is scraped at once and often.
func target(url string) *periskop.Target {
	return &periskop.Target{
		Service:  "shop",
		Instance: strings.TrimPrefix(url, "http://"),
		URL:      url,
		Interval: 20 * time.Millisecond,
		Timeout:  10 * time.Second,
	}
}

func targetsOf(service string, targets ...*periskop.Target) []periskop.ServiceTargets {
	return []periskop.ServiceTargets{{Service: service, Targets: targets}}
}

func shop() scrape.Service {
	return scrape.Service{Name: "shop", HTTPClient: commonconfig.DefaultHTTPClientConfig}
}

// scrapeOnce returns the first scrape of tgt.
func scrapeOnce(t *testing.T, o scrape.Options, s scrape.Service, tgt *periskop.Target) *periskop.Scrape {
	t.Helper()
	r := newRecorder()
	o.Begin = collect(r.fold)
	p := scrape.New(o)
	p.Apply([]scrape.Service{s})
	p.SetTargets(targetsOf(s.Name, tgt))
	stop := run(t, p)
	r.waitFor(t, "the first scrape", func() bool { return len(r.all()) > 0 })
	stop()
	return r.all()[0]
}

// serve starts an HTTP server on a free port and returns its URL.
func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}

// reporting answers every request with body.
func reporting(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

// serveRaw starts a server that reads the head of one request per connection, lets
// answer do what it wants and closes. It returns the URL.
func serveRaw(t testing.TB, answer func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = conn.Close() }()
				if readHead(conn) == nil {
					answer(conn)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		wg.Wait()
	})
	return "http://" + listener.Addr().String()
}

// readHead reads a request up to its empty line.
func readHead(conn net.Conn) error {
	var head []byte
	b := make([]byte, 4096)
	for !strings.Contains(string(head), "\r\n\r\n") {
		n, err := conn.Read(b)
		if err != nil {
			return err
		}
		head = append(head, b[:n]...)
	}
	return nil
}

func payload(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lines is a log that tests can read.
type lines struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.TrimSuffix(l.buf.String(), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func (l *lines) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// network is an in-memory network for synctest bubbles, where the real one does
// not count as idle.
type network struct {
	dialed, open atomic.Int32 // connections ever made, and now open

	mu    sync.Mutex
	hosts map[string]*pipeListener
}

func newNetwork() *network { return &network{hosts: map[string]*pipeListener{}} }

// serve makes h answer at address until the test ends.
func (n *network) serve(t *testing.T, address string, h http.HandlerFunc) {
	l := &pipeListener{address: address, conns: make(chan net.Conn), closed: make(chan struct{})}
	n.mu.Lock()
	n.hosts[address] = l
	n.mu.Unlock()
	server := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
}

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	l := n.hosts[address]
	n.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no such host in this test")}
	}
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		n.dialed.Add(1)
		n.open.Add(1)
		return &countedConn{Conn: ours, closed: sync.OnceFunc(func() { n.open.Add(-1) })}, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type countedConn struct {
	net.Conn
	closed func()
}

func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

type pipeListener struct {
	address string
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr(l.address) }

type pipeAddr string

func (a pipeAddr) Network() string { return "pipe" }
func (a pipeAddr) String() string  { return string(a) }

// A collected answer is passed on whole, as a scrape with all that it tells.
type collected struct {
	generation uint64
	fold       func(*periskop.Scrape)
	aggregates []periskop.Aggregate
}

var generations atomic.Uint64

// collect has every target tell all of it each time.
func collect(fold func(*periskop.Scrape)) func(*periskop.Scrape) scrape.Intake {
	return func(*periskop.Scrape) scrape.Intake { return &collected{generation: generations.Add(1), fold: fold} }
}

func (c *collected) Generation() uint64 { return c.generation }

func (c *collected) Take(a *periskop.Aggregate) {
	kept := *a
	kept.Latest = bytes.Clone(a.Latest)
	c.aggregates = append(c.aggregates, kept)
}

func (c *collected) Fold(s *periskop.Scrape) {
	if s.Report != nil {
		s.Report.Aggregates = append(c.aggregates, s.Report.Aggregates...)
	}
	c.fold(s)
}
