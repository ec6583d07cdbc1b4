package main

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// maxConnections is how many connections a server keeps open: each takes some 20 kB, and a
// client that opens them without end would take all memory. Prometheus needs one, and clients
// open another when theirs was closed.
const maxConnections = 1000

// A connectionLimit closes the connection that has been quiet for longest when there are too
// many. Those on which a request is under way are bounded by kind. It is to be used by one
// server.
type connectionLimit struct {
	most   int
	closed func() // called for each that is closed

	mu    sync.Mutex                 // guards what follows
	open  map[net.Conn]*list.Element // nil while a request is under way
	quiet *list.List                 // of net.Conn, those that have been quiet for longest first
}

func newConnectionLimit(most int, closed func()) *connectionLimit {
	return &connectionLimit{most: most, closed: closed, open: map[net.Conn]*list.Element{}, quiet: list.New()}
}

// changed is what [http.Server] calls when the state of a connection changes.
func (l *connectionLimit) changed(c net.Conn, state http.ConnState) {
	l.mu.Lock()
	victim := l.note(c, state)
	l.mu.Unlock()
	if victim == nil {
		return
	}
	l.closed()
	if t, ok := victim.(*tls.Conn); ok {
		victim = t.NetConn() // nobody waits for a client to read that it is closed
	}
	_ = victim.Close()
}

// note takes in the state, and returns the connection to close, if there is one. The caller
// holds mu.
func (l *connectionLimit) note(c net.Conn, state http.ConnState) (victim net.Conn) {
	if e := l.open[c]; e != nil {
		l.quiet.Remove(e)
	}
	switch state {
	case http.StateNew, http.StateIdle:
		l.open[c] = l.quiet.PushBack(c)
	case http.StateActive:
		l.open[c] = nil
	case http.StateClosed, http.StateHijacked:
		delete(l.open, c)
	}
	if state != http.StateNew || len(l.open) <= l.most {
		return nil
	}
	if victim, _ = l.quiet.Remove(l.quiet.Front()).(net.Conn); victim != nil { // the new one at least
		delete(l.open, victim)
	}
	return victim
}
