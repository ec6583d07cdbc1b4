package triage_test

import (
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/triage"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		decision triage.Decision
		wrong    string // "" for nothing
	}{
		"resolved":                    {triage.Decision{Kind: triage.Resolved}, ""},
		"muted for good":              {triage.Decision{Kind: triage.Muted, At: noon}, ""},
		"muted until later":           {triage.Decision{Kind: triage.Muted, At: noon, Until: triage.Until{Time: noon.Add(1), Growth: 3}}, ""},
		"muted until now":             {triage.Decision{Kind: triage.Muted, At: noon, Until: triage.Until{Time: noon}}, "is over"},
		"resolved until":              {triage.Decision{Kind: triage.Resolved, Until: triage.Until{Version: true}}, "only a mute ends"},
		"a note":                      {triage.Decision{Kind: triage.Noted, Reason: "x"}, ""},
		"a note of nothing":           {triage.Decision{Kind: triage.Noted}, "says something"},
		"nothing":                     {triage.Decision{}, "no action"},
		"what happens by itself":      {triage.Decision{Kind: triage.Regressed}, "no action"},
		"what is decided with others": {triage.Decision{Kind: triage.Reset}, "no action"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.decision.Check()
			if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %v, want %q", err, c.wrong)
			}
		})
	}
}
