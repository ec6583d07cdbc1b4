package periskop_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

const size = 256 << 10

// huge are occurrences that are too long, each in another way.
func huge() map[string]string {
	text := func(piece string) string { return strings.Repeat(piece, 1_200_000/len(piece)) }
	list := func(element string) string { return "[" + strings.TrimSuffix(text(element+","), ",") + "]" }
	chain := func(n int, class string) string {
		return strings.Repeat(`{"class":"`+class+`","message":"why","cause":`, n) + "null" + strings.Repeat("}", n)
	}
	return map[string]string{
		"message":              `{"error":{"message":"` + text("INSERT INTO t VALUES (1,2,3), ") + `"}}`,
		"message of one word":  `{"error":{"message":"` + text("x") + `"}}`,
		"message of escapes":   `{"error":{"message":"` + text(`\ud83d\ude00\n\u00e9\\`) + `"}}`,
		"message not UTF-8":    `{"error":{"message":"` + text("\xff") + `"}}`,
		"message an object":    `{"error":{"message":` + list(`{"a":1}`) + `}}`,
		"class":                `{"error":{"class":"` + text("com.acme.") + `"}}`,
		"frames":               `{"error":{"stacktrace":` + list(`"app/models/node.rb:3:in 'children'"`) + `}}`,
		"frames that are long": `{"error":{"stacktrace":["f","` + text("x") + `","g","` + text("y") + `"]}}`,
		"one frame":            `{"error":{"stacktrace":["` + text("x") + `"]}}`,
		"empty frames":         `{"error":{"stacktrace":` + list(`""`) + `}}`,
		"numbers as frames":    `{"error":{"stacktrace":` + list(`1`) + `}}`,
		"nulls as frames":      `{"error":{"stacktrace":` + list(`null`) + `}}`,
		"objects as frames":    `{"error":{"stacktrace":` + list(`{"file":"A","line":1,"function":"f"}`) + `}}`,
		"a frame of a list":    `{"error":{"stacktrace":[` + list(`"f"`) + `]}}`,
		"stack one text":       `{"error":{"stacktrace":"` + text(`\tat com.acme.Pay.pay(Pay.java:12)\n`) + `"}}`,
		"stack of line breaks": `{"error":{"stacktrace":"` + text(`\n`) + `x"}}`,
		"stack of one line":    `{"error":{"stacktrace":"` + text(`x`) + `"}}`,
		"stack of backslashes": `{"error":{"stacktrace":"` + text(`\\`) + `"}}`,
		"causes":               `{"error":` + chain(9990, "C") + `}`,
		"causes of long names": `{"error":` + chain(500, strings.Repeat("C", 5000)) + `}`,
		"a list of causes":     `{"error":{"message":"m","cause":` + list(`{"message":"why"}`) + `}}`,
		"texts as causes":      `{"error":{"message":"m","cause":` + list(`"why"`) + `}}`,
		"URL":                  `{"http_context":{"request_url":"https://x/?` + text("a=b&") + `"}}`,
		"method":               `{"http_context":{"request_method":"` + text("GET") + `"}}`,
		"body":                 `{"http_context":{"request_body":"` + text(`{\"a\":\"b\"},`) + `"}}`,
		"headers":              `{"http_context":{"request_headers":` + list(`["X-A","v"]`) + `}}`,
		"headers, empty pairs": `{"http_context":{"request_headers":` + list(`[]`) + `}}`,
		"headers in turn":      `{"http_context":{"request_headers":` + list(`"a","b"`) + `}}`,
		"headers in one text":  `{"http_context":{"request_headers":"` + text(`a:b\n`) + `"}}`,
		"one folded header":    `{"http_context":{"request_headers":"a:b\n` + text(` c\n`) + `"}}`,
		"one pair":             `{"http_context":{"request_headers":[` + list(`"a"`) + `]}}`,
		"a header value":       `{"http_context":{"request_headers":{"Accept":"x","X":"` + text("v") + `"}}}`,
		"a header name":        `{"http_context":{"request_headers":{"` + text("v") + `":"x"}}}`,
		"context one text":     `{"http_context":"` + text("v") + `"}`,
		"all":                  `{"error":{"class":"C","message":"` + text("m ") + `","stacktrace":` + list(`"f"`) + `},"http_context":{"request_url":"` + text("u/") + `","request_body":"` + text("b ") + `"}}`,
		"instance":             `{"instance":"` + text("host") + `"}`,
		"UUID":                 `{"uuid":"` + text("0a") + `"}`,
		"unknown members":      `{"x":"` + text("x") + `","error":{"message":"m"}}`,
		"unknown names":        `{"` + text("x") + `":1,"error":{"message":"m"}}`,
		"deep and unknown":     `{"x":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `,"error":{"message":"m"}}`,
	}
}

// TestSize holds every occurrence to its bound, with a note in it of what is missing, and
// what was cut once is not cut again, by the next exporter or after a start.
func TestSize(t *testing.T) {
	whole := map[string]bool{"UUID": true, "unknown members": true, "unknown names": true, "deep and unknown": true, "nulls as frames": true, "headers, empty pairs": true}
	for name, raw := range huge() {
		t.Run(name, func(t *testing.T) {
			s := periskop.Selection{Most: 10, Size: size}
			got := s.Decode(periskop.RawOccurrences("[" + raw + "]"))
			if len(got.Occurrences) != 1 || got.Err != nil {
				t.Fatalf("got %d occurrences and error %v, want one", len(got.Occurrences), got.Err)
			}
			o := got.Occurrences[0]
			if n := o.Size(); n > size || len(o.UUID) > 64 || len(o.Instance) > 2000 {
				t.Errorf("got %d bytes, want at most %d", n, size)
			}
			packed := periskop.PackOccurrences(got.Occurrences)
			if got, want := strings.Contains(string(packed), "cut by periskop_exporter"), !whole[name]; got != want {
				t.Errorf("it says that it was cut: %t, want %t", got, want)
			}
			if !utf8.Valid(packed) || !json.Valid(packed) {
				t.Error("it is not JSON any more")
			}
			if diff := cmp.Diff(s.Decode(packed).Occurrences, got.Occurrences); diff != "" {
				t.Errorf("it is another after a round trip (-got +want):\n%.2000s", diff)
			}
			var indented bytes.Buffer
			if err := json.Indent(&indented, packed, "", "  "); err != nil || indented.Len() > 10*size {
				t.Errorf("indented it has %d bytes, error %v", indented.Len(), err)
			}
		})
	}
}

// TestSizeOfBounds tries sizes of which one part alone takes a multiple.
func TestSizeOfBounds(t *testing.T) {
	for name, raw := range huge() {
		for _, size := range []int{4 << 10, 20_000} {
			got := periskop.Selection{Size: size}.Decode(periskop.RawOccurrences("[" + raw + "]"))
			if n := got.Occurrences[0].Size(); n > size {
				t.Errorf("%s: got %d bytes, want at most %d", name, n, size)
			}
		}
	}
}

// TestSizeTransient: to read what is too long allocates no multiple of what is kept.
func TestSizeTransient(t *testing.T) {
	for name, raw := range huge() {
		list := periskop.RawOccurrences("[" + raw + "]")
		s := periskop.Selection{Most: 10, Size: size}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.Decode(list)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 30*size {
			t.Errorf("%s: %d bytes were allocated for one of %d bytes at most", name, got, size)
		}
	}
}

func TestCut(t *testing.T) {
	words := strings.Repeat("word ", 100)
	for name, tc := range map[string]struct {
		o    periskop.Occurrence
		size int
		want periskop.Occurrence
	}{
		"what fits stays": {
			periskop.Occurrence{Error: periskop.Exception{Message: words}},
			500,
			periskop.Occurrence{Error: periskop.Exception{Message: words}},
		},
		"a message ends with a word": {
			periskop.Occurrence{Error: periskop.Exception{Class: "C", Message: words}},
			120,
			periskop.Occurrence{Error: periskop.Exception{Class: "C", Message: strings.Repeat("word ", 17) + " … [cut by periskop_exporter]"}},
		},
		"the longest make room": {
			periskop.Occurrence{
				Error:       periskop.Exception{Message: words, Stacktrace: []string{"f", "g"}},
				HTTPContext: &periskop.HTTPContext{URL: "/x", Body: words},
			},
			236,
			periskop.Occurrence{
				Error:       periskop.Exception{Message: strings.Repeat("word ", 13) + " … [cut by periskop_exporter]", Stacktrace: []string{"f", "g"}},
				HTTPContext: &periskop.HTTPContext{URL: "/x", Body: strings.Repeat("word ", 13) + " … [cut by periskop_exporter]"},
			},
		},
		"lines from both ends": {
			periskop.Occurrence{Error: periskop.Exception{Stacktrace: strings.Split("a b c d e f g h i j k l m n o p q r s t u v w x y z", " ")}},
			76 + 8*17,
			periskop.Occurrence{Error: periskop.Exception{Stacktrace: []string{"a", "b", "c", "d", "e", "… [19 lines cut by periskop_exporter] …", "y", "z"}}},
		},
		"the first headers": {
			periskop.Occurrence{HTTPContext: &periskop.HTTPContext{Headers: []periskop.Header{{"A", "1"}, {"B", "2"}, {"C", "3"}, {"D", words}}}},
			108 + 3*34,
			periskop.Occurrence{HTTPContext: &periskop.HTTPContext{Headers: []periskop.Header{{"A", "1"}, {"B", "2"}, {"C", "3"}, {"…", "[1 headers cut by periskop_exporter]"}}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.o.Cut(tc.size)
			if diff := cmp.Diff(tc.o, tc.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// nested returns an exception whose message is 0, with that many causes 1, 2 and so on.
// Members come in any order.
func nested(causes int) string {
	var begin, end strings.Builder
	for i := range causes + 1 {
		if i%2 == 0 {
			fmt.Fprintf(&begin, `{"message":"%d","cause":`, i)
		} else {
			begin.WriteString(`{"cause":`)
		}
	}
	for i := causes; i >= 0; i-- {
		if i%2 == 1 {
			fmt.Fprintf(&end, `,"message":"%d"`, i)
		}
		end.WriteByte('}')
	}
	return begin.String() + "null" + end.String()
}

// TestCauses keeps the first causes and the last of a long chain, as the last is the root.
func TestCauses(t *testing.T) {
	for _, tc := range []struct{ causes, kept, left int }{
		{0, 0, 0}, {1, 1, 0}, {199, 199, 0}, {200, 200, 0}, {201, 200, 2}, {300, 200, 101}, {950, 200, 751}, {5000, 200, -1}, {9990, 200, -1},
	} {
		raw := nested(tc.causes)
		got := periskop.Selection{Size: size}.Decode(periskop.RawOccurrences(`[{"error":` + raw + `}]`)).Occurrences[0]
		var messages []string
		for e := got.Error.Cause; e != nil; e = e.Cause {
			messages = append(messages, e.Message)
		}
		if got.Error.Message != "0" || len(messages) != tc.kept && tc.left >= 0 || len(messages) > 201 {
			t.Errorf("%d causes: got %d of %q, want %d", tc.causes, len(messages), got.Error.Message, tc.kept)
		}
		if tc.left > 0 {
			if want := fmt.Sprintf("… [%d causes cut by periskop_exporter] …", tc.left); messages[150] != want || messages[149] != "150" {
				t.Errorf("%d causes: got %q and %q, want %q after 150", tc.causes, messages[149], messages[150], want)
			}
		}
		if last := messages[max(len(messages)-1, 0):]; tc.left >= 0 && len(last) == 1 && last[0] != fmt.Sprint(tc.causes) {
			t.Errorf("%d causes: the last is %q", tc.causes, last)
		}
		if tc.left < 0 && messages[len(messages)-1] != "… [further causes cut by periskop_exporter]" {
			t.Errorf("%d causes: the last is %q", tc.causes, messages[len(messages)-1])
		}
	}
}

// TestManyAggregates bounds what a report of tiny aggregates takes.
func TestManyAggregates(t *testing.T) {
	const n = 100_500
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,{"aggregation_key":"%d","total_count":1}`, i)
	}
	r, err := periskop.Decode([]byte(`{"aggregated_errors":[` + b.String()[1:] + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Aggregates) != 100_000 || r.Skipped != 500 {
		t.Errorf("got %d aggregates and %d skipped, want 100,000 and 500", len(r.Aggregates), r.Skipped)
	}
	if got, want := fmt.Sprint(r.SkippedErr), "aggregate 100001: there are more than 100000"; got != want {
		t.Errorf("got error %q, want %q", got, want)
	}
}
