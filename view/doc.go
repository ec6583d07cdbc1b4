// Package view shows what is known of exceptions and targets as HTML pages.
//
// In go functions that return the present state: the merged snapshot, the targets
// and their health, the configuration. Out comes one [http.Handler] with all pages.
// It changes nothing but by the two functions that resolve and reopen an exception, which
// forms of our own pages alone can reach, and keeps nothing between requests but pictures
// of what Prometheus knows, for a minute.
//
// The pages do without the scripts, which add keys and buttons to them, let ages go on, and
// refresh the parts that are marked data-live. What an exception grew by within the hour is
// drawn from [merge.Growth], and within two weeks from Prometheus, if it is known where
// that is.
//
// A page that is about something else than targets says all the same when some cannot be
// seen: see [troubleNotice]. Nothing that is missing must look like nothing that happened.
//
// Everything on a page that came from a target was written by a stranger. It is
// printed as text by html/template alone, isolated from the text around it, and with
// the characters that would not show, or would reorder others, replaced by marks such
// as U+202E: see [visible]. No address that was reported becomes a link. How much of
// it a page takes is bounded: see [budget]. What does not fit is in the plain text form
// of the trace, which has everything.
//
// A page is a file: its handler, the struct that its template prints, and the mapping
// from one to the other. The structs hold values that are ready to print.
package view
