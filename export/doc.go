// Package export sends occurrences to where a team keeps its logs, as OpenTelemetry log
// records over OTLP.
//
// In go the occurrences that package merge counts: see [merge.ExportQueue]. They wait in a queue on
// disk, which is bounded in bytes and in age, until the other side has taken them. Out come
// requests, one at a time, over HTTP or gRPC. Whoever is sent them may be away, slow, or refuse
// some: that delays nobody, and what is lost by it is counted.
//
// # Once
//
// An occurrence is put into the queue when it is counted, after the event that tells of it was
// written to the journal of the state and before that event is dropped from it. What is done again after the end
// of the program is known by the number of its event, so that it is in the queue once. It leaves the
// queue when it was taken. So it is sent once, and again only if the program or the other side
// ended, or did not answer in time, between taking it and the note of that; its UUID is the record's
// log.record.uid, by which it is then known.
package export
