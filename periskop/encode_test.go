package periskop_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestEncode(t *testing.T) {
	created := time.Date(2026, 11, 22, 8, 0, 0, 5, time.FixedZone("", 3600))
	r := &periskop.Report{TargetUUID: "u", Aggregates: []periskop.Aggregate{
		{Key: "a<b>&c", TotalCount: 3, Severity: "warning", CreatedAt: created, Latest: periskop.EncodeOccurrences([]periskop.Occurrence{{
			UUID: "o", Timestamp: created, Severity: "warning",
			Error: periskop.Exception{Class: "C", Message: "m", Cause: &periskop.Exception{Message: "why", Stacktrace: []string{"f"}}},
			HTTPContext: &periskop.HTTPContext{Method: "GET", URL: "/x", Body: "b", Headers: []periskop.Header{
				{Name: "Accept", Value: "a"}, {Name: "Accept", Value: "b"},
			}},
		}})},
		{Key: "bare", TotalCount: 1, Severity: "error"},
	}}
	const want = `{"target_uuid":"u","aggregated_errors":[` +
		`{"aggregation_key":"a<b>&c","total_count":3,"severity":"warning","created_at":"2026-11-22T07:00:00.000000005Z","latest_errors":[` +
		`{"error":{"class":"C","message":"m","stacktrace":[],"cause":{"class":"","message":"why","stacktrace":["f"],"cause":null}},` +
		`"uuid":"o","timestamp":"2026-11-22T07:00:00.000000005Z","severity":"warning",` +
		`"http_context":{"request_method":"GET","request_url":"/x","request_headers":{"Accept":"a, b"},"request_body":"b"}}]},` +
		`{"aggregation_key":"bare","total_count":1,"severity":"error","latest_errors":[]}]}` + "\n"
	var b bytes.Buffer
	if err := periskop.Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), want); diff != "" {
		t.Errorf("encoded (-got +want):\n%s", diff)
	}
}

func TestOccurrenceWithoutUUID(t *testing.T) {
	const first = `{"timestamp":"2026-11-22T07:00:00Z","error":{"message":"one"}}`
	const second = `{"uuid":"00000000-0000-0000-0000-000000000000","error":{"message":"two"}}`
	one := periskop.RawOccurrences("[" + first + ", " + second + "]").Decode(nil)
	other := periskop.RawOccurrences("[ " + second + "," + first + "]").Decode(nil)
	if one[0].UUID == one[1].UUID || one[0].UUID == "" {
		t.Errorf("got UUIDs %q and %q, want two", one[0].UUID, one[1].UUID)
	}
	if one[0].UUID != other[1].UUID || one[1].UUID != other[0].UUID {
		t.Error("the UUID depends on the place in the list")
	}
}

func TestDecodeOddOccurrences(t *testing.T) {
	for name, tc := range map[string]struct {
		raw  string
		want []periskop.Occurrence
	}{
		"null":         {`null`, nil},
		"an object":    {`{"uuid":"u"}`, []periskop.Occurrence{{UUID: "u"}}},
		"odd elements": {`[null,7,{"uuid":"u"},"",[]]`, []periskop.Occurrence{{UUID: "u"}}},
		"error a string": {
			`[{"uuid":"u","error":"it broke"}]`,
			[]periskop.Occurrence{{UUID: "u", Error: periskop.Exception{Message: "it broke"}}},
		},
		"message an object, stack a string, cause a string": {
			`[{"uuid":"u","error":{"class":null,"message":{"code":7},"stacktrace":"a\nb\n","cause":"why"}}]`,
			[]periskop.Occurrence{{UUID: "u", Error: periskop.Exception{
				Message: `{"code":7}`, Stacktrace: []string{"a", "b"}, Cause: &periskop.Exception{Message: "why"},
			}}},
		},
		"cause empty": {
			`[{"uuid":"u","error":{"message":"m","cause":{}}}]`,
			[]periskop.Occurrence{{UUID: "u", Error: periskop.Exception{Message: "m"}}},
		},
		"headers as pairs and lists": {
			`[{"uuid":"u","http_context":{"request_headers":[["A","b"],["A","c","d"],"E",[]],"request_body":[1, 2]}}]`,
			[]periskop.Occurrence{{UUID: "u", HTTPContext: &periskop.HTTPContext{Body: "[1, 2]", Headers: []periskop.Header{
				{Name: "A", Value: "b"}, {Name: "A", Value: "c, d"}, {Value: "E"},
			}}}},
		},
		"header values of other types": {
			`[{"uuid":"u","http_context":{"request_headers":{"n":12,"t":true,"null":null,"l":["a","b"],"o":{"x":1}}}}]`,
			[]periskop.Occurrence{{UUID: "u", HTTPContext: &periskop.HTTPContext{Headers: []periskop.Header{
				{Name: "n", Value: "12"},
				{Name: "t", Value: "true"},
				{Name: "null"},
				{Name: "l", Value: "a"},
				{Name: "l", Value: "b"},
				{Name: "o", Value: `{"x":1}`},
			}}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(periskop.RawOccurrences(tc.raw).Decode(nil), tc.want); diff != "" {
				t.Errorf("occurrences (-got +want):\n%s", diff)
			}
		})
	}
}

// TestDeepCauses is linear in time and does not run out of stack.
func TestDeepCauses(t *testing.T) {
	const depth = 5000
	e := &periskop.Exception{Message: "innermost"}
	for range depth {
		e = &periskop.Exception{Message: "m", Cause: e}
	}
	got := periskop.EncodeOccurrences([]periskop.Occurrence{{UUID: "u", Error: *e}}).Decode(nil)
	n := 0
	for c := got[0].Error.Cause; c != nil; c = c.Cause {
		n++
	}
	if n != depth {
		t.Errorf("got %d causes, want %d", n, depth)
	}
}
