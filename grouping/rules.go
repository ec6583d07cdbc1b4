package grouping

import (
	"slices"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/internal/frames"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A Rule groups the exceptions that all of its matchers fit.
type Rule struct {
	Matchers []Matcher
	Key      Template
}

// Rules are tried in their order, and the first that fits decides. They are immutable.
type Rules struct {
	list []Rule
	own  []string
}

// New returns rules. What stands in own is the beginning of packages, modules and paths that are
// the application's own: see [frames.Origins].
func New(list []Rule, own []string) *Rules { return &Rules{list: list, own: own} }

// An Exception is what rules look at.
type Exception struct {
	// Key is the aggregation key as the client made it, and Class the class.
	Key, Class string
	// Newest is the newest occurrence; nil when none is known.
	Newest *periskop.Occurrence
}

// Bounds of what is looked at of one exception: regular expressions take time for each byte.
const (
	maxText   = 4 << 10
	maxFrames = 100
	maxCauses = 10
)

// Key returns the key under which the exception is counted, and the index of the rule that says
// so. It returns "" and -1 when no rule fits: then the client's own key counts. A rule whose
// template needs something that the exception does not have does not fit.
func (r *Rules) Key(e Exception) (key string, rule int) {
	s := subject{Exception: e, own: r.own}
	for i := range r.list {
		if !s.fits(r.list[i].Matchers) {
			continue
		}
		if key, ok := r.list[i].Key.fill(s.value); ok {
			return key, i
		}
	}
	return "", -1
}

// A subject is an exception with what was found out about it.
type subject struct {
	Exception
	own    []string
	read   bool // the stack traces
	frames []string
}

func (s *subject) fits(matchers []Matcher) bool {
	for i := range matchers {
		if !s.fit(&matchers[i]) {
			return false
		}
	}
	return true
}

// fit reports whether the matcher fits. One of frames fits if any frame is equal, and one that
// excludes fits if none is.
func (s *subject) fit(m *Matcher) bool {
	if m.field != fieldFrame {
		return m.matches(s.value(m.field))
	}
	if m.excludes {
		return !slices.ContainsFunc(s.allFrames(), func(f string) bool { return !m.matches(f) })
	}
	return slices.ContainsFunc(s.allFrames(), m.matches)
}

// value returns what a field is of the exception.
func (s *subject) value(field string) string {
	switch field {
	case fieldClass:
		return s.Class
	case fieldKey:
		return cut(s.Key)
	case fieldMessage:
		return cut(s.message())
	case fieldMessagePattern:
		return pattern(cut(s.message()))
	case fieldOwnFrame:
		return frames.TopmostName(s.stacks(), s.own)
	}
	return ""
}

func (s *subject) message() string {
	if s.Newest == nil {
		return ""
	}
	return s.Newest.Error.Message
}

// stacks returns the stack traces of the exception and of its causes.
func (s *subject) stacks() [][]string {
	if s.Newest == nil {
		return nil
	}
	var list [][]string
	for e := &s.Newest.Error; e != nil && len(list) < maxCauses; e = e.Cause {
		list = append(list, e.Stacktrace)
	}
	return list
}

func (s *subject) allFrames() []string {
	if s.read {
		return s.frames
	}
	s.read = true
	for _, lines := range s.stacks() {
		s.frames = append(s.frames, frames.All(lines, maxFrames-len(s.frames))...)
	}
	return s.frames
}

// cut bounds what is looked at of a text.
func cut(text string) string {
	if len(text) > maxText {
		return strings.ToValidUTF8(text[:maxText], "")
	}
	return text
}
