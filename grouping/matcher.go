package grouping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// The fields of an exception. The last two are made for templates only.
const (
	fieldClass          = "class"
	fieldMessage        = "message"
	fieldKey            = "key"
	fieldFrame          = "frame"
	fieldMessagePattern = "message_pattern"
	fieldOwnFrame       = "own_frame"
)

var (
	matcherFields  = []string{fieldClass, fieldMessage, fieldKey, fieldFrame, fieldOwnFrame}
	templateFields = []string{fieldClass, fieldMessage, fieldMessagePattern, fieldKey, fieldOwnFrame}
)

// A Matcher compares a field of an exception, as those of Prometheus compare labels: regular
// expressions match the whole of it.
type Matcher struct {
	field    string
	excludes bool
	matches  func(string) bool
}

// ParseMatcher reads a matcher such as class="E" or message=~"user \\d+ not found".
func ParseMatcher(text string) (Matcher, error) {
	list, err := parser.NewParser(parser.Options{}).ParseMetricSelector("x{" + text + "}")
	if err == nil {
		list = slices.DeleteFunc(list, func(m *labels.Matcher) bool { return m.Name == model.MetricNameLabel })
	}
	if err != nil || len(list) != 1 {
		return Matcher{}, fmt.Errorf("%q is no matcher; write for example message=~\"user .* not found\"", text)
	}
	m := list[0]
	if !slices.Contains(matcherFields, m.Name) {
		return Matcher{}, fmt.Errorf("%s is nothing that an exception has; there are %s", m.Name, strings.Join(matcherFields, ", "))
	}
	return Matcher{field: m.Name, excludes: m.Type == labels.MatchNotEqual || m.Type == labels.MatchNotRegexp, matches: m.Matches}, nil
}

// A Template makes a key: text with fields in braces in it.
type Template struct {
	text string
}

var templateField = regexp.MustCompile(`\{([^{}]*)\}`)

// ParseTemplate reads a template such as {class}@{own_frame}.
func ParseTemplate(text string) (Template, error) {
	for _, m := range templateField.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(templateFields, m[1]) {
			return Template{}, fmt.Errorf("{%s} stands for nothing here; there are {%s}", m[1], strings.Join(templateFields, "}, {"))
		}
	}
	if strings.TrimSpace(text) == "" {
		return Template{}, fmt.Errorf("the key is empty; write for example {class}@{own_frame}")
	}
	return Template{text: text}, nil
}

// fill returns the key, and false if a field of it has no value.
func (t Template) fill(value func(field string) string) (string, bool) {
	whole := true
	key := templateField.ReplaceAllStringFunc(t.text, func(field string) string {
		v := strings.TrimSpace(value(strings.Trim(field, "{}")))
		whole = whole && v != ""
		return v
	})
	return key, whole
}

// varying are the parts of messages that differ from one occurrence to the next: UUIDs, addresses
// in memory, hashes and numbers.
var varying = regexp.MustCompile(`[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|0x[0-9A-Fa-f]+|\b[0-9A-Fa-f]*[0-9][0-9A-Fa-f]{7,}\b|[0-9]+(?:[.,:][0-9]+)*`)

// pattern returns the first line of a message with <_> in place of what varies, as Loki writes the
// patterns of log lines.
func pattern(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	return varying.ReplaceAllString(line, "<_>")
}
