package periskop_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestProcesses(t *testing.T) {
	const id = `"exception_id":"00000000000000ff"`
	created := time.Date(2026, 11, 20, 10, 11, 12, 345678901, time.UTC)
	total := func(change func(*periskop.ProcessTotal)) []periskop.Process {
		pt := periskop.ProcessTotal{ID: 255, Severity: "error", Total: 3}
		change(&pt)
		return []periskop.Process{{UUID: "p", Totals: []periskop.ProcessTotal{pt}}}
	}
	same := func(*periskop.ProcessTotal) {}
	with := func(total string) string { return `[{"target_uuid":"p","totals":[{` + total + `}]}]` }
	for name, tc := range map[string]struct {
		processes string
		want      []periskop.Process
		err       string
	}{
		"none":                 {`[]`, []periskop.Process{}, ""},
		"null":                 {`null`, []periskop.Process{}, ""},
		"a total":              {with(id + `,"total_count":3,"severity":"error"`), total(same), ""},
		"without severity":     {with(id + `,"total_count":3`), total(same), ""},
		"a severity of others": {with(id + `,"total_count":3,"severity":"sev-7"`), total(same), ""},
		"all of it": {
			`[{"target_uuid":"p","address":"10.0.0.1:80","instance":"i","clock_skew_seconds":-1.5,"totals":[{` + id +
				`,"severity":"fatal","created_at":"2026-11-20T10:11:12.345678901Z","total_count":3,"history_count":2}]}]`,
			[]periskop.Process{{UUID: "p", Address: "10.0.0.1:80", Instance: "i", Skew: -1500 * time.Millisecond, Totals: []periskop.ProcessTotal{
				{ID: 255, Severity: "fatal", CreatedAt: created, Total: 3, History: 2},
			}}},
			"",
		},
		"by address":            {`[{"address":"a:1","totals":[]}]`, []periskop.Process{{Address: "a:1"}}, ""},
		"a skew without sense":  {`[{"address":"a:1","clock_skew_seconds":1e300}]`, []periskop.Process{{Address: "a:1", Skew: 100 * 365 * 24 * time.Hour}}, ""},
		"a skew that is none":   {`[{"address":"a:1","clock_skew_seconds":NaN}]`, []periskop.Process{{Address: "a:1"}}, ""},
		"no name":               {`[{"totals":[]}]`, []periskop.Process{}, "process 1: it has neither target_uuid nor address"},
		"not an object":         {`[7]`, []periskop.Process{}, "process 1: it is a number, not an object"},
		"a UUID without end":    {`[{"target_uuid":"` + strings.Repeat("u", 65) + `"}]`, []periskop.Process{}, "process 1: its target_uuid is longer than 64 bytes"},
		"an address like that":  {`[{"address":"` + strings.Repeat("a", 2000) + `"}]`, []periskop.Process{}, "process 1: its address is longer than 1024 bytes"},
		"totals no list":        {`[{"target_uuid":"p","totals":{}}]`, []periskop.Process{}, "process 1: totals is an object, not a list"},
		"a total no object":     {`[{"target_uuid":"p","totals":[1]}]`, []periskop.Process{}, "process 1: total 1 is a number, not an object"},
		"no ID":                 {with(`"total_count":3`), []periskop.Process{}, "process 1: total 1 has no exception_id"},
		"an ID too short":       {with(`"exception_id":"ff","total_count":3`), []periskop.Process{}, "process 1: total 1 has no exception_id"},
		"no count":              {with(id), []periskop.Process{}, "process 1: total 1 cannot be read: it has no total_count"},
		"half a count":          {with(id + `,"total_count":1.5`), []periskop.Process{}, "process 1: total 1 cannot be read: total_count is not a whole number"},
		"a count past 2^53":     {with(id + `,"total_count":9007199254740993`), []periskop.Process{}, "process 1: total 1 cannot be read: total_count is beyond 2^53"},
		"more history than all": {with(id + `,"total_count":3,"history_count":4`), []periskop.Process{}, "process 1: total 1 cannot be read: its history_count is no part of its total_count"},
		"a time that is none":   {with(id + `,"total_count":3,"created_at":"soon"`), []periskop.Process{}, "process 1: total 1 cannot be read: created_at cannot be read"},
		"a time of year 9999":   {with(id + `,"total_count":3,"created_at":"9999-12-31T23:59:59-23:59"`), []periskop.Process{}, "process 1: total 1 cannot be read: created_at cannot be read"},
		"broken within":         {`[{"target_uuid" "p"}]`, []periskop.Process{}, "process 1: the body is not JSON"},
		"the others are read":   {`[7,{"address":"a:1"},{"totals":7}]`, []periskop.Process{{Address: "a:1"}}, "process 1: it is a number, not an object"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := periskop.Decode([]byte(`{"processes":` + tc.processes + `,"aggregated_errors":[]}`))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.Processes, tc.want); diff != "" {
				t.Errorf("processes (-got +want):\n%s", diff)
			}
			if (r.Skipped > 0) != (tc.err != "") || tc.err != "" && !strings.HasPrefix(r.SkippedErr.Error(), tc.err) {
				t.Errorf("got %d skipped with %v, want %q", r.Skipped, r.SkippedErr, tc.err)
			}
		})
	}
}

// TestProcessesMemory: what any target may send as processes takes no multiple of its bytes.
func TestProcessesMemory(t *testing.T) {
	for name, tc := range map[string]struct{ begin, piece, end string }{
		"empty totals":    {`[{"target_uuid":"p","totals":[`, `{},`, `{}]}]`},
		"empty processes": {`[`, `{},`, `{}]`},
		"tiny processes":  {`[`, `{"address":"a"},`, `{"address":"a"}]`},
	} {
		body := []byte(`{"aggregated_errors":[],"processes":` + tc.begin + strings.Repeat(tc.piece, 6_000_000/len(tc.piece)) + tc.end + `}`)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := periskop.Decode(body); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 60<<20 {
			t.Errorf("%s: %d bytes were allocated for %d", name, got, len(body))
		}
	}
}
