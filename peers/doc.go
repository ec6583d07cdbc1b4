// Package peers reads what was decided on other replicas of this exporter, so that whichever of them
// somebody reaches shows the same.
//
// In go the addresses that discovery finds; out come decisions, of which package merge makes what they
// come to. Each peer is asked every few seconds, by itself, for what is new since the last time: an
// exporter that has nothing to tell answers in two lines. An address can lead to this exporter
// itself, as discovery finds it too, and one that is balanced leads now to the one, now to the other:
// who answers is known by the answer. Now and then everything is read once more, which makes up for
// whatever went amiss.
package peers
