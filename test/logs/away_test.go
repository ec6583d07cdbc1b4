//go:build e2e_logs

package logs_test

import (
	"flag"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

var away = flag.Duration("away", 20*time.Second, "how long the log store is away")

// TestAway has the log store be away while occurrences come, with a kill of the exporter, and with one of
// the Collector if there is one. When it is back, all is sent.
func TestAway(t *testing.T) {
	t.Run("sent straight there", func(t *testing.T) {
		t.Parallel()
		logs := process.VictoriaLogs(t)
		w := newThrower(t, "logs_endpoint: '"+logs.URL+process.OTLPPath+"'", small)
		w.away(logs, nil)
		w.found(logs, 2*maxBatch)
	})
	t.Run("by a Collector with a small queue", func(t *testing.T) {
		t.Parallel()
		logs := process.VictoriaLogs(t)
		between, endpoint, _ := collector(t, logs.URL+process.OTLPPath, 5)
		w := newThrower(t, "endpoint: '"+endpoint+"', protocol: grpc", small)
		w.away(logs, between)
		w.found(logs, 2*maxBatch)
	})
}

// away has the log store be away for its time while occurrences are thrown.
func (w *thrower) away(logs, between *process.Program) {
	t := w.t
	w.throw(10)
	w.counted()
	w.sent()
	w.found(logs, 0)
	durable(t, logs)
	logs.Stop(t)
	before, begun := len(w.traces), time.Now()
	pace := time.NewTicker(500 * time.Millisecond)
	defer pace.Stop()
	killed := false
	for time.Since(begun) < *away {
		<-pace.C
		w.throw(1)
		w.counted() // which it is within the time that a condition may take, whatever waits
		if !killed && time.Since(begun) > *away/2 {
			killed = true
			w.exporter.Kill(t)
			if between != nil {
				between.Kill(t)
				between.Start(t)
			}
			w.throw(5)
			w.exporter.Start(t)
			w.counted()
		}
	}
	waiting := w.metric(names.ExporterExportQueueRecords)
	t.Logf("after %v, %v of %d wait here, in %v bytes; the exporter has %.0f MB resident, and made %v requests that failed",
		*away, waiting, len(w.traces)-before, w.metric(names.ExporterExportQueueSize),
		w.metric("process_resident_memory_bytes")/1e6, w.metric(names.ExporterExportRequestsFailed))
	if waiting == 0 {
		t.Error("nothing had to wait")
	}
	logs.Start(t)
	back := time.Now()
	w.sent()
	if between != nil {
		w.settled(between)
	}
	t.Logf("all was sent %v after it was back", time.Since(back))
	w.allTaken()
}
