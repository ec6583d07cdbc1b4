package bench

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A shape is how large the payloads are. As large as life: 10 occurrences of 20 frames of
// 80 characters, headers and bodies.
type shape struct {
	Targets, Keys int
	// Growth is the share of keys that grow between two scrapes, in percent.
	Growth int
	// Jump is how often such a key has occurred since: all of its occurrences are new when
	// it is as many as there are.
	Jump int
	// Occurrences are those of a key, and Frames those of a stack trace.
	Occurrences, Frames int
}

func large(targets, keys, growth int) shape {
	return shape{Targets: targets, Keys: keys, Growth: growth, Jump: 1, Occurrences: 10, Frames: 20}
}

// A target writes the payloads of one process. What differs between two of them, and
// between two scrapes, are counts, UUIDs and times.
type target struct {
	shape   shape
	number  int
	created time.Time
	scrapes int
	counts  []int
	parts   []part // by key, shared by all targets
}

// A part is what all occurrences of a key have in common.
type part struct{ head, occurrence string }

func newParts(s shape) []part {
	parts := make([]part, s.Keys)
	for k := range parts {
		class := fmt.Sprintf("com.example.shop.service.PaymentException%d", k)
		var frames []string
		for f := range s.Frames {
			frame := fmt.Sprintf("\tat com.example.shop.service%d.PaymentService$Handler.invoke%d(PaymentService.scala:%d)", f, k, 100+f)
			frames = append(frames, strconv.Quote(fmt.Sprintf("%-80.80s", frame)))
		}
		parts[k] = part{
			head: fmt.Sprintf(`{"aggregation_key":"%s@%08x","total_count":`, class, k*7919),
			occurrence: fmt.Sprintf(`{"error":{"class":%q,"message":"card of customer was refused by the bank","stacktrace":[%s],"cause":null},`,
				class, strings.Join(frames, ",")) +
				`"severity":"error","http_context":{"request_method":"POST","request_url":"https://shop.example.com/checkout/pay?step=3","request_headers":` +
				`{"Accept":"text/html,application/xhtml+xml","User-Agent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0)","Cookie":"session=0123456789abcdef","X-Request-Id":"4711"},` +
				`"request_body":"{\"cart\":17,\"items\":[1,2,3],\"password\":\"hunter2\"}"},`,
		}
	}
	return parts
}

func newTarget(number int, s shape, parts []part) *target {
	t := &target{shape: s, number: number, created: time.Now().UTC(), counts: make([]int, s.Keys), parts: parts}
	for k := range t.counts {
		t.counts[k] = s.Occurrences
	}
	return t
}

// grow lets the keys grow that are due at this scrape.
func (t *target) grow() {
	t.scrapes++
	for k := range t.counts {
		if (t.scrapes*31+t.number*17+k)%100 < t.shape.Growth {
			t.counts[k] += t.shape.Jump
		}
	}
}

// appendReport appends the next payload.
func (t *target) appendReport(b []byte) []byte {
	t.grow()
	b = fmt.Appendf(b, `{"target_uuid":"5cfa9e9b-20f8-441c-9029-%012d","aggregated_errors":[`, t.number)
	for k, count := range t.counts {
		if k > 0 {
			b = append(b, ',')
		}
		b = append(b, t.parts[k].head...)
		b = strconv.AppendInt(b, int64(count), 10)
		b = append(b, `,"severity":"error","latest_errors":[`...)
		for i := count - t.shape.Occurrences; i < count; i++ {
			if i > count-t.shape.Occurrences {
				b = append(b, ',')
			}
			b = append(b, t.parts[k].occurrence...)
			b = fmt.Appendf(b, `"uuid":"%08d-%04d-4000-8000-%012d","timestamp":"`, t.number, k, i)
			b = t.created.Add(time.Duration(i)*time.Millisecond).AppendFormat(b, time.RFC3339Nano)
			b = append(b, `"}`...)
		}
		b = append(b, `],"created_at":"`...)
		b = t.created.AppendFormat(b, time.RFC3339Nano)
		b = append(b, `"}`...)
	}
	return append(b, `]}`...)
}

// size is how many bytes a payload has.
func (s shape) size() int { return len(newTarget(0, s, newParts(s)).appendReport(nil)) }

func (s shape) String() string {
	return strings.TrimSpace(fmt.Sprintf("%d targets x %d keys", s.Targets, s.Keys))
}
