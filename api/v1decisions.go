package api

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/triage"
)

// A v1Until is when a mute ends by itself. Without any of its members set, it is for good.
type v1Until struct {
	Time    *time.Time `json:"until"`
	Growth  uint64     `json:"until_grown_by"`
	Version bool       `json:"until_new_version"`
}

func newV1Until(u triage.Until) v1Until {
	return v1Until{Time: timeOrNull(u.Time), Growth: u.Growth, Version: u.Version}
}

type v1Mute struct {
	At     *time.Time `json:"at"`
	By     string     `json:"by"`
	Reason string     `json:"reason"`
	v1Until
}

// A v1Decision is one entry of the history of an exception.
type v1Decision struct {
	Kind   triage.Kind `json:"kind"`
	At     *time.Time  `json:"at"`
	By     string      `json:"by"`
	Reason string      `json:"reason"`
	v1Until
}

// newV1Decisions lists them, the oldest first.
func newV1Decisions(list []triage.Decision) []v1Decision {
	out := make([]v1Decision, len(list))
	for i, d := range list {
		out[i] = v1Decision{Kind: d.Kind, At: timeOrNull(d.At), By: d.By, Reason: d.Reason, v1Until: newV1Until(d.Until)}
	}
	return out
}
