// Package merge folds the reports of many targets into one snapshot of exceptions
// per service, and counts every reported exception exactly once.
//
// In go scrapes ([State.Fold]) and what discovery found ([State.Discovered]); out come a
// [Snapshot] for pages and an [Exposition] for metrics, both immutable.
//
// # Counting
//
// Totals of a client library grow until its process ends, and start again at zero
// in the next one. What has to be counted is therefore not the total but its rise:
//
//   - An epoch is (process, aggregation key, created_at). Within an epoch the total
//     only grows, so an increment is the rise over the highest total seen in it.
//   - A process is named by its target_uuid, or by host and port when it sends none.
//   - Occurrences prove which epoch a total belongs to, whatever it comes under.
//   - The first total of an epoch is news, and counted whole, when the epoch was
//     created since the watch on its target began; otherwise it is history: the
//     baseline from which increments are measured, shown but not counted.
//
// An example: the watch on shop began at 12:00. At 12:10 process A reports key k,
// created 09:00, with total 70: history, the baseline is 70. At 12:11 it reports
// 73: 3 are counted. A is replaced by B, which reports k, created 12:12, with
// total 5: a new epoch and news, 5 are counted. A's last answer arrives late with
// 72: less than 73, so nothing is counted and the inconsistency is noted. The
// counter stands at 8.
//
// What cannot be known is not counted: see [Reason]. Why the rules are as they are is
// in docs/decisions/0003-clocks.md.
//
// # Groups
//
// Epochs are those of the client's own keys. For which exception a key counts is looked up when its
// increment is known, so that rules change without a count that falls or comes twice: see [member],
// and decision 0013.
//
// # New series
//
// Every new series is shown at zero before its value, to everybody at the same time: the
// comment on exposure has the rules and an example, and decision 0008 the reasons. To know
// when everybody has seen it, scrapers learns who comes at a steady interval.
//
// # How it fits together
//
// A scrape becomes a report: its occurrences are decoded and redacted without the lock.
// A folding takes the report in. It asks pure functions what each total amounts to:
// [epoch.grow] of an epoch that is known, [firstTotal.news] of one that is not, both with the
// evidence of a listing. They return a delta, which the folding applies to the exception
// and its series in one place.
//
// What a report changed becomes an [Event], which the [Store] appends to its journal
// before Fold returns, and which is folded by the same code at the next start. Now and
// then all that has changed is committed as [Records] in place of the events.
//
// [State] alone owns everything, guards it with one mutex that is never held while the
// store is waited for, and publishes.
package merge
