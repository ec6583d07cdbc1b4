package discovery

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	// A quoted URL ends at its quote, whatever is in it: a password may hold
	// spaces.
	urls = regexp.MustCompile(`"[A-Za-z][A-Za-z0-9+.-]*://[^"]*"|[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)
	// Go's network errors name the local end of a connection, whose port differs
	// each time: "read udp 127.0.0.1:41234->127.0.0.1:53: i/o timeout". Without it
	// the same problem reads the same.
	localEnds = regexp.MustCompile(`(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:.%a-z]+\]):\d+->`)
	// What decoders call the content of a file or an answer.
	goTypes = strings.NewReplacer(
		"Go value of type []*targetgroup.Group", "a list of target groups",
		"Go value of type *targetgroup.Group", "a target group",
		"[]*targetgroup.Group", "a list of target groups",
	)
)

// maxSentence bounds a problem in bytes: enough for an error with a URL and a path,
// too little for the whole HTML page that a server answers instead of an error.
const maxSentence = 600

// sentence makes text fit to be shown: one line, without secrets, with an end.
func sentence(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	text = goTypes.Replace(localEnds.ReplaceAllString(hideSecrets(text), ""))
	if len(text) > maxSentence {
		cut := maxSentence
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		return text[:cut] + "…"
	}
	return strings.TrimRight(text, ".") + "."
}

// hideSecrets removes user, password and query from the URLs in text.
func hideSecrets(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return urls.ReplaceAllStringFunc(text, func(url string) string {
		scheme, rest, _ := strings.Cut(url, "://")
		authority, path := rest, ""
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			authority, path = rest[:i], rest[i:]
		}
		authority = authority[strings.LastIndex(authority, "@")+1:]
		if before, after, found := strings.Cut(path, "?"); found {
			path = before + "?…"
			if strings.HasSuffix(after, `"`) {
				path += `"`
			}
		}
		return scheme + "://" + authority + path
	})
}
