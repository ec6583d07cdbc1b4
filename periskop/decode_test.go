package periskop_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A capture is what the manifests beside the payloads say of one of them.
type capture struct {
	File       string `json:"file"`
	KeysServed int    `json:"keys_served"`
	Distinct   int    `json:"distinct_key_strings"`
	Sum        uint64 `json:"sum_total_count"`
	TargetUUID string `json:"target_uuid"`
	dir        string
}

func (c *capture) read(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(c.dir, c.File))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// captures returns every recorded answer of the real client libraries.
func captures(t testing.TB) []capture {
	t.Helper()
	dirs, err := filepath.Glob("testdata/payloads/*")
	if err != nil {
		t.Fatal(err)
	}
	var all []capture
	for _, dir := range dirs {
		manifests, err := filepath.Glob(filepath.Join(dir, "MANIFEST.json"))
		if err != nil {
			t.Fatal(err)
		}
		if sequences, _ := filepath.Glob(filepath.Join(dir, filepath.Base(dir)+"*.json")); len(manifests) == 0 {
			for _, f := range sequences {
				if !strings.ContainsAny(strings.TrimPrefix(filepath.Base(f), filepath.Base(dir)), "0123456789") {
					manifests = append(manifests, f)
				}
			}
		}
		for _, m := range manifests {
			all = append(all, readManifest(t, m)...)
		}
	}
	if len(all) < 300 {
		t.Fatalf("only %d captures below testdata/payloads", len(all))
	}
	return all
}

func readManifest(t testing.TB, path string) []capture {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []capture
	if err := json.Unmarshal(b, &list); err != nil {
		var sequence struct{ Captures []capture }
		if err := json.Unmarshal(b, &sequence); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		list = sequence.Captures
	}
	list = slices.DeleteFunc(list, func(c capture) bool { return c.File == "" }) // an event, such as a restart
	for i := range list {
		list[i].dir = filepath.Dir(path)
		list[i].TargetUUID = strings.TrimPrefix(list[i].TargetUUID, "(missing)")
	}
	return list
}

// unusable are the captures in which a client served nothing that can be read.
func unusable(file string) bool {
	for _, scenario := range []string{"marshal-failure", "invalid-bytes", "too-deep", "circular"} {
		if strings.HasPrefix(file, scenario) {
			return true
		}
	}
	return false
}

func TestDecodeCaptures(t *testing.T) {
	for _, c := range captures(t) {
		t.Run(filepath.Base(c.dir)+"/"+c.File, func(t *testing.T) {
			r, err := periskop.Decode(c.read(t))
			if unusable(c.File) {
				if err == nil {
					t.Fatal("no error for a body without a report")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := summarize(r)
			got.File, got.dir = c.File, c.dir
			if diff := cmp.Diff(got, c, cmp.AllowUnexported(capture{})); diff != "" {
				t.Errorf("report against manifest (-got +want):\n%s", diff)
			}
			if r.Skipped != 0 {
				t.Errorf("%d aggregates skipped: %v", r.Skipped, r.SkippedErr)
			}
		})
	}
}

func summarize(r *periskop.Report) capture {
	c := capture{KeysServed: len(r.Aggregates), TargetUUID: r.TargetUUID}
	keys := map[string]bool{}
	for _, a := range r.Aggregates {
		keys[a.Key] = true
		c.Sum += a.TotalCount
	}
	c.Distinct = len(keys)
	return c
}

// TestDecodeLosesNothing holds every decoded occurrence against what another JSON
// library reads from the same bytes: each scalar must come through as text.
func TestDecodeLosesNothing(t *testing.T) {
	for _, c := range captures(t) {
		body := c.read(t)
		if unusable(c.File) {
			continue
		}
		t.Run(filepath.Base(c.dir)+"/"+c.File, func(t *testing.T) {
			r, err := periskop.Decode(body)
			if err != nil {
				t.Fatal(err)
			}
			d := json.NewDecoder(strings.NewReader(strings.NewReplacer(": NaN", `: "NaN"`, ": Infinity", `: "Infinity"`).Replace(string(body))))
			d.UseNumber()
			var want struct {
				Aggregates []struct {
					Latest    []map[string]any `json:"latest_errors"`
					CreatedAt string           `json:"created_at"`
				} `json:"aggregated_errors"`
			}
			if err := d.Decode(&want); err != nil {
				t.Fatal(err)
			}
			for i, a := range want.Aggregates {
				if got, want := !r.Aggregates[i].CreatedAt.IsZero(), a.CreatedAt != "" && !strings.HasPrefix(a.CreatedAt, "0001"); got != want {
					t.Errorf("aggregate %d has created_at: got %t, want %t", i, got, want)
				}
				occurrences := r.Aggregates[i].Latest.Decode(nil)
				if got, want := len(occurrences), len(a.Latest); got != want {
					t.Fatalf("aggregate %d: %d occurrences, want %d", i, got, want)
				}
				for j, o := range occurrences {
					got := string(periskop.EncodeOccurrences([]periskop.Occurrence{o}))
					for _, s := range scalars(a.Latest[j], "") {
						quoted, err := json.Marshal(s)
						if err != nil {
							t.Fatal(err)
						}
						if !strings.Contains(got, strings.Trim(string(quoted), `"`)) && !strings.Contains(got, quotedTwice(s)) {
							t.Errorf("aggregate %d, occurrence %d: %q is lost in\n%s", i, j, s, got)
						}
					}
				}
			}
		})
	}
}

func quotedTwice(s string) string {
	once, _ := json.Marshal(s)
	twice, _ := json.Marshal(string(once))
	return strings.Trim(string(twice), `"`)
}

// scalars returns the texts in v, but for times, which are compared as times, and
// the UUID of nobody.
func scalars(v any, name string) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			out = append(out, scalars(member, name)...)
		}
	case []any:
		for _, e := range v {
			out = append(out, scalars(e, "")...)
		}
	case string:
		if name != "timestamp" && strings.Trim(v, "0-") != "" {
			out = append(out, v)
		}
	case json.Number:
		out = append(out, v.String())
	}
	return out
}

func TestDecodeRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ body, want string }{
		"nothing":                {"", "the body is empty"},
		"white space":            {" \r\n", "the body is empty"},
		"a page":                 {"<!DOCTYPE html><html>", "HTML"},
		"a list":                 {"[]", `begins with "[]"`},
		"null":                   {"null", "begins with"},
		"text":                   {"Internal Server Error", `begins with "Internal Server Erro"`},
		"another JSON":           {`{"error":"not found"}`, "without aggregated_errors"},
		"cut off":                {`{"target_uuid":"u","aggregated_errors":[{"aggregation_key":"k","total_co`, "not JSON from byte"},
		"cut off after the list": {`{"aggregated_errors":[]`, "not JSON from byte 23 on"},
		"two answers":            {`{"aggregated_errors":[]}{"aggregated_errors":[]}`, "more data after the report, from byte 24 on"},
		"trailing text":          {`{"aggregated_errors":[]} x`, "more data after the report"},
		"aggregates a string":    {`{"aggregated_errors":"x"}`, "aggregated_errors is a text, not a list"},
		"aggregates a number":    {`{"aggregated_errors":7}`, "aggregated_errors is a number, not a list"},
		"Python's str":           {`{'aggregated_errors': []}`, "Python's json.dumps"},
		"only commas":            {`{"aggregated_errors":[,]}`, "not JSON from byte 22 on"},
		"bare word":              {`{"aggregated_errors":[None]}`, "not JSON from byte 22 on"},
		"NaN and cut off":        {`{"a":NaN,"aggregated_errors":[`, "not JSON from byte"},
		"nested without end":     {`{"aggregated_errors":` + strings.Repeat("[", 100_000), "deeper than 10000 levels"},
		"wrong bracket":          {`{"x":[{]},"aggregated_errors":[]}`, "not JSON from byte 7 on"},
		"bare bytes":             {"{\"x\":[\x01],\"aggregated_errors\":[]}", "not JSON from byte 6 on"},
		"trailing NUL":           {"{\"aggregated_errors\":[]}\x00", "more data after the report"},
		"no colon":               {`{"aggregated_errors" []}`, "a colon is expected"},
		"no name":                {`{aggregated_errors:[]}`, "a member's name is expected"},
		"no comma":               {`{"x":1 "aggregated_errors":[]}`, "a comma or } is expected"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := periskop.Decode([]byte(tc.body))
			if err == nil {
				t.Fatalf("got report %+v, want an error", r)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %q, want one with %q", err, tc.want)
			}
		})
	}
}

func TestDecodeReadsWhatIsSound(t *testing.T) {
	created := time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC)
	aggregate := func(member string) string { return `{"aggregated_errors":[{"aggregation_key":"k",` + member + `}]}` }
	want := func(change func(*periskop.Aggregate)) *periskop.Report {
		a := periskop.Aggregate{Key: "k", TotalCount: 2, Severity: "error"}
		change(&a)
		return &periskop.Report{Aggregates: []periskop.Aggregate{a}}
	}
	as := func(key string) func(*periskop.Aggregate) { return func(a *periskop.Aggregate) { a.Key = key } }
	same := func(*periskop.Aggregate) {}
	at := func(t time.Time) func(*periskop.Aggregate) { return func(a *periskop.Aggregate) { a.CreatedAt = t } }
	for name, tc := range map[string]struct {
		body string
		want *periskop.Report
	}{
		"null list":             {`{"aggregated_errors":null}`, &periskop.Report{}},
		"byte order mark":       {"\ufeff" + `{"aggregated_errors":[]}`, &periskop.Report{}},
		"uuid a number":         {`{"target_uuid":7,"aggregated_errors":[]}`, &periskop.Report{TargetUUID: "7"}},
		"uuid false":            {`{"target_uuid":false,"aggregated_errors":[]}`, &periskop.Report{}},
		"uuid NaN":              {`{"target_uuid":NaN,"aggregated_errors":[]}`, &periskop.Report{}},
		"uuid an object":        {`{"target_uuid":{"a":1},"aggregated_errors":[]}`, &periskop.Report{TargetUUID: `{"a":1}`}},
		"uuid null":             {`{"target_uuid":null,"aggregated_errors":[]}`, &periskop.Report{}},
		"unknown members":       {`{"x":[{"y":null}],"aggregated_errors":[{"aggregation_key":"k","z":{},"total_count":2}]}`, want(same)},
		"escaped member name":   {`{"aggregated_errors":[{"aggregation_\u006bey":"k","total_count":2}]}`, want(same)},
		"a list given twice":    {`{"aggregated_errors":[{"aggregation_key":"x","total_count":1}],"aggregated_errors":[{"aggregation_key":"k","total_count":2}]}`, want(same)},
		"a member given twice":  {aggregate(`"total_count":9,"total_count":2`), want(same)},
		"count as float":        {aggregate(`"total_count":2.0`), want(same)},
		"count with exponent":   {aggregate(`"total_count":0.2e1`), want(same)},
		"count as string":       {aggregate(`"total_count":"2"`), want(same)},
		"severity null":         {aggregate(`"total_count":2,"severity":null`), want(same)},
		"created_at zero":       {aggregate(`"total_count":2,"created_at":"0001-01-01T00:00:00Z"`), want(same)},
		"comma too many":        {`{"aggregated_errors":[{"aggregation_key":"k","total_count":2,},],}`, want(same)},
		"created_at no zone":    {aggregate(`"total_count":2,"created_at":"2026-11-22T07:00:00"`), want(at(created))},
		"created_at short zone": {aggregate(`"total_count":2,"created_at":"2026-11-22T08:00:00.000+0100"`), want(at(created))},
		"created_at zone name":  {aggregate(`"total_count":2,"created_at":"2026-11-22T08:00:00+01:00[Europe/Berlin]"`), want(at(created))},
		"key a number":          {`{"aggregated_errors":[{"aggregation_key":7,"total_count":2}]}`, want(as("7"))},
		"key empty":             {`{"aggregated_errors":[{"aggregation_key":"","total_count":2}]}`, want(as(""))},
		"key not UTF-8":         {"{\"aggregated_errors\":[{\"aggregation_key\":\"a\xff\",\"total_count\":2}]}", want(as("a\ufffd"))},
		"key with half a pair":  {`{"aggregated_errors":[{"aggregation_key":"a\ud83d","total_count":2}]}`, want(as("a\ufffd"))},
		"key with bare control": {"{\"aggregated_errors\":[{\"aggregation_key\":\"a\x01\\n\",\"total_count\":2}]}", want(as("a\x01\\n"))},
		"key, unknown escape":   {`{"aggregated_errors":[{"aggregation_key":"a\q\"","total_count":2}]}`, want(as(`a\q\"`))},
		"history":               {aggregate(`"history_count":3,"total_count":5`), want(func(a *periskop.Aggregate) { a.History = 3 })},
		"first_seen":            {aggregate(`"first_seen":"2026-11-22T07:00:00Z","total_count":2`), want(func(a *periskop.Aggregate) { a.FirstSeen = created })},
		"key with NUL":          {`{"aggregated_errors":[{"aggregation_key":"a\u0000","total_count":2}]}`, want(as("a\x00"))},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := periskop.Decode([]byte(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, tc.want); diff != "" {
				t.Errorf("report (-got +want):\n%s", diff)
			}
		})
	}
}

func TestDecodeSkipsOddAggregates(t *testing.T) {
	const sound = `{"aggregation_key":"sound","total_count":1}`
	for name, tc := range map[string]struct{ odd, want string }{
		"null":              {`null`, "aggregate 1: it is null, not an object"},
		"a list":            {`[{"aggregation_key":"x"}]`, "aggregate 1: it is a list, not an object"},
		"no key":            {`{"total_count":1}`, "aggregate 1: it has no aggregation_key"},
		"key false":         {`{"aggregation_key":false,"total_count":1}`, "aggregate 1: it has no aggregation_key"},
		"key null":          {`{"aggregation_key":null,"total_count":1}`, "aggregate 1: it has no aggregation_key"},
		"no count":          {`{"aggregation_key":"x"}`, "aggregate 1: it has no total_count"},
		"count null":        {`{"aggregation_key":"x","total_count":null}`, "total_count is null, not a number"},
		"count a word":      {`{"aggregation_key":"x","total_count":"many"}`, "total_count is a text that is no number"},
		"count negative":    {`{"aggregation_key":"x","total_count":-1}`, "total_count is not a whole number from zero on"},
		"count broken":      {`{"aggregation_key":"x","total_count":1.5}`, "total_count is not a whole number from zero on"},
		"count NaN":         {`{"aggregation_key":"x","total_count":NaN}`, "total_count is NaN, not a number"},
		"count infinite":    {`{"aggregation_key":"x","total_count":1e999}`, "total_count is beyond 2^53"},
		"count huge":        {`{"aggregation_key":"x","total_count":9007199254740993}`, "total_count is beyond 2^53"},
		"history too large": {`{"aggregation_key":"x","total_count":1,"history_count":2}`, "its history_count is no part of its total_count"},
		"count true":        {`{"aggregation_key":"x","total_count":true}`, "total_count is true, not a number"},
		"count a list":      {`{"aggregation_key":"x","total_count":[3]}`, "total_count is a list, not a number"},
		"count in hex":      {`{"aggregation_key":"x","total_count":"0x1p4"}`, "total_count is a text that is no number"},
		"history a word":    {`{"aggregation_key":"x","total_count":1,"history_count":"x"}`, "history_count is a text that is no number"},
		"bare word":         {`{"aggregation_key":"x","total_count":undefined}`, "aggregate 1: the body is not JSON from byte 59 on"},
		"no colon":          {`{"aggregation_key" "x","total_count":1}`, "aggregate 1: the body is not JSON from byte 41 on"},
		"count past int64":  {`{"aggregation_key":"x","total_count":123456789012345678901234567890}`, "total_count is beyond 2^53"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := periskop.Decode([]byte(`{"aggregated_errors":[` + tc.odd + `,` + sound + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Aggregates) != 1 || r.Aggregates[0].Key != "sound" {
				t.Errorf("got aggregates %+v, want the sound one", r.Aggregates)
			}
			if r.Skipped != 1 || !strings.Contains(r.SkippedErr.Error(), tc.want) {
				t.Errorf("got %d skipped with %v, want 1 with %q", r.Skipped, r.SkippedErr, tc.want)
			}
		})
	}
}

// TestDecodeTruncated cuts a report at every byte: it is an error each time, and
// never a report with other counts.
func TestDecodeTruncated(t *testing.T) {
	body, err := os.ReadFile("testdata/payloads/python/chained-a.json")
	if err != nil {
		t.Fatal(err)
	}
	body = bytes.TrimSpace(body)
	for i := range body {
		if _, err := periskop.Decode(body[:i]); err == nil {
			t.Fatalf("no error for the first %d of %d bytes", i, len(body))
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	body, err := os.ReadFile("testdata/payloads/scala/many-keys-a.json")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("totals only", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := periskop.Decode(body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("with occurrences", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			r, err := periskop.Decode(body)
			if err != nil {
				b.Fatal(err)
			}
			for i := range r.Aggregates {
				r.Aggregates[i].Latest.Decode(nil)
			}
		}
	})
}
