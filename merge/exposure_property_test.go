package merge_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// learning is after how many of its intervals a server must be known, whatever it says.
const learning = 6

// A keyed is a key and when it was first raised.
type keyed struct {
	key string
	at  time.Time
}

// raiseOne raises a new key, or one that there is.
func (m *market) raiseOne(t *rapid.T, keys []keyed) []keyed {
	n := uint64(rapid.IntRange(1, 9).Draw(t, "n"))
	if i := rapid.IntRange(0, 2*len(keys)).Draw(t, "key"); i < len(keys) {
		m.raise(keys[i].key, n)
		return keys
	}
	key := fmt.Sprint("k", len(keys))
	m.raise(key, n)
	return append(keys, keyed{key, m.now})
}

// TestEverybodySeesTheRise has servers of all kinds scrape, each missing a scrape now and then,
// while strangers look and the exporter is killed: what is raised once a server is known,
// it counts, and nobody sees anything fall.
func TestEverybodySeesTheRise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMarket()
		var keys []keyed
		known := map[*server]time.Time{}
		missed := map[*server]time.Time{}
		come := func(t *rapid.T, shared bool) {
			if len(m.servers) >= 5 {
				return
			}
			s := &server{
				interval: time.Duration(rapid.IntRange(1000, 45000).Draw(t, "interval")) * time.Millisecond,
				offset:   time.Duration(rapid.IntRange(0, 45000).Draw(t, "offset")) * time.Millisecond,
				keeps:    rapid.Bool().Draw(t, "keeps"), says: rapid.Bool().Draw(t, "says"),
			}
			s.address = fmt.Sprint("p", len(m.servers))
			if shared {
				s.address, s.keeps = "proxy", true
			}
			m.serve(s)
			known[s] = s.due.Add(learning * s.interval)
		}
		// Those who share an address keep their connections, are there from the beginning,
		// and miss nothing: after a kill nothing tells a newcomer from one that missed a
		// scrape.
		for range rapid.IntRange(0, 3).Draw(t, "shared") {
			come(t, true)
		}
		come(t, false)
		for step := range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"raise", "raise", "raise", "pass", "pass", "pass", "come", "miss", "look", "kill", "maintain"}).Draw(t, "what") {
			case "raise":
				keys = m.raiseOne(t, keys)
			case "pass":
				m.pass(time.Duration(rapid.IntRange(1, 60000).Draw(t, "ms")) * time.Millisecond)
			case "come":
				come(t, false)
			case "miss":
				s := rapid.SampledFrom(m.servers).Draw(t, "server")
				// A second one in a row is too much.
				if s.address != "proxy" && m.now.After(known[s]) && m.now.Sub(missed[s]) > 4*s.interval {
					missed[s], s.once = m.now, true
				}
			case "look":
				m.stranger(fmt.Sprint("stranger", step), "")
			case "kill":
				m.restart(m.now)
				for s, since := range known { // what was not known yet must be learned anew
					if since.After(m.now) {
						known[s] = s.due.Add(learning * s.interval)
					}
				}
			case "maintain":
				m.Maintain(m.now)
			}
		}
		m.pass(5 * time.Minute)
		if m.err != nil {
			t.Fatal(m.err)
		}
		for s, since := range known {
			for _, k := range keys {
				if err := s.counts(k.key); err != nil && k.at.After(since) {
					t.Fatalf("%v; known since %v, raised at %v", err, since, k.at)
				}
			}
		}
	})
}

// TestOneSeesEveryRise has a single server that moves, stays away, and changes its
// interval, while strangers look and the exporter is killed: once it is known, it counts
// all that is raised, whenever that is.
func TestOneSeesEveryRise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMarket()
		var keys []keyed
		interval := func() time.Duration {
			return time.Duration(rapid.IntRange(1000, 110_000).Draw(t, "interval")) * time.Millisecond
		}
		s := m.serve(&server{
			address: "p", interval: interval(), keeps: rapid.Bool().Draw(t, "keeps"), says: rapid.Bool().Draw(t, "says"),
		})
		m.pass(30 * s.interval) // long enough to be remembered for hours
		for step := range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"raise", "raise", "raise", "pass", "pass", "stay away", "move", "change", "look", "kill", "maintain"}).Draw(t, "what") {
			case "raise":
				keys = m.raiseOne(t, keys)
			case "pass":
				m.pass(time.Duration(rapid.IntRange(1, 300_000).Draw(t, "ms")) * time.Millisecond)
			case "stay away":
				s.away = true
				m.pass(time.Duration(rapid.IntRange(1, 20).Draw(t, "minutes")) * time.Minute)
				s.away = false
				s.connection++
			case "move":
				s.address = fmt.Sprint("p", rapid.IntRange(0, 100).Draw(t, "address"))
				s.connection++
				s.due = s.due.Add(time.Duration(rapid.IntRange(0, 60_000).Draw(t, "ms")) * time.Millisecond)
			case "change":
				s.interval = interval()
			case "look":
				m.stranger(fmt.Sprint("stranger", step), "")
			case "kill":
				m.restart(m.now)
			case "maintain":
				m.Maintain(m.now)
			}
		}
		m.pass(10 * time.Minute)
		if m.err != nil {
			t.Fatal(m.err)
		}
		for _, k := range keys {
			if err := s.counts(k.key); err != nil {
				t.Fatal(err)
			}
		}
	})
}
