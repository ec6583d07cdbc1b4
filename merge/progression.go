package merge

import (
	"slices"
	"time"
)

// The longest interval at which somebody is taken to scrape. Prometheus looks back five
// minutes for a value, and advises against intervals longer than two.
const maxScrapeInterval = 15 * time.Minute

// lateness is how far from its time a scrape may be, in an interval that is known. What
// makes it late, a busy machine or network, has little to do with the interval.
func lateness(interval time.Duration) time.Duration {
	return min(interval/8, 100*time.Millisecond+interval/50)
}

// precision is how exactly intervals must agree for one to be learned from requests that
// nothing but time connects: half as much as that would take every tenth pair of servers
// for one that scrapes twice as often.
func precision(interval time.Duration) time.Duration {
	return min(interval/8, 30*time.Millisecond+interval/200)
}

// A progression is how an interval is learned: times that are evenly apart.
type progression struct {
	interval time.Duration
	// members are the indices of the times, the newest first. That which it ends at is
	// not among them.
	members []int
}

// A search says what progression is looked for.
type search struct {
	// shortest is the shortest interval.
	shortest time.Duration
	// tolerance is how exactly the times must be apart.
	tolerance func(interval time.Duration) time.Duration
	// chance is the probability of an accident that is accepted.
	chance float64
}

// find returns the progression of at least three times that ends at t, the others being
// among the ascending times before: the one with the shortest interval that is more than
// chance. The times of others are in between, of servers behind one address,
// or of somebody who asks at random, and with enough of them there is an evenly spaced
// triple everywhere.
//
// An example: two servers scrape every 15 s, 4 s apart. At 30 the times are 0, 4, 15 and
// 19. From 19 it is 11 s, and at 8 there was none. From 15 it is 15 s, and at 0 there was
// one: 15 s. Two of the times do not belong to it. That one of them meets a given moment
// within 105 ms is a chance of 2·2·0.105/30 = 0.014; of the two intervals that were tried,
// 0.028.
func (s *search) find(before []time.Time, t time.Time) (progression, bool) {
	for i := len(before) - 1; i > 0; i-- {
		interval := t.Sub(before[i])
		if interval > maxScrapeInterval {
			break
		}
		if interval < s.shortest {
			continue
		}
		p := progression{interval: interval, members: follow(before, i, interval, s.tolerance(interval))}
		if len(p.members) < 2 {
			continue
		}
		// How often others come tells the time before, too: of somebody who asks at random,
		// three in a row may well be evenly apart.
		const context = 10
		begin := t.Add(-context * t.Sub(before[p.members[len(p.members)-1]]))
		first, _ := slices.BinarySearchFunc(before, begin, time.Time.Compare)
		if first == 0 {
			begin = before[0]
		}
		others := len(before) - first - len(p.members)
		hit := min(1, 2*s.tolerance(interval).Seconds()*float64(others)/t.Sub(begin).Seconds())
		accident := float64(len(before) - i)
		for range len(p.members) - 1 {
			accident *= hit
		}
		if accident <= s.chance {
			return p, true
		}
	}
	return progression{}, false
}

// follow returns the indices of the times that lie one interval before the other, the
// first being i.
func follow(times []time.Time, i int, interval, tolerance time.Duration) []int {
	members := []int{i}
	for {
		want := times[i].Add(-interval)
		j, _ := slices.BinarySearchFunc(times[:i], want, time.Time.Compare)
		if j == i || j > 0 && want.Sub(times[j-1]) < times[j].Sub(want) {
			j-- // the time before it is nearer
		}
		if j < 0 || times[j].Sub(want).Abs() > tolerance {
			return members
		}
		members = append(members, j)
		i = j
	}
}
