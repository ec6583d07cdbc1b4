package limit_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/periskop-exporter/periskop_exporter/internal/limit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A crowd asks one handler, which answers when it is told to.
type crowd struct {
	handler http.Handler
	begun   atomic.Int32
	finish  chan struct{}
	answers chan int // statuses
	refused atomic.Int32
	clients int
}

func newCrowd(r limit.RequestOptions) *crowd {
	c := &crowd{finish: make(chan struct{}), answers: make(chan int, 100)}
	r.Refused = func() { c.refused.Add(1) }
	c.handler = limit.NewRequests(r).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		c.begun.Add(1)
		<-c.finish
	}))
	return c
}

// ask asks for a client of its own.
func (c *crowd) ask(ctx context.Context) {
	c.clients++
	c.askFrom(ctx, fmt.Sprintf("192.0.2.%d:1234", c.clients))
}

func (c *crowd) askFrom(ctx context.Context, address string) {
	go func() {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = address
		c.handler.ServeHTTP(w, r)
		c.answers <- w.Code
	}()
	synctest.Wait()
}

func TestRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(limit.RequestOptions{AtOnce: 2, Waiting: 2, MaxWait: time.Second})
		for range 4 {
			c.ask(t.Context())
		}
		if c.begun.Load() != 2 || c.refused.Load() != 0 {
			t.Fatalf("of four, got %d under way and %d refused, want 2 and 0", c.begun.Load(), c.refused.Load())
		}
		c.ask(t.Context())
		if code := <-c.answers; code != http.StatusServiceUnavailable || c.refused.Load() != 1 {
			t.Errorf("the fifth: got status %d, %d refused, want 503 at once", code, c.refused.Load())
		}
		c.finish <- struct{}{}
		synctest.Wait()
		if code := <-c.answers; code != http.StatusOK || c.begun.Load() != 3 {
			t.Errorf("after one was answered with %d, %d were begun, want 200 and 3", code, c.begun.Load())
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if code := <-c.answers; code != http.StatusServiceUnavailable || c.refused.Load() != 2 {
			t.Errorf("the one that waits: got status %d, %d refused, want 503 in the end", code, c.refused.Load())
		}
		close(c.finish)
		synctest.Wait()
		c.ask(t.Context())
		for range 3 {
			if code := <-c.answers; code != http.StatusOK {
				t.Errorf("afterwards: got status %d, want 200", code)
			}
		}
	})
}

// TestRequestsShares has one client ask for all it can get: others are answered, and can wait.
func TestRequestsShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(limit.RequestOptions{AtOnce: 8, Waiting: 12, MaxWait: time.Second})
		for i := range 30 {
			c.askFrom(t.Context(), fmt.Sprintf("198.51.100.1:%d", i))
		}
		if c.begun.Load() != 6 || c.refused.Load() != 15 {
			t.Fatalf("of 30 of one client, got %d under way and %d refused, want 6 of 8 and 15 at once", c.begun.Load(), c.refused.Load())
		}
		for i := range 4 {
			c.askFrom(t.Context(), fmt.Sprintf("198.51.100.2:%d", i))
		}
		if c.begun.Load() != 8 || c.refused.Load() != 15 {
			t.Errorf("with 4 of another one, got %d under way and %d refused, want 8 and 15", c.begun.Load(), c.refused.Load())
		}
		for range 19 {
			c.finish <- struct{}{}
		}
		synctest.Wait()
		if c.begun.Load() != 19 || c.refused.Load() != 15 {
			t.Errorf("in the end, got %d answered and %d refused, want 19 and 15", c.begun.Load(), c.refused.Load())
		}
	})
}

// TestRequestsGivenUp has those that wait go away: they make room, and are no refusals.
func TestRequestsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(limit.RequestOptions{AtOnce: 1, Waiting: 1, MaxWait: time.Hour})
		c.ask(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		c.ask(ctx)
		cancel()
		synctest.Wait()
		<-c.answers
		c.ask(t.Context())
		if c.refused.Load() != 0 {
			t.Errorf("got %d refused, want none", c.refused.Load())
		}
		close(c.finish)
		synctest.Wait()
		if c.begun.Load() != 2 {
			t.Errorf("got %d answered, want 2", c.begun.Load())
		}
	})
}

// TestRequestsPanic frees the place of one that panics.
func TestRequestsPanic(t *testing.T) {
	h := limit.NewRequests(limit.RequestOptions{AtOnce: 1, MaxWait: time.Hour}).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("odd") }))
	for range 3 {
		func() {
			defer func() {
				if v := recover(); v != "odd" {
					t.Errorf("got %v, want the panic of the handler", v)
				}
			}()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		}()
	}
}

// TestPaceOfReader has a client that asks for much and reads nothing of it.
func TestPaceOfReader(t *testing.T) {
	failed := make(chan error, 1)
	pace := limit.Pace{Stall: 50 * time.Millisecond, Most: time.Hour}
	server := httptest.NewServer(pace.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				failed <- err
				return
			}
		}
	})))
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := <-failed; err == nil {
		t.Error("the write did not fail")
	}
}

// TestPaceOfSlowReader has a client that reads slowly, but reads.
func TestPaceOfSlowReader(t *testing.T) {
	const size = 3 << 20
	pace := limit.Pace{Stall: 10 * time.Second, Most: time.Hour}
	server := httptest.NewServer(pace.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, size))
	})))
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	n := 0
	for b := make([]byte, 1000); ; {
		m, err := res.Body.Read(b)
		if n += m; err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if n != size {
		t.Errorf("got %d bytes, want %d", n, size)
	}
}

// TestGivenUpAtTheEnd has requests of one connection given up when their bodies are read already: that is
// no matter of the next one.
func TestGivenUpAtTheEnd(t *testing.T) {
	pace := limit.Pace{Stall: time.Minute, Most: time.Hour}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, giveUp := context.WithCancelCause(r.Context())
		body := pace.Body(ctx, w, r)
		defer body.Done()
		if _, err := io.Copy(io.Discard, body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
		giveUp(limit.ErrTooSlow)
	}))
	defer server.Close()
	content := strings.Repeat("a", 1<<20)
	for i := range 300 {
		res, err := http.Post(server.URL, "text/plain", strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body) // so that the connection is kept
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("request %d: %s", i+1, res.Status)
		}
	}
}

// TestPaceOfSender has clients that send a body, or stop in the middle of it.
func TestPaceOfSender(t *testing.T) {
	type got struct {
		n   int64
		err error
	}
	read := make(chan got, 1)
	pace := limit.Pace{Stall: 50 * time.Millisecond, Most: time.Hour}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := pace.Body(r.Context(), w, r)
		defer body.Done()
		n, err := io.Copy(io.Discard, body)
		read <- got{n, err}
	}))
	defer server.Close()
	const size = 1 << 20
	res, err := http.Post(server.URL, "text/plain", strings.NewReader(strings.Repeat("a", size)))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if g := <-read; g.n != size || g.err != nil {
		t.Errorf("got %d bytes and %v, want all", g.n, g.err)
	}
	r, w := io.Pipe()
	go func() {
		_, _ = w.Write([]byte("begun"))
		if g := <-read; g.n != 5 || g.err == nil {
			t.Errorf("of a body that stops: got %d bytes and %v, want 5 and an error", g.n, g.err)
		}
		_ = w.Close()
	}()
	if res, err := http.Post(server.URL, "text/plain", r); err == nil {
		res.Body.Close()
	}
}
