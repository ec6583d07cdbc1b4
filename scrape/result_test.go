package scrape_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/scrape"
)

func TestScrapeResult(t *testing.T) {
	many := payload(t, "go-many-keys.json")
	tests := []struct {
		name    string
		answer  http.HandlerFunc
		limit   int64
		timeout time.Duration
		result  periskop.Result
		err     string
		size    int // -1: any
	}{{
		name:   "a report",
		answer: reporting(many),
		result: periskop.Success,
		size:   len(many),
	}, {
		name: "a report in gzip",
		answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, many)
			_ = z.Close()
		},
		result: periskop.Success,
		size:   len(many),
	}, {
		name: "a report in chunks",
		answer: func(w http.ResponseWriter, _ *http.Request) {
			for part := range strings.SplitAfterSeq(many, "},") {
				_, _ = io.WriteString(w, part)
				_ = http.NewResponseController(w).Flush()
			}
		},
		result: periskop.Success,
		size:   len(many),
	}, {
		name:   "a report as large as the limit",
		answer: reporting(many),
		limit:  int64(len(many)),
		result: periskop.Success,
		size:   len(many),
	}, {
		name:   "a report larger than the limit by one byte",
		answer: reporting(many),
		limit:  int64(len(many)) - 1,
		result: periskop.TooLarge,
		err:    "the body is larger than the limit of 123224 bytes",
		size:   len(many),
	}, {
		name: "no content",
		answer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
		},
		result: periskop.InvalidPayload,
		err:    "the body is empty",
	}, {
		name:   "an empty body",
		answer: func(http.ResponseWriter, *http.Request) {},
		result: periskop.InvalidPayload,
		err:    "the body is empty",
	}, {
		name:   "a page",
		answer: reporting("<!DOCTYPE html><html><body>Welcome to nginx!</body></html>"),
		result: periskop.InvalidPayload,
		err:    "the body is HTML",
		size:   58,
	}, {
		name: "an error page",
		answer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, payload(t, "ruby-too-deep.json"))
		},
		result: periskop.HTTPStatus,
		err:    "the target answered 500 Internal Server Error",
	}, {
		name: "an error in words",
		answer: func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "upstream pool is\x1b[31m empty \nsecond line", http.StatusBadGateway)
		},
		result: periskop.HTTPStatus,
		err:    "the target answered 502 Bad Gateway: upstream pool is·[31m empty",
	}, {
		name: "an error in gzip",
		answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(http.StatusServiceUnavailable)
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, "starting")
			_ = z.Close()
		},
		result: periskop.HTTPStatus,
		err:    "the target answered 503 Service Unavailable: starting",
	}, {
		name: "an error about credentials keeps quiet about them",
		answer: func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "wrong password hunter2", http.StatusUnauthorized)
		},
		result: periskop.HTTPStatus,
		err:    "the target answered 401 Unauthorized",
	}, {
		name: "an unknown status with a long text",
		answer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(599)
			_, _ = io.WriteString(w, strings.Repeat("ö", 300))
		},
		result: periskop.HTTPStatus,
		err:    "the target answered 599: " + strings.Repeat("ö", 60) + "…",
	}, {
		name: "redirects in a loop",
		answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, map[string]string{"/": "/a", "/a": "/"}[r.URL.Path], http.StatusFound)
		},
		result: periskop.HTTPStatus,
		err:    "the target redirects in a loop",
	}, {
		name: "redirects without end",
		answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		},
		result: periskop.HTTPStatus,
		err:    "the target redirects more than 10 times",
	}, {
		name: "a redirect",
		answer: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/there" {
				http.Redirect(w, r, "/there", http.StatusFound)
				return
			}
			reporting(emptyReport)(w, r)
		},
		result: periskop.Success,
		size:   len(emptyReport),
	}, {
		name:    "nothing at all",
		answer:  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		timeout: 100 * time.Millisecond,
		result:  periskop.Timeout,
		err:     "connected, but no answer within 100ms",
	}, {
		name:    "a drop from time to time",
		answer:  drip,
		timeout: 200 * time.Millisecond,
		result:  periskop.Timeout,
		err:     "the body was not complete within 200ms, only ",
		size:    -1,
	}, {
		name: "a status and then nothing",
		answer: func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		timeout: 100 * time.Millisecond,
		result:  periskop.HTTPStatus,
		err:     "the target answered 500 Internal Server Error",
	}, {
		name: "an encoding that nobody asked for",
		answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			_, _ = io.WriteString(w, emptyReport)
		},
		result: periskop.InvalidPayload,
		err:    `the body has the content encoding "br", only gzip was asked for`,
	}, {
		name: "gzip that is none",
		answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, emptyReport)
		},
		result: periskop.InvalidPayload,
		err:    "the body is not the gzip data that it is said to be",
	}, {
		name: "gzip that ends early",
		answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, many)
			_ = z.Flush() // and no end of the stream
		},
		result: periskop.InvalidPayload,
		err:    "the gzip data of the body ends early",
		size:   len(many),
	}, {
		name: "gzip of nothing",
		answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
		},
		result: periskop.InvalidPayload,
		err:    "the body is empty",
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			service := shop()
			service.BodySizeLimit = tt.limit
			tgt := target(serve(t, tt.answer))
			if tt.timeout > 0 {
				tgt.Timeout = tt.timeout
			}
			s := scrapeOnce(t, scrape.Options{}, service, tgt)
			checkResult(t, s, tt.result, tt.err)
			if tt.size >= 0 && s.Size != tt.size {
				t.Errorf("size: got %d, want %d", s.Size, tt.size)
			}
			if s.Duration <= 0 || s.Duration > testTimeout {
				t.Errorf("duration: got %s", s.Duration)
			}
		})
	}
}

// checkResult compares how s ended. The error begins with what is wanted.
func checkResult(t *testing.T, s *periskop.Scrape, result periskop.Result, err string) {
	t.Helper()
	if s.Result != result {
		t.Errorf("result: got %s (%v), want %s", s.Result, s.Err, result)
	}
	if (s.Report != nil) != (result == periskop.Success) {
		t.Errorf("report: got %v with the result %s", s.Report, s.Result)
	}
	if (s.Err == nil) != (err == "") {
		t.Fatalf("error: got %v, want %q", s.Err, err)
	}
	if err == "" {
		return
	}
	got := s.Err.Error()
	if !strings.HasPrefix(got, err) {
		t.Errorf("error: got %q, want %q", got, err)
	}
	if strings.Contains(got, "http://") || strings.Contains(got, "\n") {
		t.Errorf("error: got %q, want no URL and no second line", got)
	}
}

// drip writes a byte every 10 ms until the client goes away.
func drip(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		_, _ = io.WriteString(w, " ")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

func TestScrapeBrokenConnection(t *testing.T) {
	tests := []struct {
		name   string
		answer func(net.Conn)
		err    string
	}{
		{"nothing", func(net.Conn) {}, "the target closed the connection without an answer"},
		{"garbage", says("SSH-2.0-OpenSSH_9.2\r\n"), `malformed HTTP response "SSH-2.0-OpenSSH_9.2"`},
		{"long garbage", says(strings.Repeat("\x00x", 5000) + "\r\n"), "malformed HTTP response"},
		{"half a head", says("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n"), "the target closed the connection in the middle of its answer"},
		{"less than announced", says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"target_uuid\""), "the body was cut off after 14 bytes"},
		{"a chunk too few", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n"), "the body was cut off after 4 bytes"},
		{"a broken chunk", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n"), "reading ended after 0 bytes of the body: invalid byte in chunk length"},
		{"cut in gzip", says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f\x8b\x08"), "the body was cut off after 0 bytes"},
		{"reset", func(c net.Conn) {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
		}, "the connection broke: connection reset by peer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scrapeOnce(t, scrape.Options{}, shop(), target(serveRaw(t, tt.answer)))
			checkResult(t, s, periskop.Connection, tt.err)
			if n := len(s.Err.Error()); n > 400 {
				t.Errorf("error: got %d bytes", n)
			}
		})
	}
}

func says(answer string) func(net.Conn) {
	return func(c net.Conn) { _, _ = io.WriteString(c, answer) }
}

func TestScrapeResetInBody(t *testing.T) {
	url := serveRaw(t, says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"))
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		return &resetConn{Conn: c}, err
	}
	s := scrapeOnce(t, scrape.Options{DialContext: dial}, shop(), target(url))
	checkResult(t, s, periskop.Connection, "reading ended after 1 bytes of the body: the connection broke: connection reset by peer")
}

// A resetConn is reset once something was read from it. A real reset discards what
// was not yet read, so how much that is would be a matter of time.
type resetConn struct {
	net.Conn
	read bool
}

func (c *resetConn) Read(b []byte) (int, error) {
	if c.read {
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	c.read = true
	return c.Conn.Read(b)
}

func TestScrapeNoConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	dialError := func(err error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80}, Err: err}
		}
	}
	tests := []struct {
		name    string
		dial    func(context.Context, string, string) (net.Conn, error)
		timeout time.Duration
		result  periskop.Result
		err     string
	}{{
		name:   "refused",
		result: periskop.Connection,
		err:    "cannot connect to " + address + ": connection refused",
	}, {
		name:   "no such name",
		dial:   dialError(&net.DNSError{Err: "no such host", Name: "shop.invalid", IsNotFound: true}),
		result: periskop.Connection,
		err:    "cannot resolve shop.invalid: no such host",
	}, {
		name:   "the DNS server does not answer",
		dial:   dialError(&net.DNSError{Err: "i/o timeout", Name: "shop.invalid", IsTimeout: true}),
		result: periskop.Timeout,
		err:    "cannot resolve shop.invalid: i/o timeout",
	}, {
		name: "packets go nowhere",
		dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		timeout: 100 * time.Millisecond,
		result:  periskop.Timeout,
		err:     "no connection within 100ms",
	}, {
		name:   "the kernel gives up",
		dial:   dialError(syscall.ETIMEDOUT),
		result: periskop.Timeout,
		err:    "cannot connect to 192.0.2.1:80: connection timed out",
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tgt := target("http://user:hunter2@" + address + "/-/exceptions?token=hunter2")
			if tt.timeout > 0 {
				tgt.Timeout = tt.timeout
			}
			var log lines
			s := scrapeOnce(t, scrape.Options{DialContext: tt.dial, Logger: log.logger(slog.LevelWarn)}, shop(), tgt)
			checkResult(t, s, tt.result, tt.err)
			if strings.Contains(s.Err.Error(), "hunter2") || strings.Contains(log.all()[0], ":hunter2") {
				t.Errorf("a password shows in %q or %q", s.Err, log.all()[0])
			}
		})
	}
}

func TestScrapeInvalidURL(t *testing.T) {
	for _, url := range []string{"http://[::1", "gopher://127.0.0.1/"} {
		s := scrapeOnce(t, scrape.Options{}, shop(), target(url))
		if s.Result != periskop.Connection || s.Err == nil {
			t.Errorf("%s: got %s (%v), want %s", url, s.Result, s.Err, periskop.Connection)
		}
	}
}

func TestScrapeEndlessBody(t *testing.T) {
	const limit = 1 << 20
	var sent atomic.Int64
	block := []byte(strings.Repeat(" ", 64<<10))
	var member bytes.Buffer // of a gzip stream
	z := gzip.NewWriter(&member)
	if _, err := z.Write(block); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	packed := bytes.Repeat(member.Bytes(), 1000)
	stream := func(w io.Writer, block []byte) {
		for sent.Load() < 10<<30 {
			n, err := w.Write(block)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		most   int64 // that fits into buffers on the way
	}{
		{"10 GB", func(w http.ResponseWriter, _ *http.Request) { stream(w, block) }, 64 << 20},
		{"10 GB announced", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(10<<30))
			stream(w, block)
		}, 64 << 20},
		{"a gzip bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			stream(w, packed)
		}, 64 << 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sent.Store(0)
			service := shop()
			service.BodySizeLimit = limit
			s := scrapeOnce(t, scrape.Options{}, service, target(serve(t, tt.answer)))
			checkResult(t, s, periskop.TooLarge, "the body is larger than the limit of 1048576 bytes")
			if s.Size != limit+1 {
				t.Errorf("size: got %d, want %d", s.Size, limit+1)
			}
			if got := sent.Load(); got > tt.most {
				t.Errorf("the target could send %d bytes before it was cut off", got)
			}
		})
	}
}

func TestScrapeDate(t *testing.T) {
	at := time.Date(2026, 11, 22, 18, 54, 3, 0, time.UTC)
	tests := []struct {
		name   string
		header []string // nil: none
		status int
		want   time.Time
	}{
		{"a date", []string{at.Format(http.TimeFormat)}, 200, at},
		{"a date of an error", []string{at.Format(http.TimeFormat)}, 500, at},
		{"no date", nil, 200, time.Time{}},
		{"no valid date", []string{"yesterday"}, 200, time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Date"] = tt.header
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, emptyReport)
			})
			s := scrapeOnce(t, scrape.Options{}, shop(), target(url))
			if diff := cmp.Diff(s.Date, tt.want); diff != "" {
				t.Errorf("date (-got +want):\n%s", diff)
			}
		})
	}
}

func TestScrapeCapturedPayloads(t *testing.T) {
	tests := []struct {
		file   string
		uuid   string
		keys   int
		total  uint64
		result periskop.Result
	}{
		{"go-basic.json", "063fa54d-cd0e-4547-944b-7ac425d96608", 12, 14, periskop.Success},
		{"go-empty.json", "9a0fee3e-2963-49a2-8d02-0333403a16dc", 0, 0, periskop.Success},
		{"go-many-keys.json", "6549d7e7-f0d1-4f07-960f-fefc21e0fba9", 150, 373, periskop.Success},
		{"go-marshal-failure.json", "", 0, 0, periskop.InvalidPayload},
		{"python-basic.json", "310f8fe0-e643-11f1-bbcf-02fc00000001", 10, 12, periskop.Success},
		{"ruby-basic.json", "b8941c8f-168d-402b-b0e6-8e9b6923927c", 12, 14, periskop.Success},
		{"ruby-too-deep.json", "", 0, 0, periskop.InvalidPayload},
		{"scala-basic.json", "0fbe8325-74e9-4152-b276-33280d242611", 12, 14, periskop.Success},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			s := scrapeOnce(t, scrape.Options{}, shop(), target(serve(t, reporting(payload(t, tt.file)))))
			if s.Result != tt.result {
				t.Fatalf("result: got %s (%v), want %s", s.Result, s.Err, tt.result)
			}
			if tt.result != periskop.Success {
				return
			}
			var total uint64
			for _, a := range s.Report.Aggregates {
				total += a.TotalCount
			}
			if s.Report.TargetUUID != tt.uuid || len(s.Report.Aggregates) != tt.keys || total != tt.total {
				t.Errorf("got %s with %d keys and %d exceptions, want %s with %d and %d",
					s.Report.TargetUUID, len(s.Report.Aggregates), total, tt.uuid, tt.keys, tt.total)
			}
		})
	}
}

// panicking fails in one of its methods.
type panicking struct {
	scrape.Intake
	take, fold bool
}

func (p panicking) Take(a *periskop.Aggregate) {
	if p.take {
		panic("index out of range")
	}
	p.Intake.Take(a)
}

func (p panicking) Fold(s *periskop.Scrape) {
	if p.fold && s.Err == nil {
		panic("nil pointer")
	}
	p.Intake.Fold(s)
}

// TestScrapePanics has an answer that we cannot cope with: the target is down, the log has the
// stack, once, and it is scraped again.
func TestScrapePanics(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		panicking  panicking
	}{
		{"while it is read", "the answer could not be read, which is a bug of periskop_exporter: panic: index out of range", panicking{take: true}},
		{"when it is taken in", "the answer could not be taken in, which is a bug of periskop_exporter: panic: nil pointer", panicking{fold: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log lines
			r := newRecorder()
			begin := func(s *periskop.Scrape) scrape.Intake {
				tt.panicking.Intake = collect(r.fold)(s)
				return tt.panicking
			}
			p := scrape.New(scrape.Options{Begin: begin, Logger: log.logger(slog.LevelWarn)})
			p.Apply([]scrape.Service{shop()})
			p.SetTargets(targetsOf("shop", target(serve(t, reporting(`{"aggregated_errors":[{"aggregation_key":"k","total_count":1}]}`)))))
			stop := run(t, p)
			for p.Counts()["shop"][periskop.InvalidPayload] < 3 {
				time.Sleep(time.Millisecond)
			}
			stop()
			if h := p.Health()[0]; h.Last == nil {
				t.Error("nothing is known of the target")
			} else {
				checkResult(t, h.Last, periskop.InvalidPayload, tt.want)
			}
			if got := log.all(); len(got) != 2 || !strings.Contains(got[1], "level=ERROR") || !strings.Contains(got[1], "result_test.go") {
				t.Errorf("log: got %q, want a warning and the stack, once", got)
			}
		})
	}
}
