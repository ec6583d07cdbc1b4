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

// secondScrapeTime returns when t is scraped again after its first scrape, which ended at now:
// at its offset in the interval, unless that is at once.
func secondScrapeTime(t *periskop.Target, interval time.Duration, now time.Time) time.Time {
	return firstScrapeTime(t, interval, now.Add(interval/10))
}

// firstScrapeTime returns the first regular scrape of t: at the next moment that is, modulo
// the interval and counted from 1970, a hash of the target. So targets that come
// together are spread over the interval, and each keeps its offset in it through
// restarts of this program.
//
// For an interval of 30 s and a hash of 42 s, so 12 s modulo the interval, the
// scrapes are at 0:12, 0:42, 1:12, …; from 0:20 on the first one is at 0:42.
func firstScrapeTime(t *periskop.Target, interval time.Duration, now time.Time) time.Time {
	offset := time.Duration(targetHash(t) % uint64(interval))
	wait := (offset - time.Duration(now.UnixNano())%interval + interval) % interval
	return now.Add(wait)
}

// targetHash is the same for the same target everywhere. It needs even low bits
// for addresses that differ in one digit, which cheaper hashes do not promise.
func targetHash(t *periskop.Target) uint64 {
	sum := sha256.Sum256([]byte(t.Service + "\xff" + t.URL + "\xff" + t.Instance))
	return binary.BigEndian.Uint64(sum[:8])
}

// nextScrapeTime returns the time of the scrape after the one at last, which ended at now.
// Times that passed meanwhile are skipped, except one that passed less than a
// tenth of the interval ago: a target that always runs into a timeout as long as
// the interval is to be scraped every time, not every other time.
//
// For an interval of 30 s and a last scrape at 0:12, a scrape that ended by 0:45 is
// followed by the one of 0:42, and one that ended at 0:46 by the one at 1:12.
func nextScrapeTime(last, now time.Time, interval time.Duration) time.Time {
	next := last.Add(interval)
	if late := now.Sub(next); late > interval/10 {
		next = next.Add((late/interval + 1) * interval)
	}
	return next
}
