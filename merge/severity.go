package merge

import "slices"

// A severity is one of a closed set, by its place in severities.
type severity uint8

// severities are the ones that a count can have.
var severities = [...]string{"error", "debug", "info", "warning", "critical", "fatal"}

// severityOf returns the severity of that name; what is none of them counts as error.
func severityOf(name string) severity { return severity(max(slices.Index(severities[:], name), 0)) }

func (s severity) String() string { return severities[min(int(s), len(severities)-1)] }
