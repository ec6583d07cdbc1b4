// Package periskop holds the wire format of the Periskop client libraries and
// the vocabulary that the other packages exchange.
//
// In goes the body of a scrape, out comes a [Report]: the exceptions that one
// process has aggregated, one [Aggregate] per aggregation key. [Decode] is
// lenient where the client libraries differ from each other (order of members,
// null against absent, wrong types in messages and headers) and strict about
// what would make a count untrue. [Encode] writes what [Decode] and the real
// consumers read, and a [Recorder] reports this program's own exceptions in the
// same format.
//
// A [Target] is where a report comes from and a [Scrape] is one attempt to get
// it; these are what discovery, scrape and merge pass on.
package periskop
