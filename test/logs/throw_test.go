//go:build e2e || e2e_logs

package logs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// services are those of the fleet. Each has so many keys.
const (
	services = 3
	keys     = 20
)

// A thrower is a fleet that throws what is told apart by its UUID alone.
type thrower struct {
	t         *testing.T
	processes []*fleet.Process
	config    string
	exporter  *process.Program
	// traces are the stack traces, without secrets, by the UUID.
	traces map[string]string
	thrown int // those before the watch began as well
}

// newThrower starts a fleet, and an exporter that scrapes it and sends to an address.
func newThrower(t *testing.T, otlp string) *thrower {
	t.Helper()
	f := fleet.New(fleet.Options{})
	t.Cleanup(func() { _ = f.Close() })
	w := &thrower{t: t, traces: map[string]string{}}
	var config strings.Builder
	fmt.Fprintf(&config, "export:\n  otlp: {%s}\nglobal: {scraper: {refresh_interval: 200ms}}\nservices:\n", otlp)
	for i := range services {
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
		for k := range keys {
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

// sent waits until nothing waits to be exported any more.
func (w *thrower) sent() {
	w.t.Helper()
	process.Eventually(w.t, "all is sent", func() error {
		metrics, err := process.Get(w.t.Context(), w.exporter.URL+"/metrics")
		if err != nil {
			return err
		}
		if !strings.Contains(metrics, "\nperiskop_exporter_export_queue_records 0\n") {
			return errors.New("some wait")
		}
		return nil
	})
}

// found waits until every occurrence is found with its stack trace, and looks that no more than so many are
// there twice.
func (w *thrower) found(logs *process.Program, duplicates int) {
	w.t.Helper()
	var records []map[string]string
	process.Eventually(w.t, "all are found", func() error {
		var err error
		if records, err = process.Logs(w.t.Context(), logs, `event_name:exception OR "exception.type":*`); err == nil && len(records) < len(w.traces) {
			err = fmt.Errorf("%d of %d are found", len(records), len(w.traces))
		}
		return err
	})
	seen, twice := map[string]bool{}, 0
	for _, r := range records {
		uuid := r["log.record.uid"]
		if seen[uuid] {
			twice++
			continue
		}
		seen[uuid] = true
		trace, thrown := w.traces[uuid]
		switch {
		case !thrown:
			w.t.Fatalf("%s was not thrown, or is history: %v", uuid, r)
		case r["exception.stacktrace"] != trace:
			w.t.Fatalf("the stack trace of %s is %q, want %q", uuid, r["exception.stacktrace"], trace)
		}
	}
	if len(seen) != len(w.traces) {
		w.t.Errorf("%d UUIDs are found of %d", len(seen), len(w.traces))
	}
	if twice > duplicates {
		w.t.Errorf("%d are there twice, %d may be", twice, duplicates)
	}
	w.t.Logf("%d found, %d of them twice", len(seen), twice)
}
