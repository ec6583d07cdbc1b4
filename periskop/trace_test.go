package periskop_test

import (
	"encoding/hex"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestTrace(t *testing.T) {
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	h := func(pairs ...string) (list []periskop.Header) {
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, periskop.Header{Name: pairs[i], Value: pairs[i+1]})
		}
		return list
	}
	tests := []struct {
		name        string
		headers     []periskop.Header
		trace, span string
		sampled     bool
	}{
		{"none", h("Accept", "x"), "", "", false},
		{"W3C", h("Traceparent", "00-"+trace+"-"+span+"-01"), trace, span, true},
		{"W3C of a later version", h("traceparent", "01-"+trace+"-"+span+"-00-more"), trace, span, false},
		{"W3C with too much", h("traceparent", "00-"+trace+"-"+span+"-00-more"), "", "", false},
		{"W3C in upper case", h("traceparent", "00-4BF92F3577B34DA6A3CE929D0E0E4736-"+span+"-01"), "", "", false},
		{"W3C of zeros", h("traceparent", "00-00000000000000000000000000000000-"+span+"-01"), "", "", false},
		{"W3C that is short", h("traceparent", "00-"+trace), "", "", false},
		{"B3, one header", h("b3", trace+"-"+span+"-1-05e3ac9a4f6e3b90"), trace, span, true},
		{"B3 that only denies", h("b3", "0"), "", "", false},
		{"B3, several", h("X-B3-TraceId", "a3ce929d0e0e4736", "X-B3-SpanId", span, "X-B3-Sampled", "1"), "0000000000000000a3ce929d0e0e4736", span, true},
		{"B3 that is no number", h("X-B3-TraceId", "<script>", "X-B3-SpanId", span), "", "", false},
		{"W3C before B3", h("b3", "a3ce929d0e0e4736-"+span, "traceparent", "00-"+trace+"-"+span+"-00"), trace, span, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := (&periskop.HTTPContext{Headers: tt.headers}).Trace()
			if got.IsValid() != (tt.trace != "") || got.IsValid() && (hex.EncodeToString(got.TraceID[:]) != tt.trace || hex.EncodeToString(got.SpanID[:]) != tt.span || got.Sampled != tt.sampled) {
				t.Errorf("got %+v", got)
			}
		})
	}
	if (*periskop.HTTPContext)(nil).Trace().IsValid() {
		t.Error("no request is part of a trace")
	}
}
