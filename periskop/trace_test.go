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
		{"W3C of no version", h("traceparent", "ff-"+trace+"-"+span+"-01"), "", "", false},
		{"W3C without a span", h("traceparent", "00-"+trace+"-0000000000000000-01"), "", "", false},
		{"W3C that is short", h("traceparent", "00-"+trace), "", "", false},
		{"B3, one header", h("b3", trace+"-"+span+"-1-05e3ac9a4f6e3b90"), trace, span, true},
		{"B3, one header, of 64 bits", h("B3", "a3ce929d0e0e4736-"+span+"-0"), "0000000000000000a3ce929d0e0e4736", span, false},
		{"B3, one header, in upper case", h("b3", "4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-d"), trace, span, true},
		{"B3, one header, undecided", h("b3", trace+"-"+span), trace, span, false},
		{"B3 that only denies", h("b3", "0"), "", "", false},
		{"B3, one header, cut short", h("b3", trace[:31]+"-"+span+"-1"), "", "", false},
		{"B3, one header, of zeros", h("b3", "0000000000000000-"+span+"-1"), "", "", false},
		{"B3, several", h("X-B3-TraceId", "a3ce929d0e0e4736", "X-B3-SpanId", span, "X-B3-Sampled", "1"), "0000000000000000a3ce929d0e0e4736", span, true},
		{"B3, several, of 128 bits", h("x-b3-traceid", trace, "x-b3-spanid", span, "x-b3-sampled", "0"), trace, span, false},
		{"B3, several, in upper case", h("X-B3-TRACEID", "4BF92F3577B34DA6A3CE929D0E0E4736", "X-B3-SPANID", "00F067AA0BA902B7", "X-B3-FLAGS", "1"), trace, span, true},
		{"B3, several, without a span", h("X-B3-TraceId", trace), trace, "0000000000000000", false},
		{"B3, several, with a span that is none", h("X-B3-TraceId", trace, "X-B3-SpanId", "7"), trace, "0000000000000000", false},
		{"B3, several, of 17 digits", h("X-B3-TraceId", "0a3ce929d0e0e4736", "X-B3-SpanId", span), "", "", false},
		{"B3 that is no number", h("X-B3-TraceId", "<script>", "X-B3-SpanId", span), "", "", false},
		{"B3, several, where the one header is no good", h("b3", "x-y", "X-B3-TraceId", trace, "X-B3-SpanId", span), trace, span, false},
		{"B3 where W3C is no good", h("traceparent", "00-"+trace, "b3", trace+"-"+span+"-1"), trace, span, true},
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
