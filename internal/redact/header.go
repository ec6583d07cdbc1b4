package redact

import (
	"strings"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// header returns the value of a header without its secrets.
func (r *Redactor) header(h periskop.Header) string {
	if h.Value == "" {
		return h.Value
	}
	var buf [maxWord]byte
	switch k := headerKindOf(headerKey(&buf, h.Name)); {
	case k == secretHeader, isSecretHeader(h.Name), r.isUserHeader(h.Name):
		return Placeholder
	case k == urlHeader:
		return r.redact(h.Value, urlText)
	case k == queryHeader:
		return r.redact(h.Value, queryText)
	}
	return r.redact(h.Value, messageText)
}

// isSecretHeader tells from the words of its name whether the value of a header is
// secret. Unlike elsewhere, no word takes a secret one back: headers such as
// X-Token-Type are rare, and nobody misses them.
func isSecretHeader(name string) bool {
	v := judge(name)
	return v.level != open || v.seen&(secret|signing) != 0
}

// isUserHeader tells whether a header is one of the configured ones.
func (r *Redactor) isUserHeader(name string) bool {
	return r.headers.has(name) || r.headers.has(withoutCGI(name)) || r.members.has(name)
}

// A headerKind is what the value of a header is known to be.
type headerKind uint8

const (
	otherHeader headerKind = iota
	secretHeader
	urlHeader
	// queryHeader is a query alone, as in the variables of CGI and Rack.
	queryHeader
)

// headerKindOf knows some headers by name.
func headerKindOf(key []byte) headerKind {
	switch string(key) {
	case "authentication", "dpop":
		return secretHeader
	case "referer", "referrer", "location", "contentlocation", "origin", "destination", "hxcurrenturl",
		"xforwardeduri", "xforwardedurl", "xoriginaluri", "xoriginalurl", "xrewriteurl", "xrequesturi", "xrequesturl",
		"xenvoyoriginalpath", "requesturi", "requestpath", "originalfullpath", "path", "pathinfo", "uri", "url":
		return urlHeader
	case "querystring", "redirectquerystring", "rackrequestquerystring", "rackrequestformvars":
		return queryHeader
	}
	return otherHeader
}

func isContentType(name string) bool {
	if len(name) != len("Content-Type") && len(name) != len("HTTP_CONTENT_TYPE") {
		return false
	}
	var buf [maxWord]byte
	return string(headerKey(&buf, name)) == "contenttype"
}

// headerKey writes a name to buf in lower case and without punctuation, and without
// the prefix that CGI gives to headers. A name that is too long has no key.
func headerKey(buf *[maxWord]byte, name string) []byte {
	if len(name) > maxWord {
		return nil
	}
	key := buf[:0]
	for rest := withoutCGI(name); rest != ""; {
		key, rest = squash(key, rest)
	}
	return key
}

// withoutCGI takes the prefix off a name as CGI, WSGI and Rack write it.
func withoutCGI(name string) string {
	for _, prefix := range [...]string{"HTTP_", "REDIRECT_HTTP_"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}
