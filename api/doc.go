// Package api answers programs: this exporter's own JSON API, in the envelope of
// Prometheus' API; the routes of the Periskop server, as its clients know them; reports
// that processes push; and other exporters that scrape this one.
//
// In go the snapshot of package merge and the state of targets; out come handlers.
// What changes something is a function that it is given.
package api
