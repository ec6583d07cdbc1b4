// Package view shows what is known of exceptions and targets as HTML pages.
//
// In go functions that return the present state: the merged snapshot, the targets
// and their health, the configuration. Out comes one [http.Handler] with all pages.
// It keeps nothing between requests, and changes nothing but by the two functions that
// resolve and reopen an exception, which forms of our own pages alone can reach.
//
// The pages do without the script, which only adds keys and buttons to them. What an
// exception grew by is drawn from [merge.Growth].
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
