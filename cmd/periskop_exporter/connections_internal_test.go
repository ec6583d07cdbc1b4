package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestConnectionLimit opens connections until there are too many, and looks at which one ends.
func TestConnectionLimit(t *testing.T) {
	const most = 3
	var closed atomic.Int64
	arrived, answer := make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			arrived <- struct{}{}
			<-answer
		}
	}))
	states := make(chan http.ConnState, 100)
	limit := newConnectionLimit(most, func() { closed.Add(1) })
	server.Config.ConnState = func(c net.Conn, s http.ConnState) {
		limit.changed(c, s)
		states <- s
	}
	server.Start()
	t.Cleanup(server.Close)
	until := func(state http.ConnState) {
		t.Helper()
		for {
			select {
			case s := <-states:
				if s == state {
					return
				}
			case <-time.After(time.Minute):
				t.Fatalf("no connection is %v", state)
			}
		}
	}
	open := func(path string) net.Conn {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		until(http.StateNew)
		send(t, c, path)
		return c
	}
	ended := func(c net.Conn) bool {
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		b := make([]byte, 1000)
		for {
			if _, err := c.Read(b); err != nil {
				return true
			}
			if strings.Contains(string(b), "200 OK") {
				return false
			}
		}
	}

	slow := open("/slow") // is never quiet
	<-arrived
	first, second := open(""), open("")
	open("")
	until(http.StateClosed)
	if !ended(first) || closed.Load() != 1 {
		t.Error("the one that was quiet for longest was not closed")
	}
	send(t, second, "/fast") // which is now the one that was so last
	if ended(second) {
		t.Error("another one was closed, too")
	}
	until(http.StateIdle)
	open("")
	until(http.StateClosed)
	send(t, second, "/fast")
	if ended(second) || closed.Load() != 2 {
		t.Error("one that had been asked something was closed in place of one that had not")
	}
	answer <- struct{}{}
	if ended(slow) {
		t.Error("one was closed on which a request was under way")
	}
}

// send sends a request for the path, and nothing if it is empty.
func send(t *testing.T, c net.Conn, path string) {
	t.Helper()
	if path == "" {
		return
	}
	if _, err := c.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Error(err)
	}
}
