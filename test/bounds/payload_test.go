//go:build e2e

package bounds_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
)

// text returns size bytes of words that no other call returns, so that nothing of it is
// held once for several.
func text(r *rand.Rand, size int) string {
	var b strings.Builder
	for b.Len() < size {
		fmt.Fprintf(&b, "word%07x ", r.Uint32())
	}
	return b.String()[:size]
}

// A payload is a report that is written as it stands.
type payload struct {
	keys, occurrences int
	message           int // bytes
	frames            int
}

// report returns the body of a process that has raised each exception that often.
func (p payload) report(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"target_uuid":"0b1f4d1c-0000-4000-8000-%012x","aggregated_errors":[`, seed)
	for k := range p.keys {
		if k > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"aggregation_key":"Error%d@%x","total_count":%d,"severity":"error","created_at":"2026-11-22T12:00:00Z","latest_errors":[`, k, seed, p.occurrences)
		for o := range p.occurrences {
			if o > 0 {
				b.WriteByte(',')
			}
			p.occurrence(&b, r, k, o)
		}
		b.WriteString("]}")
	}
	b.WriteString("]}")
	return b.Bytes()
}

func (p payload) occurrence(b *bytes.Buffer, r *rand.Rand, key, n int) {
	fmt.Fprintf(b, `{"uuid":"%08x-0000-4000-8000-%012x","timestamp":"2026-11-22T12:%02d:%02dZ","severity":"error","error":{"class":"Error%d","message":"%s","stacktrace":[`,
		r.Uint32(), r.Uint64()>>16, n/60%60, n%60, key, text(r, p.message))
	for f := range p.frames {
		if f > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, `"/srv/app/%s.go:%d"`, text(r, 40), f)
	}
	b.WriteString(`],"cause":null},"http_context":null}`)
}

// big is a report of some 46 MB.
func big() []byte { return payload{keys: 460, occurrences: 10, message: 9000, frames: 10}.report(1) }

// tiny is a report of one key with so many occurrences that have nothing in them.
func tiny(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"aggregated_errors":[{"aggregation_key":"tiny","total_count":1,"latest_errors":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"uuid":"%x","error":{}}`, i)
	}
	b.WriteString("]}]}")
	return b.Bytes()
}

// packed returns a report of that size that is very small when it is compressed.
func packed(size int) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is one
	_, _ = z.Write([]byte(`{"aggregated_errors":[{"aggregation_key":"bomb","total_count":1,"latest_errors":[{"uuid":"u","error":{"class":"E","message":"`))
	zeros := bytes.Repeat([]byte("a"), 1<<20)
	for n := 0; n < size; n += len(zeros) {
		_, _ = z.Write(zeros)
	}
	_, _ = z.Write([]byte(`","stacktrace":[]}}]}]}`))
	_ = z.Close()
	return b.Bytes()
}

// answer always answers with the body.
func answer(body []byte, encoding string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if encoding != "" {
			w.Header().Set("Content-Encoding", encoding)
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body)
	})
}
