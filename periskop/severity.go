package periskop

import (
	"slices"
	"strings"
)

// DefaultSeverity is the severity of an aggregate that names none, or one that is not
// known: the client libraries report everything as an error unless told otherwise.
const DefaultSeverity = "error"

// severities are all that there are, so that no target can make series at will.
var severities = []string{"debug", "info", "warning", "error", "critical", "fatal"}

// otherSeverities are names of loggers and of syslog for them. Numbers are not among
// them: 3 is an error to syslog and 40 one to Python, but a warning to others.
var otherSeverities = map[string]string{
	"trace": "debug", "verbose": "debug", "fine": "debug", "finer": "debug", "finest": "debug",
	"information": "info", "informational": "info", "notice": "info",
	"warn": "warning",
	"err":  "error", "severe": "error",
	"crit": "critical", "alert": "critical",
	"emerg": "fatal", "emergency": "fatal", "panic": "fatal",
}

// Severities lists every severity, the least severe first.
func Severities() []string { return slices.Clone(severities) }

// readSeverity returns one of the severities, or "" for null and the empty text.
func readSeverity(v []byte) string {
	if len(v) < 2 || v[0] != '"' {
		if isNothing(v) {
			return ""
		}
		return DefaultSeverity
	}
	for _, s := range severities { // no allocation, for those that nearly all are
		if string(v[1:len(v)-1]) == s {
			return s
		}
	}
	const longest = 100 // bytes, more than any has with every letter escaped
	name := strings.ToLower(strings.TrimSpace(textUpTo(v, longest)))
	if name == "" {
		return ""
	}
	if slices.Contains(severities, name) {
		return severities[slices.Index(severities, name)]
	}
	if s, ok := otherSeverities[name]; ok {
		return s
	}
	return DefaultSeverity
}
