//go:build e2e

package bounds_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// TestTargets has targets tell more than can be kept.
func TestTargets(t *testing.T) {
	bomb, small, large := packed(62*mib), tiny(2_500_000), payload{keys: 1, occurrences: 10, message: 4_800_000}.report(3)
	for _, tc := range []struct {
		name    string
		targets int
		handler http.Handler
	}{
		{"60 small bodies that are large when they are unpacked", 60, answer(bomb, "gzip")},
		{"2.5 million occurrences", 1, answer(small, "")},
		{"ten occurrences of 48 MB", 1, answer(large, "")},
		{"300 compressed bodies of 1 MB that do not end", 300, http.HandlerFunc(endless)},
		{"keys of 10 MB, another one at each scrape", 1, &longKeys{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			var armed atomic.Bool
			server, err := w.fleet.Serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if !armed.Load() {
					http.Error(rw, "not yet", http.StatusServiceUnavailable)
					return
				}
				tc.handler.ServeHTTP(rw, r)
			}))
			if err != nil {
				t.Fatal(err)
			}
			for len(server.Addresses()) < tc.targets {
				if _, err := server.Listen(); err != nil {
					t.Fatal(err)
				}
			}
			w.service("hostile", "", server.Addresses()...)
			w.start(t)
			w.goesOn(t)
			m := measure(t, w.Program)
			armed.Store(true)
			asked := server.Requests()
			process.Eventually(t, "scrapes of the hostile targets", func() error {
				if n := server.Requests() - asked; n < int64(3*tc.targets) {
					return fmt.Errorf("%d", n)
				}
				return nil
			})
			w.goesOn(t)
			m.check(t, tc.name)
		})
	}
}

// longKeys has one long key in each answer, always another.
type longKeys struct{ n int }

func (k *longKeys) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	k.n++
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"aggregated_errors":[{"aggregation_key":"%d`, k.n)
	_, _ = io.Copy(w, bytes.NewReader(bytes.Repeat([]byte("k"), 10<<20)))
	fmt.Fprint(w, `","total_count":1,"latest_errors":[]}]}`)
}

// endless sends nearly a megabyte that is compressed, and no more.
func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(bytes.Repeat([]byte{0x1f, 0x8b, 8, 0, 1, 2, 3, 4}, 128<<10-1))
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}
