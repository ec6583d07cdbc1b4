package export

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestRecord sends one occurrence that has everything, and looks at what arrives.
func TestRecord(t *testing.T) {
	e := &engine{}
	s := newSetup(t, e)
	it := merge.ExportItem{Seq: 1, Service: "shop", ID: 0xabc, Key: "PayError@1", Occurrence: periskop.Occurrence{
		UUID: "5d9893c6-51d6-11ea-8aad-f894c260afe5", Timestamp: noon, Severity: "warning", Instance: "10.0.0.1:8080",
		Labels: periskop.NewLabels(map[string]string{"version": "v1.2"}),
		Error: periskop.Exception{
			Class: "PayError", Message: "card <declined>", Stacktrace: []string{"\tat a.B.c(B.java:1)", "\tat a.B.d(B.java:2)"},
			Cause: &periskop.Exception{Class: "IOError", Message: "reset", Stacktrace: []string{"\tat a.IO.r(IO.java:3)"}},
		},
		HTTPContext: &periskop.HTTPContext{
			Method: "post", URL: "https://shop.example.org/pay?id=1", Body: `{"a":1}`,
			Headers: []periskop.Header{{Name: "Accept", Value: "a"}, {Name: "accept", Value: "b"}, {Name: "Traceparent", Value: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}},
		},
	}}
	s.Put([]merge.ExportItem{it}, 0)
	s.run()
	r := e.got[0]
	want := map[string]string{
		"exception.type": "PayError", "exception.message": "card <declined>",
		"exception.stacktrace":  "\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)\nCaused by: IOError: reset\n\tat a.IO.r(IO.java:3)",
		"log.record.uid":        "5d9893c6-51d6-11ea-8aad-f894c260afe5",
		"periskop.exception_id": "0000000000000abc", "periskop.aggregation_key": "PayError@1",
		"service.instance.id": "10.0.0.1:8080", "periskop.target.version": "v1.2",
		"http.request.method": "POST", "url.full": "https://shop.example.org/pay?id=1", "url.scheme": "https", "url.path": "/pay", "url.query": "id=1",
		"periskop.http_request_body": `{"a":1}`, "http.request.header.accept": "a|b|",
		"http.request.header.traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01|",
	}
	if diff := cmp.Diff(attributes(r), want); diff != "" {
		t.Errorf("attributes: got -, want +\n%s", diff)
	}
	got := []any{r.TimeUnixNano, r.SeverityNumber, r.SeverityText, r.Body.GetStringValue(), r.EventName, hex.EncodeToString(r.TraceId), hex.EncodeToString(r.SpanId), r.Flags}
	if diff := cmp.Diff(got, []any{
		uint64(noon.UnixNano()), logs.SeverityNumber_SEVERITY_NUMBER_WARN, "warning", "PayError: card <declined>", "exception",
		"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", uint32(1),
	}); diff != "" {
		t.Errorf("record: got -, want +\n%s", diff)
	}
	if resource := e.requests[0].Resource.Attributes; len(resource) != 1 || resource[0].Key != "service.name" || resource[0].Value.GetStringValue() != "shop" {
		t.Errorf("the resource is %v", resource)
	}
}

func TestSeverities(t *testing.T) {
	for _, severity := range periskop.Severities() {
		want := map[string]int{"debug": 5, "info": 9, "warning": 13, "error": 17, "critical": 18, "fatal": 21}[severity]
		if got := int(severityOf(severity)); got != want {
			t.Errorf("%s is %d, want %d", severity, got, want)
		}
	}
}

// TestStacktraceOfPython has the cause first, unless Python's own traceback has it already.
func TestStacktraceOfPython(t *testing.T) {
	x := &periskop.Exception{
		Class: "ValueError", Stacktrace: []string{"Traceback (most recent call last):", `  File "a.py", line 1, in a`, "ValueError: a"},
		Cause: &periskop.Exception{Class: "KeyError", Stacktrace: []string{"Traceback (most recent call last):", `  File "b.py", line 1, in b`, "KeyError: b"}},
	}
	const both = "Traceback (most recent call last):\n  File \"b.py\", line 1, in b\nKeyError: b\n\n" +
		"The above exception was the direct cause of the following exception:\n\n" +
		"Traceback (most recent call last):\n  File \"a.py\", line 1, in a\nValueError: a"
	if diff := cmp.Diff(stacktrace(x), both); diff != "" {
		t.Errorf("got -, want +\n%s", diff)
	}
	x.Stacktrace = strings.Split(both, "\n")
	if diff := cmp.Diff(stacktrace(x), both); diff != "" {
		t.Errorf("with the cause in it: got -, want +\n%s", diff)
	}
}

// TestRecordIsBounded sends what is as long as anything kept can be: less arrives than engines refuse.
func TestRecordIsBounded(t *testing.T) {
	long := strings.Repeat("ä", 100_000)
	x := periskop.Exception{Class: long, Message: long, Stacktrace: []string{long, long}}
	x.Cause = &x // as deep as it gets
	it := entry{ExportItem: merge.ExportItem{Service: "shop", Key: long, Occurrence: periskop.Occurrence{
		UUID: "u", Instance: long, Error: x, HTTPContext: &periskop.HTTPContext{Method: long, URL: "/" + long, Body: long},
	}}, at: noon}
	for i := range 1000 {
		it.HTTPContext.Headers = append(it.HTTPContext.Headers, periskop.Header{Name: strings.Repeat("x", i%50+1), Value: long[:100]})
	}
	var made records
	r := made.of([]entry{it})[0]
	size, n := 0, 0
	r.WalkAttributes(func(a attribute.KeyValue) bool {
		size += len(a.Key) + len(a.Value.String())
		n++
		if a.Key == "exception.stacktrace" && (len(a.Value.AsString()) > maxStacktrace || !strings.HasSuffix(a.Value.AsString(), cutMark)) {
			t.Errorf("the stack trace has %d bytes", len(a.Value.AsString()))
		}
		return true
	})
	if size > 64<<10 || n >= 128 { // what Loki takes beside a line
		t.Errorf("%d attributes of %d bytes", n, size)
	}
}

// TestRecordOfB3 has the trace of B3's headers, of which the span may be unknown.
func TestRecordOfB3(t *testing.T) {
	var r records
	for _, tt := range []struct {
		name, value, trace, span string
		sampled                  bool
	}{
		{"b3", "A3CE929D0E0E4736-00F067AA0BA902B7-1", "0000000000000000a3ce929d0e0e4736", "00f067aa0ba902b7", true},
		{"X-B3-TraceId", "4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4736", "0000000000000000", false},
		{"X-B3-TraceId", "none", "00000000000000000000000000000000", "0000000000000000", false},
	} {
		it := merge.ExportItem{Service: "shop", Occurrence: periskop.Occurrence{
			UUID: "a", HTTPContext: &periskop.HTTPContext{Headers: []periskop.Header{{Name: tt.name, Value: tt.value}}},
		}}
		list := r.of([]entry{{ExportItem: it, at: noon}})
		if got := list[0]; got.TraceID().String() != tt.trace || got.SpanID().String() != tt.span || got.TraceFlags().IsSampled() != tt.sampled {
			t.Errorf("%s: %s is the trace %s, span %s, sampled %v", tt.name, tt.value, got.TraceID(), got.SpanID(), got.TraceFlags().IsSampled())
		}
	}
}
