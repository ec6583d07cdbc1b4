package merge

import (
	"slices"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// share lets the exception hold the stack traces of one of the others in place of equal
// ones of its own: those of a key are nearly always equal, and most of its memory. It
// reports whether there was one.
func share(e *periskop.Exception, others []periskop.Occurrence) bool {
	for i := range others {
		if shareWith(e, &others[i].Error) {
			return true
		}
	}
	return false
}

// shareWith reports whether the stack trace is shared, with as many causes as are equal
// too.
func shareWith(e, other *periskop.Exception) bool {
	if !slices.Equal(e.Stacktrace, other.Stacktrace) {
		return false
	}
	for e != nil && other != nil && slices.Equal(e.Stacktrace, other.Stacktrace) {
		e.Stacktrace = other.Stacktrace
		e, other = e.Cause, other.Cause
	}
	return true
}
