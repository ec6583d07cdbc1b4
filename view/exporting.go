package view

import "time"

// ExportStatus is how the export of occurrences goes.
type ExportStatus struct {
	// URL is where they are sent.
	URL string
	// Records wait in a queue of so many bytes, the first of them since Oldest.
	Records int
	Bytes   int64
	Oldest  time.Time
	// Sent, Failed and Dropped count since the start of the program.
	Sent, Failed, Dropped uint64
	// SentAt is when some were taken last; zero for never.
	SentAt time.Time
	// Err is what is wrong now; nil for nothing.
	Err error
}

// newExportSection returns what the page says of the export, nil when there is none.
func newExportSection(s *ExportStatus, now time.Time) *storageSection {
	if s == nil {
		return nil
	}
	out := &storageSection{Tone: toneGood, State: "sent"}
	switch {
	case s.Err != nil:
		limit := budget{left: lineBudget}
		reason := limit.line(s.Err.Error())
		out.Tone, out.State, out.Err = toneBad, "not sent, or not all; it is tried again, but for what was refused", &reason
	case s.Sent == 0:
		out.Tone, out.State = toneWait, "nothing sent yet"
	}
	sent := newMoment(now, s.SentAt)
	if sent.Machine != "" {
		sent.Absolute += ", " + sent.Relative
	}
	waiting := "none"
	if s.Records > 0 {
		waiting = number(s.Records) + ", the oldest since " + newMoment(now, s.Oldest).Relative
	}
	out.Facts = newFacts(
		"To", s.URL,
		"Waiting", waiting,
		"Queue", byteSize(int(s.Bytes)),
		"Last sent", sent.Absolute,
		"Sent", number(s.Sent),
		"Refused", moreThanNone(s.Failed),
		"Given up", moreThanNone(s.Dropped),
	)
	return out
}

func moreThanNone(n uint64) string {
	if n == 0 {
		return ""
	}
	return number(n)
}
