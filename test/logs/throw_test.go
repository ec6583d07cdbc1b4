//go:build e2e || e2e_logs

package logs_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// maxBatch is how many records a request has at most: those of one are there twice when the exporter
// ends between sending it and the note of that.
const maxBatch = 500

// A size says how many services a fleet has, and how many keys each of them.
type size struct{ services, keys int }

// small is what is thrown at once in a test of seconds.
var small = size{services: 3, keys: 20}

// A thrower is a fleet that throws what is told apart by its UUID alone.
type thrower struct {
	t         *testing.T
	size      size
	processes []*fleet.Process
	config    string
	exporter  *process.Program
	// traces are the stack traces, without secrets, by the UUID.
	traces map[string]string
	thrown int // those before the watch began as well
}

// newThrower starts a fleet, and an exporter that scrapes it and sends to an address.
func newThrower(t *testing.T, otlp string, size size) *thrower {
	t.Helper()
	f := fleet.New(fleet.Options{})
	t.Cleanup(func() { _ = f.Close() })
	w := &thrower{t: t, size: size, traces: map[string]string{}}
	var config strings.Builder
	fmt.Fprintf(&config, "export:\n  otlp: {%s}\nglobal: {scraper: {refresh_interval: 200ms}}\nservices:\n", otlp)
	for i := range size.services {
		name := fmt.Sprintf("shop-%d", i)
		p := f.Start(fleet.ProcessOptions{Service: name})
		server, err := f.Serve(p)
		if err != nil {
			t.Fatal(err)
		}
		w.processes = append(w.processes, p)
		fmt.Fprintf(&config, "- name: %s\n  static_configs: [{targets: [%q]}]\n", name, server.Address())
	}
	w.config = config.String()
	// What is thrown before the watch on the services began is history, and not sent.
	w.throw(3)
	clear(w.traces)
	w.exporter = process.Exporter(t, w.config)
	w.counted()
	return w
}

// throw throws so many under each key: no more than are listed.
func (w *thrower) throw(n int) {
	for i, p := range w.processes {
		for k := range w.size.keys {
			for range n {
				w.thrown++
				id := w.thrown
				uuid := fmt.Sprintf("%08x-0000-4000-8000-%012x", id, i)
				lines := []string{
					"Traceback \"quoted\" \t<b>é 世界</b> of " + uuid,
					fmt.Sprintf("  at shop.Cart.add(Cart.java:%d) password=hunter2-%d", k, id),
					strings.Repeat("  at shop.Deep.deeper(Deep.java:7)\n", 1+k)[:10+k] + "\\end\\",
				}
				p.Raise(fmt.Sprintf("CartError@%d", k), periskop.Occurrence{
					UUID: uuid, Error: periskop.Exception{Class: "CartError", Message: fmt.Sprintf("number %d", id), Stacktrace: lines},
				})
				lines[1] = fmt.Sprintf("  at shop.Cart.add(Cart.java:%d) password=<redacted>", k)
				w.traces[uuid] = strings.Join(lines, "\n")
			}
		}
	}
}

// counted waits until everything that was thrown was told to the exporter.
func (w *thrower) counted() {
	w.t.Helper()
	process.Eventually(w.t, "all is told", func() error {
		for i, p := range w.processes {
			want, err := periskop.Decode(p.Report())
			if err != nil {
				return err
			}
			body, err := process.Get(w.t.Context(), w.exporter.URL+fmt.Sprintf("/federate?service_name=shop-%d", i))
			if err != nil {
				return err
			}
			got, err := periskop.Decode([]byte(body))
			if err != nil {
				return err
			}
			if total(got) != total(want) {
				return fmt.Errorf("%d of %d are told", total(got), total(want))
			}
		}
		return nil
	})
}

func total(r *periskop.Report) (n uint64) {
	for i := range r.Aggregates {
		n += r.Aggregates[i].TotalCount + r.Aggregates[i].History
	}
	return n
}

// metric returns the value of a metric without labels.
func (w *thrower) metric(name string) float64 {
	w.t.Helper()
	return metric(w.t, w.exporter, name)
}

// metric returns the value of a metric of a program, or of one of its series.
func metric(t *testing.T, p *process.Program, series string) float64 {
	t.Helper()
	body, err := process.Get(t.Context(), p.URL+"/metrics")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(series)+`(?:\{.*\})? (\S+)$`).FindAllStringSubmatch(body, -1)
	if len(m) != 1 {
		t.Fatalf("there are %d of %s in\n%s", len(m), series, body)
	}
	value, err := strconv.ParseFloat(m[0][1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// sent waits until nothing waits to be exported any more, for as long as that gets less.
func (w *thrower) sent() {
	w.t.Helper()
	const step = 10_000
	for left := w.metric(names.ExporterExportQueueRecords); left > 0; {
		process.Eventually(w.t, "more is sent", func() error {
			n := w.metric(names.ExporterExportQueueRecords)
			if n > max(left-step, 0) {
				return fmt.Errorf("%v wait", n)
			}
			left = n
			return nil
		})
	}
}

// allTaken looks that the exporter gave up nothing since its start.
func (w *thrower) allTaken() {
	w.t.Helper()
	for _, result := range []string{"failed", "dropped"} {
		if n := w.metric(names.ExporterExportRecords + `{result="` + result + `"}`); n != 0 {
			w.t.Errorf("%v are %s", n, result)
		}
	}
}

// found waits until every occurrence is found with its stack trace, and looks that no more than so many are
// there twice.
func (w *thrower) found(logs *process.Program, duplicates int) {
	w.t.Helper()
	twice := w.foundBut(logs, nil)
	if twice > duplicates {
		w.t.Errorf("%d are there twice, %d may be", twice, duplicates)
	}
}

// foundBut waits until every occurrence is found, but for those that may be lost. It returns how
// many are there twice.
func (w *thrower) foundBut(logs *process.Program, lost map[string]bool) (twice int) {
	w.t.Helper()
	var missing []string
	process.Eventually(w.t, "all are found", func() error {
		n, err := process.LogsFound(w.t.Context(), logs)
		if err == nil && n < len(w.traces)-len(lost) {
			err = fmt.Errorf("%d of %d are found", n, len(w.traces))
		}
		if err != nil {
			return err
		}
		if missing, twice, err = w.look(logs); err != nil {
			return err
		}
		for _, uuid := range missing {
			if !lost[uuid] {
				return fmt.Errorf("%d of %d are missing, such as %s", len(missing), len(w.traces), uuid)
			}
		}
		return nil
	})
	w.t.Logf("%d thrown and told, %d found, %d of them twice", len(w.traces), len(w.traces)-len(missing), twice)
	return twice
}

// look reads all that is there, and returns what of all that was thrown is not, and how many are there
// twice.
func (w *thrower) look(logs *process.Program) (missing []string, twice int, err error) {
	w.t.Helper()
	records, err := process.Logs(w.t.Context(), logs, `* | fields "log.record.uid", "exception.stacktrace"`)
	if err != nil {
		return nil, 0, err
	}
	seen := map[string]bool{}
	for _, r := range records {
		uuid := r["log.record.uid"]
		trace, thrown := w.traces[uuid]
		switch {
		case !thrown:
			w.t.Fatalf("%s was not thrown, or is history: %v", uuid, r)
		case r["exception.stacktrace"] != trace:
			w.t.Fatalf("the stack trace of %s is %q, want %q", uuid, r["exception.stacktrace"], trace)
		case seen[uuid]:
			twice++
		}
		seen[uuid] = true
	}
	for uuid := range w.traces {
		if !seen[uuid] {
			missing = append(missing, uuid)
		}
	}
	return missing, twice, nil
}

// durable waits until nothing is in the memory of nodes alone, which an engine's 200 does not say.
func durable(t *testing.T, nodes ...*process.Program) {
	t.Helper()
	for _, node := range nodes {
		process.Eventually(t, "all is on disk", func() error {
			if n := metric(t, node, `vl_storage_rows{type="storage/inmemory"}`); n != 0 {
				return fmt.Errorf("%v are in memory", n)
			}
			return nil
		})
	}
}
