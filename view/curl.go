package view

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// curlCommand returns a command that sends the request again, for a POSIX-like shell
// that knows $'…', as bash, zsh and ksh do. What a stranger sent cannot make it do
// anything else: every word is quoted, it opens no file, and its characters are those
// that can be seen. It returns "" when there is no such command.
func curlCommand(c *periskop.HTTPContext) string {
	target := curlURL(c)
	if target == "" || strings.Contains(c.Body, "\x00") {
		return ""
	}
	// Brackets in an address are no patterns, and no other protocol reads files.
	words := []string{"curl", "--globoff", "--proto", "'=http,https'"}
	switch method := strings.ToUpper(c.Method); {
	case method == http.MethodHead:
		words = append(words, "--head")
	case isToken(c.Method) && (method != http.MethodGet || c.Body != ""):
		words = append(words, "--request", shellQuote(c.Method))
	}
	words = append(words, "--url", shellQuote(target))
	for _, h := range c.Headers {
		h.Name = headerName(h.Name)
		words = append(words, curlHeader(h)...)
	}
	if c.Body != "" {
		// Unlike --data, it takes no @file.
		words = append(words, "--data-raw", shellQuote(c.Body))
	}
	return strings.Join(words, " ")
}

// curlURL returns the address of the request. Many servers know only its path; the host
// is in a header then.
func curlURL(c *periskop.HTTPContext) string {
	if c.URL == "" || strings.ContainsAny(c.URL, "\x00\r\n") {
		return ""
	}
	if u, err := url.Parse(c.URL); err == nil && u.Host != "" {
		if u.Scheme == "http" || u.Scheme == "https" {
			return c.URL
		}
		return ""
	}
	if !strings.HasPrefix(c.URL, "/") || strings.HasPrefix(c.URL, "//") {
		return ""
	}
	for _, h := range c.Headers {
		if strings.EqualFold(headerName(h.Name), "Host") && hostPattern.MatchString(h.Value) {
			return "http://" + h.Value + c.URL
		}
	}
	return "http://localhost" + c.URL
}

var hostPattern = regexp.MustCompile(`^[A-Za-z0-9.:\[\]_-]+$`)

// headerName returns the name of a header as it is sent: Rack, as CGI, has HTTP_ACCEPT.
func headerName(name string) string {
	if rest, ok := strings.CutPrefix(name, "HTTP_"); ok {
		return http.CanonicalHeaderKey(strings.ReplaceAll(rest, "_", "-"))
	}
	return name
}

// curlHeader returns the words for a header: none for what curl makes by itself, and for
// what is no header.
func curlHeader(h periskop.Header) []string {
	switch {
	case !isToken(h.Name), strings.ContainsAny(h.Value, "\x00\r\n"):
		return nil
	case strings.EqualFold(h.Name, "Content-Length"), strings.EqualFold(h.Name, "Connection"),
		strings.EqualFold(h.Name, "Transfer-Encoding"):
		return nil
	case strings.EqualFold(h.Name, "Accept-Encoding"):
		return []string{"--compressed"}
	case h.Value == "":
		return []string{"--header", shellQuote(h.Name + ";")} // a colon would leave the header out
	}
	return []string{"--header", shellQuote(h.Name + ": " + h.Value)}
}

// isToken reports whether s can be a method or the name of a header (RFC 9110, 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&*+-.^_|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// shellQuote returns s as one word. What could steer a terminal, or not be seen, is
// written in escapes.
func shellQuote(s string) string {
	if marked(s) {
		return "$'" + shellEscape(s) + "'"
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// marked reports whether any of s would be shown as a mark.
func marked(s string) bool {
	t, _, _ := visible(s, oneLine, unbounded)
	for _, p := range t {
		if p.Mark {
			return true
		}
	}
	return !utf8.ValidString(s)
}

func shellEscape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		default:
			for _, c := range []byte(s[i : i+size]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		}
		i += size
	}
	return b.String()
}

// serveCurl answers with the command alone, however long it is.
func (v *view) serveCurl(w http.ResponseWriter, r *http.Request) {
	e := v.find(v.Snapshot(), r.PathValue("id"))
	if e == nil {
		v.writePlain(w, http.StatusNotFound, "No exception has this ID now.\n")
		return
	}
	list := e.Occurrences()
	at := indexOf(list, r.URL.Query().Get(names.Occurrence))
	if at < 0 || at >= len(list) || list[at].HTTPContext == nil {
		v.writePlain(w, http.StatusNotFound, "No request is known of this occurrence.\n")
		return
	}
	command := curlCommand(list[at].HTTPContext)
	if command == "" {
		v.writePlain(w, http.StatusNotFound, "This request has no address, or bytes that no command line can have.\n")
		return
	}
	v.writePlain(w, http.StatusOK, command+"\n")
}
