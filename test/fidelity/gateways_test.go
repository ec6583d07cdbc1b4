//go:build e2e

package fidelity_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A gateway passes connections on to an exporter, from an address of its own choice. To
// the exporter, that is the address of whoever scrapes.
type gateway struct {
	listener net.Listener
	to       string

	mu sync.Mutex // guards the rest
	// from is the address on loopback from which it connects; nil while nobody gets through.
	from  net.IP
	conns map[net.Conn]bool
}

// newGateway returns one in front of the exporter, which is cut.
func newGateway(t testing.TB, exporter *process.Program) *gateway {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{listener: l, to: strings.TrimPrefix(exporter.URL, "http://"), conns: map[net.Conn]bool{}}
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	t.Cleanup(g.cut)
	t.Cleanup(func() { _ = l.Close() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { g.pass(c) })
		}
	})
	return g
}

func (g *gateway) program() *process.Program {
	return &process.Program{URL: "http://" + g.listener.Addr().String()}
}

// cut ends all connections, and lets nobody through.
func (g *gateway) cut() { g.open(nil) }

// open ends all connections, and lets them through from that address from now on.
func (g *gateway) open(from net.IP) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.from = from
	for c := range g.conns {
		_ = c.Close()
	}
	clear(g.conns)
}

// pass copies in both directions until one side ends.
func (g *gateway) pass(client net.Conn) {
	defer func() { _ = client.Close() }()
	g.mu.Lock()
	from := g.from
	g.mu.Unlock()
	if from == nil {
		return
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}
	server, err := dialer.DialContext(context.Background(), "tcp", g.to)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	if !g.keep(from, client, server) {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
	_ = client.Close()
	<-done
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, client)
	delete(g.conns, server)
}

// keep notes connections that are to end with the next change, unless there was one.
func (g *gateway) keep(from net.IP, conns ...net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.from.Equal(from) {
		return false
	}
	for _, c := range conns {
		g.conns[c] = true
	}
	return true
}

// hideClients returns a proxy in front of the exporter which says nothing of its clients,
// and keeps no connection, as nginx does by default.
func hideClients(t testing.TB, exporter *process.Program) *process.Program {
	t.Helper()
	to, err := url.Parse(exporter.URL)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport: &http.Transport{DisableKeepAlives: true},
	})
	t.Cleanup(server.Close)
	return &process.Program{URL: server.URL}
}

// loopback returns the n-th address that the gateways use, none of which is the usual one.
func loopback(n int) net.IP { return net.ParseIP(fmt.Sprintf("127.0.%d.%d", 1+n/250, 1+n%250)) }
