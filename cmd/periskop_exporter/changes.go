package main

// Resolving and reopening, for the pages and for programs. Both are durable when they
// return; when the store cannot be written, they hold in memory, and the log and the
// metrics say so.

// canChange reports whether readers may resolve and reopen exceptions.
func (e *exporter) canChange() bool { return !e.flags.readOnly }

func (e *exporter) resolve(id, reason string) bool {
	found := e.state.Resolve(id, reason)
	if found {
		e.state.Commit()
	}
	return found
}

func (e *exporter) reopen(id string) bool {
	found := e.state.Reopen(id)
	if found {
		e.state.Commit()
	}
	return found
}
