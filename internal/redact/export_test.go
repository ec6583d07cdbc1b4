package redact

// Kind is a kind of text that a Redactor tells apart.
type Kind = kind

// The kinds.
const (
	MessageText = messageText
	BodyText    = bodyText
	FormText    = formText
	URLText     = urlText
	QueryText   = queryText
)

// What bounds the work.
const (
	MaxWork   = maxWork
	SpareWork = spareWork
)

// Work returns how many bytes are looked at in one search of s.
func Work(r *Redactor, s string, k Kind) int {
	f := newFinder(r, s)
	all := f.work
	f.find(k)
	return all - f.work
}

// WithWork redacts s as a message with another bound.
func WithWork(r *Redactor, s string, work int) string {
	f := newFinder(r, s)
	f.work = work
	f.find(messageText)
	return replace(s, f.spans)
}
