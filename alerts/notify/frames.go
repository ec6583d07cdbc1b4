package notify

import (
	"strings"
	"unicode/utf8"

	"github.com/periskop-exporter/periskop_exporter/internal/frames"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

const (
	// maxCauses is how many exceptions of a chain are looked at for frames.
	maxCauses = 20
	// maxFrames is how many frames say where an exception comes from; the page has all.
	maxFrames = 5
	// maxMessage and maxFrame bound what goes into a message, in bytes. Services that
	// messages go to cut at a few thousand in all.
	maxMessage = 500
	maxFrame   = 200
)

// about adds the message and the topmost frames of the service's own code, which begin
// with one of own, to annotations.
func about(annotations map[string]string, e *periskop.Exception, own []string) {
	if message := strings.TrimSpace(e.Message); message != "" {
		annotations["message"] = cut(message, maxMessage)
	}
	var stacks [][]string
	for ; e != nil && len(stacks) < maxCauses; e = e.Cause {
		stacks = append(stacks, e.Stacktrace)
	}
	list := frames.TopmostOf(stacks, own, maxFrames)
	if len(list) == 0 {
		return
	}
	for i := range list {
		list[i] = cut(list[i], maxFrame)
	}
	annotations["stacktrace"] = strings.Join(list, "\n")
}

// cut shortens text to at most that many bytes, between characters.
func cut(text string, most int) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if len(text) <= most {
		return text
	}
	const mark = "…"
	end := most - len(mark)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}
