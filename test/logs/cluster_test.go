//go:build e2e_logs

package logs_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

const (
	// collectorQueue is how many requests the Collector keeps.
	collectorQueue = 50
	// collectorSends is how many it sends at a time: those are there twice when it ends before the answer.
	collectorSends = 10
)

// TestEachOnce throws 100,000 occurrences at a cluster of VictoriaLogs behind a Collector: each is
// there once.
func TestEachOnce(t *testing.T) {
	_, inserts, selects := process.VictoriaLogsCluster(t, 2)
	_, endpoint, _ := collector(t, inserts.URL+process.OTLPPath, collectorQueue)
	w := newThrower(t, "endpoint: '"+endpoint+"', protocol: grpc", size{services: 10, keys: 100})
	begun := time.Now()
	for len(w.traces) < 100_000 {
		w.throw(10)
		w.counted()
	}
	w.sent()
	t.Logf("%d in %v", len(w.traces), time.Since(begun))
	w.found(selects, 0)
}

// TestFaults throws more than 100,000 occurrences at such a cluster. While they flow the
// exporter is killed, and the Collector, and of both nodes that store one is killed and one is stopped.
func TestFaults(t *testing.T) {
	storage, inserts, selects := process.VictoriaLogsCluster(t, 2)
	between, _, endpoint := collector(t, inserts.URL+process.OTLPPath, collectorQueue)
	w := newThrower(t, "endpoint: '"+endpoint+"'", size{services: 10, keys: 100})

	w.throw(10)
	w.counted()
	const kills = 3
	for range kills {
		w.flowing()
		w.exporter.Kill(t)
		w.throw(5)
		w.exporter.Start(t)
		w.counted()
	}
	w.flowing()
	between.Kill(t)
	w.throw(5)
	w.counted()
	between.Start(t)
	w.settled(between)
	w.found(selects, (kills+collectorSends)*maxBatch)
	durable(t, storage...)

	safe := maps.Clone(w.traces)
	before := metric(t, inserts, "vl_rows_ingested_total{type=\"opentelemetry_protobuf\"}")
	w.flowing()
	process.Eventually(t, "some have come", func() error {
		if n := metric(t, inserts, "vl_rows_ingested_total{type=\"opentelemetry_protobuf\"}"); n <= before {
			return fmt.Errorf("%v rows", n)
		}
		return nil
	})
	storage[1].Kill(t)
	lost := map[string]bool{} // which may be
	for uuid := range w.traces {
		if _, ok := safe[uuid]; !ok {
			lost[uuid] = true
		}
	}
	t.Logf("a node that stores is killed, with %d on their way", len(lost))
	w.throw(10)
	w.counted()
	w.settled(between)
	storage[1].Start(t)

	w.flowing()
	storage[0].Stop(t)
	w.throw(10)
	w.counted()
	w.settled(between)
	storage[0].Start(t)
	for len(w.traces) < 100_000 {
		w.throw(5)
		w.counted()
	}
	w.settled(between)
	w.foundBut(selects, lost)
	w.allTaken()
	for i, node := range storage {
		n, err := process.LogsFound(t.Context(), node)
		t.Logf("node %d has %d: %v", i, n, err)
	}
}

// flowing throws until more wait than were sent, and some were sent.
func (w *thrower) flowing() {
	w.t.Helper()
	for range 20 {
		w.throw(10)
		w.counted()
		if w.metric(names.ExporterExportQueueRecords) > 0 {
			return
		}
	}
	w.t.Fatal("everything is sent at once")
}

// settled waits until the exporter and the Collector have sent everything.
func (w *thrower) settled(collector *process.Program) {
	w.t.Helper()
	w.sent()
	process.Eventually(w.t, "the Collector has sent everything", func() error {
		if n := metric(w.t, collector, queued); n != 0 {
			return fmt.Errorf("%v requests wait", n)
		}
		return nil
	})
}
