package discovery

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
)

var (
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
	text = goTypes.Replace(localEnds.ReplaceAllString(redact.Hide(text), ""))
	if len(text) > maxSentence {
		cut := maxSentence
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		return text[:cut] + "…"
	}
	return strings.TrimRight(text, ".") + "."
}
