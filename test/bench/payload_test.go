package bench

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// A workload is how large the payloads are. As large as life: 10 occurrences of 20 frames of
// 80 characters, headers and bodies.
type workload struct {
	Targets, Keys int
	// Growth is the share of keys that grow between two scrapes, in percent.
	Growth int
	// Jump is how often such a key has occurred since: all of its occurrences are new when
	// it is as many as there are.
	Jump int
	// Occurrences are those of a key, and Frames those of a stack trace.
	Occurrences, Frames int
	// Distinct is set when every target has keys, stack traces and messages of its own, and
	// is a service of its own.
	Distinct bool
}

func large(targets, keys, growth int) workload {
	return workload{Targets: targets, Keys: keys, Growth: growth, Jump: 1, Occurrences: 10, Frames: 20}
}

// A target writes the payloads of one process. What differs between two of them, and
// between two scrapes, are counts, UUIDs and times.
type target struct {
	workload workload
	number   int
	created  time.Time
	scrapes  int
	counts   []int
	parts    []part // by key, shared by all targets
}

// A part is what all occurrences of a key have in common.
type part struct{ head, occurrence string }

// newParts returns those of a target.
func newParts(s workload, target int) []part {
	parts := make([]part, s.Keys)
	for k := range parts {
		if s.Distinct {
			parts[k] = distinctPart(s, rand.New(rand.NewPCG(uint64(target), uint64(k))))
			continue
		}
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

var distinctWords = strings.Fields("payment order cart user session stock price mail search index cache token invoice refund shipment " +
	"address account profile image video track playlist queue worker batch event stream report audit quota limit coupon")

// distinctPart has words and numbers at random.
func distinctPart(s workload, random *rand.Rand) part {
	word := func() string { return distinctWords[random.IntN(len(distinctWords))] }
	class := fmt.Sprintf("com.example.%s.%s.%s%sException", word(), word(), word(), word())
	frames := make([]string, s.Frames)
	for f := range frames {
		frames[f] = strconv.Quote(fmt.Sprintf("\tat com.example.%s.%s.%s%sService$Handler.%s%d(%sService.scala:%d)",
			word(), word(), word(), word(), word(), random.IntN(1000), word(), random.IntN(2000)))
	}
	return part{
		head: fmt.Sprintf(`{"aggregation_key":"%s@%08x","total_count":`, class, random.Uint32()),
		occurrence: fmt.Sprintf(`{"error":{"class":%q,"message":"%s %s %d of %s %x was refused by the %s","stacktrace":[%s],"cause":null},`,
			class, word(), word(), random.IntN(1e6), word(), random.Uint64(), word(), strings.Join(frames, ",")) +
			fmt.Sprintf(`"severity":"error","http_context":{"request_method":"POST","request_url":"https://shop.example.com/%s/%s?step=%d","request_headers":`, word(), word(), random.IntN(1e6)) +
			fmt.Sprintf(`{"Accept":"text/html,application/xhtml+xml","User-Agent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0)","Cookie":"session=%x","X-Request-Id":"%x"},`, random.Uint64(), random.Uint64()) +
			fmt.Sprintf(`"request_body":"{\"cart\":%d,\"items\":[1,2,3],\"password\":\"hunter2\"}"},`, random.IntN(1e6)),
	}
}

func newTarget(number int, s workload, parts []part) *target {
	t := &target{workload: s, number: number, created: time.Now().UTC(), counts: make([]int, s.Keys), parts: parts}
	for k := range t.counts {
		t.counts[k] = s.Occurrences
	}
	return t
}

// grow lets the keys grow that are due at this scrape.
func (t *target) grow() {
	t.scrapes++
	for k := range t.counts {
		if (t.scrapes*31+t.number*17+k)%100 < t.workload.Growth {
			t.counts[k] += t.workload.Jump
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
		for i := count - t.workload.Occurrences; i < count; i++ {
			if i > count-t.workload.Occurrences {
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
func (s workload) size() int { return len(newTarget(0, s, newParts(s, 0)).appendReport(nil)) }

func (s workload) String() string {
	return strings.TrimSpace(fmt.Sprintf("%d targets x %d keys", s.Targets, s.Keys))
}
