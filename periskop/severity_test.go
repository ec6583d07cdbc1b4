package periskop_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestSeverities maps what targets send to the closed set, on aggregates and on
// occurrences, where none is that of the aggregate.
func TestSeverities(t *testing.T) {
	for value, want := range map[string]string{
		`null`: "", `""`: "", `" "`: "", `false`: "", `[]`: "",
		`"debug"`: "debug", `"info"`: "info", `"warning"`: "warning", `"error"`: "error", `"critical"`: "critical", `"fatal"`: "fatal",
		`"ERROR"`: "error", `"Warning"`: "warning", `" FATAL "`: "fatal", `"\u0065rror"`: "error", `"CRITICAL"`: "critical",
		`"WARN"`: "warning", `"err"`: "error", `"crit"`: "critical", `"notice"`: "info", `"information"`: "info", `"TRACE"`: "debug", `"SEVERE"`: "error",
		`"emerg"`: "fatal", `"panic"`: "fatal", `"alert"`: "critical", `"Verbose"`: "debug",
		`"sev-7-3"`: "error", `"no"`: "error", `3`: "error", `40`: "error", `"3"`: "error", `true`: "error", `{"level":"info"}`: "error",
		`"` + strings.Repeat("info", 1_000_000) + `"`: "error", `"info\u0000"`: "error",
	} {
		r, err := periskop.Decode([]byte(`{"aggregated_errors":[{"aggregation_key":"k","total_count":1,"severity":` + value +
			`,"latest_errors":[{"uuid":"u","severity":` + value + `}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		a := r.Aggregates[0]
		if got, want := a.Severity, cmp.Or(want, "error"); got != want {
			t.Errorf("%.40s: got %q for the aggregate, want %q", value, got, want)
		}
		if got := a.Latest.Decode(nil)[0].Severity; got != want {
			t.Errorf("%.40s: got %q for the occurrence, want %q", value, got, want)
		}
		if !slices.Contains(periskop.Severities(), a.Severity) {
			t.Errorf("%.40s: %q is none of the severities", value, a.Severity)
		}
	}
}
