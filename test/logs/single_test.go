//go:build e2e

package logs_test

import (
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// TestVictoriaLogs has the exporter killed again and again, and the engine away.
func TestVictoriaLogs(t *testing.T) {
	logs := process.VictoriaLogs(t)
	w := newThrower(t, "logs_endpoint: '"+logs.URL+process.OTLPPath+"', timeout: 3s", small)
	kills := 0
	for range 5 {
		w.throw(4)
		w.counted()
		w.exporter.Kill(t)
		kills++
		w.throw(3) // while it is away
		w.exporter.Start(t)
		w.counted()
	}
	w.sent()
	w.found(logs, kills*maxBatch)
	durable(t, logs)
	logs.Stop(t)
	for range 3 {
		w.throw(5)
		w.counted()
	}
	w.exporter.Kill(t)
	w.exporter.Start(t)
	w.throw(5)
	w.counted()
	logs.Start(t)
	w.sent()
	w.exporter.Stop(t)
	w.exporter.Start(t)
	w.throw(1)
	w.counted()
	w.sent()
	w.found(logs, kills*maxBatch)

	for _, r := range process.FoundLogs(t, logs, "*", len(w.traces)) {
		// Beside the resource, VictoriaLogs makes the event's name a part of the stream, which is always the same.
		if stream := r["_stream"]; !strings.HasPrefix(stream, `{event_name="exception",service.name="shop-`) || strings.Count(stream, ",") > 1 {
			t.Fatalf("the stream is %s", stream)
		}
	}
}

// TestVictoriaLogsOverRestarts has nothing there twice when the exporter is stopped as an operator does.
func TestVictoriaLogsOverRestarts(t *testing.T) {
	logs := process.VictoriaLogs(t)
	w := newThrower(t, "logs_endpoint: '"+logs.URL+process.OTLPPath+"'", small)
	for range 3 {
		w.throw(5)
		w.counted()
		w.exporter.Stop(t)
		w.exporter.Start(t)
	}
	w.throw(1)
	w.counted()
	w.sent()
	w.found(logs, 0)
}
