package main

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// A hostGuard refuses what browsers want to change under a name that is not known to be
// that of this program. The page of an attacker can have its own name lead here (DNS
// rebinding): to the browser its requests are then of one origin with this program.
type hostGuard struct {
	names map[string]bool
	next  http.Handler
}

// newHostGuard knows the host of the external URL and others, beside those that nobody can
// have lead elsewhere: addresses and localhost.
func newHostGuard(external *url.URL, others []string, next http.Handler) *hostGuard {
	g := &hostGuard{names: map[string]bool{hostName(external.Host): true}, next: next}
	for _, name := range others {
		g.names[hostName(name)] = true
	}
	return g
}

func (g *hostGuard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if changes(r.Method) && isOfOwnPage(r) && !g.knows(hostName(r.Host)) {
		http.Error(w, fmt.Sprintf("pages under the name %q may change nothing here: it is not the host of --web.external-url; if it is right, give --web.allowed-host=%s",
			hostName(r.Host), hostName(r.Host)), http.StatusForbidden)
		return
	}
	g.next.ServeHTTP(w, r)
}

func changes(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return true
}

// isOfOwnPage reports whether a browser sends the request from a page under the same name.
// Requests of programs name no origin, and those of pages under other names are refused, or
// allowed, for what they are: cross-origin.
func isOfOwnPage(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return r.Header.Get("Sec-Fetch-Site") != ""
	}
	u, err := url.Parse(origin)
	return err != nil || hostName(u.Host) == hostName(r.Host)
}

func (g *hostGuard) knows(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || g.names[name]
}

// hostName returns the name or address in the host of a URL or a request.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}
