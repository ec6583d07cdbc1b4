package triage

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Kind is what was decided about an exception, or what happened to it by itself.
type Kind string

// The kinds, which are a closed set.
const (
	Resolved Kind = "resolved" // it will not come back
	Reopened Kind = "reopened" // a resolution was taken back
	Muted    Kind = "muted"    // it is known, and nobody is to be told
	Unmuted  Kind = "unmuted"  // a mute was taken back
	Noted    Kind = "noted"    // somebody said something about it
	Reset    Kind = "reset"    // what was counted of it was taken back
	// Regressed and Returned happen by themselves: it grew although it was resolved, and a mute
	// ended as its condition says.
	Regressed Kind = "regressed"
	Returned  Kind = "returned"
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{Resolved, Reopened, Muted, Unmuted, Noted, Reset, Regressed, Returned}
}

// actions are the kinds that people can decide on. A reset is one as well, but apart from these,
// as it cannot be taken back.
var actions = []Kind{Resolved, Reopened, Muted, Unmuted, Noted}

// A Decision is one entry of the history of an exception.
type Decision struct {
	Kind Kind
	At   time.Time
	// By is who decided; "" when nobody is known, or it happened by itself.
	By string
	// Reason is why, in the words of who decided.
	Reason string
	// Until is when a mute ends. It is zero for the other kinds.
	Until Until
	// Of is when the decision was made that came to an end: of what happens by itself. It is zero
	// for the other kinds.
	Of time.Time
}

// Until is when a mute ends by itself: at the first of its conditions that holds. Without any it
// is for good.
type Until struct {
	// Time is the time at which it ends; zero for none.
	Time time.Time
	// Growth is how much the count grows until it ends; 0 for none.
	Growth uint64
	// Version is set when it ends with an occurrence in a version that was not seen before.
	Version bool
}

// ForGood reports whether it ends only when somebody takes it back.
func (u Until) ForGood() bool { return u.Time.IsZero() && u.Growth == 0 && !u.Version }

// Check says why the decision cannot be made; nil when it can.
func (d *Decision) Check() error {
	switch {
	case !slices.Contains(actions, d.Kind):
		return fmt.Errorf("there is no action %q; there are resolved, reopened, muted, unmuted and noted", d.Kind)
	case d.Kind == Noted && d.Reason == "":
		return fmt.Errorf("a note says something")
	case d.Kind != Muted && d.Until != (Until{}):
		return fmt.Errorf("only a mute ends")
	case d.Kind == Muted && !d.Until.Time.IsZero() && !d.Until.Time.After(d.At):
		return fmt.Errorf("the time at which the mute ends is over")
	}
	return nil
}

// Name returns the name of a person as it is kept: without what does not show, and at most that many
// bytes of it.
func Name(s string, most int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\ufffd")), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// MaxUser is how long the name of who decides is at most, in bytes: that of an address for mail.
const MaxUser = 254

// MaxReason is how many bytes of a reason are kept: a paragraph.
const MaxReason = 1000

// Reason returns a reason as it is kept: without space around it, and at most [MaxReason] bytes of it.
func Reason(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\ufffd"))
	if len(s) > MaxReason {
		s = strings.ToValidUTF8(s[:MaxReason], "")
	}
	return s
}

// MaxAtOnce is about how many exceptions something can be decided at once: those of the largest
// service, five times.
const MaxAtOnce = 10_000
