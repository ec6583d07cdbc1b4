package scrape

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// firstSpacing is what each target adds to the time over which the first scrapes are
// spread of all that start together: ten targets are scraped at once, a thousand within
// two seconds.
const firstSpacing = 2 * time.Millisecond

// firstWait returns how long t waits for its first scrape of all, when it is one of so
// many that start together. Nobody wants to wait an interval for what is there already.
func firstWait(t *periskop.Target, together int) time.Duration {
	spread := min(time.Duration(together)*firstSpacing, t.Interval)
	return time.Duration(targetHash(t) % uint64(spread))
}

// secondBeat returns when t is scraped again after its first scrape, which ended at now:
// at its place in the interval, unless that is at once.
func secondBeat(t *periskop.Target, interval time.Duration, now time.Time) time.Time {
	return firstBeat(t, interval, now.Add(interval/10))
}

// firstBeat returns the first regular scrape of t: at the next moment that is, modulo
// the interval and counted from 1970, a hash of the target. So targets that come
// together are spread over the interval, and each keeps its place in it through
// restarts of this program.
//
// For an interval of 30 s and a hash of 42 s, so 12 s modulo the interval, the
// beats are at 0:12, 0:42, 1:12, …; from 0:20 on the first one is at 0:42.
func firstBeat(t *periskop.Target, interval time.Duration, now time.Time) time.Time {
	place := time.Duration(targetHash(t) % uint64(interval))
	wait := (place - time.Duration(now.UnixNano())%interval + interval) % interval
	return now.Add(wait)
}

// targetHash is the same for the same target everywhere. It needs even low bits
// for addresses that differ in one digit, which cheaper hashes do not promise.
func targetHash(t *periskop.Target) uint64 {
	sum := sha256.Sum256([]byte(t.Service + "\xff" + t.URL + "\xff" + t.Instance))
	return binary.BigEndian.Uint64(sum[:8])
}

// nextBeat returns the beat to follow the one at last when that ended at now.
// Beats that passed meanwhile are skipped, except one that passed less than a
// tenth of the interval ago: a target that always runs into a timeout as long as
// the interval is to be scraped at every beat, not at every other one.
//
// For an interval of 30 s and a last beat at 0:12, a scrape that ended by 0:45 is
// followed by the beat of 0:42, and one that ended at 0:46 by the one at 1:12.
func nextBeat(last, now time.Time, interval time.Duration) time.Time {
	next := last.Add(interval)
	if late := now.Sub(next); late > interval/10 {
		next = next.Add((late/interval + 1) * interval)
	}
	return next
}
