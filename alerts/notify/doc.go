// Package notify sends direct alerts: it tells Alertmanagers of exceptions that are new,
// and of those that came back after they were resolved, with message and stack frames,
// which no rule can know.
//
// What is told is derived from the durable snapshot at every evaluation, and nothing of it is
// stored here: an [merge.Episode] that is active is an alert, for as long as it is. An
// exporter that restarts derives the same alerts with the same labels and the same
// start, and Alertmanager takes them for what it has already. The same goes for a
// second exporter that watches the same services. For that reason labels hold nothing
// in which two exporters may differ; messages and counts are annotations.
//
// An alert says in advance when it ends: when the exception has been quiet for long
// enough. Of two exporters the later end counts, and one that is gone leaves no alert
// behind for ever.
//
// An evaluation hands all alerts to one sender per Alertmanager, which sends what that one
// has not had for a while. What could not be sent is due at the next evaluation, so an
// Alertmanager that was away is told of everything that is still active. The queue keeps
// an alert that has ended without having reached any Alertmanager.
//
// Prometheus' own notifier package is not used: docs/decisions has the reasons.
package notify
