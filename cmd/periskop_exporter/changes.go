package main

// What readers may change, for the pages and for programs. It is durable when these return; when
// the store cannot be written, it holds in memory, and the log and the metrics say so.

// canChange reports whether readers may change anything.
func (e *exporter) canChange() bool { return !e.flags.readOnly }

func (e *exporter) resolve(id, reason string) bool {
	return e.durable(e.state.Resolve(id, reason))
}

func (e *exporter) reopen(id string) bool { return e.durable(e.state.Reopen(id)) }

func (e *exporter) reset(id string) bool {
	found := e.state.Reset(id)
	if found {
		e.logger.Info("what was counted of an exception was taken back", "exception_id", id)
	}
	return e.durable(found)
}

func (e *exporter) durable(found bool) bool {
	if found {
		e.state.Commit()
	}
	return found
}
