package main

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// A router answers with programs what they have a route for, and with pages the rest.
// Programs, many of which follow no redirect, are answered also where an address has
// slashes too many, at its end and elsewhere. A [http.ServeMux] would redirect, to an
// absolute path, which lacks whatever a proxy has put in front; pages do so themselves.
type router struct {
	programs   *http.ServeMux
	pages      http.Handler
	protection *http.CrossOriginProtection
}

func (h *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.EscapedPath()
	// What is asked for as it should be stays as it is, a slash at the end included.
	if !strings.Contains(asked, "//") && !hasDots(asked) && h.answers(r) {
		h.protection.Handler(h.programs).ServeHTTP(w, r)
		return
	}
	tidy := tidyPath(asked)
	at, err := withPath(r, tidy)
	if err != nil || hasDots(tidy) {
		http.NotFound(w, r)
		return
	}
	if h.answers(at) {
		h.protection.Handler(h.programs).ServeHTTP(w, at)
		return
	}
	h.protection.Handler(h.pages).ServeHTTP(w, r)
}

// answers reports whether the programs have a route for the request. Each subtree has one
// for its path without the slash as well: the mux would redirect there.
func (h *router) answers(r *http.Request) bool {
	_, pattern := h.programs.Handler(r)
	return pattern != ""
}

// resolvePath is a key below a service, as the Periskop server has it.
var resolvePath = regexp.MustCompile(`^/+services/+([^/]+)/+errors/+(.*[^/].*?)/?$`)

// tidyPath returns the escaped path p without slashes that say nothing: those at its end,
// and all but the first of several. A key that is resolved may hold any; it becomes one
// element.
func tidyPath(p string) string {
	if m := resolvePath.FindStringSubmatch(p); m != nil {
		return "/services/" + m[1] + "/errors/" + strings.ReplaceAll(m[2], "/", "%2F")
	}
	var b strings.Builder
	for part := range strings.SplitSeq(p, "/") {
		if part != "" {
			b.WriteString("/" + part)
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// hasDots reports whether p has an element that a client would have taken out.
func hasDots(p string) bool {
	for part := range strings.SplitSeq(p, "/") {
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}

// withPath returns r with another path, which is escaped.
func withPath(r *http.Request, escaped string) (*http.Request, error) {
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, err
	}
	at, u := *r, *r.URL
	u.Path, u.RawPath = plain, escaped
	at.URL = &u
	return &at, nil
}

// redirectTo sends to the path, relative to the address that was asked for: what a proxy
// has put in front of that stays there.
func redirectTo(w http.ResponseWriter, r *http.Request, to string) {
	depth := strings.Count(r.URL.EscapedPath(), "/") - 1
	location := strings.Repeat("../", max(depth, 0)) + strings.TrimPrefix(to, "/")
	if depth <= 0 {
		location = "./" + location
	}
	if r.URL.RawQuery != "" {
		location += "?" + r.URL.RawQuery
	}
	found(w, r, location)
}

// found redirects to the location as it stands; [http.Redirect] would make it absolute.
// What is posted is to be posted again.
func found(w http.ResponseWriter, r *http.Request, location string) {
	status := http.StatusFound
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		status = http.StatusTemporaryRedirect
	}
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}

// underPrefix answers below the prefix, which is no slash at its end, with h, and sends
// everybody else there.
func underPrefix(prefix string, h http.Handler) http.Handler {
	if prefix == "" {
		return h
	}
	prefix = (&url.URL{Path: prefix}).EscapedPath()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.EscapedPath()
		tidy := "/" + strings.TrimLeft(asked, "/")
		switch rest, ok := strings.CutPrefix(tidy, prefix); {
		case ok && rest == "":
			// Links of a page are relative to the slash.
			found(w, r, path.Base(prefix)+"/")
		case ok && rest[0] == '/':
			at, err := withPath(r, rest)
			if err != nil {
				http.NotFound(w, r)
				return
			}
			h.ServeHTTP(w, at)
		default:
			redirectTo(w, r, prefix+"/")
		}
	})
}
