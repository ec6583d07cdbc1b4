package main

import "github.com/periskop-exporter/periskop_exporter/triage"

// What readers may change, for the pages and for programs. It is durable when these return; when
// the store cannot be written, it holds in memory, and the log and the metrics say so.

// canChange reports whether readers may change anything.
func (e *exporter) canChange() bool { return !e.flags.readOnly }

func (e *exporter) decide(ids []string, d triage.Decision) int {
	n := e.state.Decide(ids, d)
	e.durable(n > 0)
	return n
}

func (e *exporter) reset(id, by string) bool {
	found := e.state.Reset(id, by)
	if found {
		e.logger.Info("what was counted of an exception was taken back", "exception_id", id, "by", by)
	}
	return e.durable(found)
}

func (e *exporter) durable(found bool) bool {
	if found {
		e.state.Commit()
	}
	return found
}
