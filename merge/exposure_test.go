package merge_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestNewSeriesExample is the example in the documentation of exposure.
func TestNewSeriesExample(t *testing.T) {
	m := newMarket()
	m.jitter = 0
	a := m.prometheus("a", 15*time.Second, 10*time.Second)
	b := m.prometheus("b", time.Minute, 40*time.Second)
	m.pass(10*time.Minute + time.Second)
	m.raise("k", 7)
	m.pass(time.Minute)
	m.raise("k", 1) // counted while it is shown at zero, or later
	m.pass(3 * time.Minute)
	m.check(t)
	m.counts(t, []string{"k"}, a, b)
	if a.zeros["k"] != 5 || b.zeros["k"] != 1 {
		t.Errorf("a saw %d zeros and b %d, want 5 and 1", a.zeros["k"], b.zeros["k"])
	}
}

const (
	s15 = 15 * time.Second
	s60 = time.Minute
)

// TestNewSeries has servers scrape in every way, with new keys all the time.
func TestNewSeries(t *testing.T) {
	for _, tt := range []struct {
		name string
		// servers scrape from the beginning.
		servers func(*market) []*server
		learn   time.Duration // until they are known
		// zeros is the most that the first of them may see of a key.
		zeros int
	}{
		{name: "one", learn: 16 * time.Second, zeros: 1, servers: func(m *market) []*server {
			return []*server{m.prometheus("p", s15, 3*time.Second)}
		}},
		{name: "one at a second", learn: 4 * time.Second, zeros: 1, servers: func(m *market) []*server {
			return []*server{m.prometheus("p", time.Second, 0)}
		}},
		{name: "one at five minutes", learn: 11 * time.Minute, zeros: 1, servers: func(m *market) []*server {
			return []*server{m.prometheus("p", 5*time.Minute, 0)}
		}},
		{name: "one that says nothing and keeps nothing", learn: 4 * s15, zeros: 1, servers: func(m *market) []*server {
			return []*server{m.serve(&server{address: "p", interval: s15})}
		}},
		{name: "one that keeps its connection and says nothing", learn: 4 * s15, zeros: 1, servers: func(m *market) []*server {
			return []*server{m.serve(&server{address: "p", interval: s15, keeps: true})}
		}},
		{name: "one that says how long it waits and keeps nothing", learn: 4 * s15, zeros: 1, servers: func(m *market) []*server {
			return []*server{m.serve(&server{address: "p", interval: s15, says: true})}
		}},
		{name: "two at addresses of their own", learn: 2 * s15, zeros: 1, servers: func(m *market) []*server {
			return []*server{m.prometheus("p", s15, 3*time.Second), m.prometheus("q", s15, 9*time.Second)}
		}},
		{name: "two of different intervals", learn: 2 * s60, zeros: 6, servers: func(m *market) []*server {
			return []*server{m.prometheus("p", s15, 3*time.Second), m.prometheus("q", s60, 50*time.Second)}
		}},
		{name: "three jobs of one", learn: 10 * time.Second, zeros: 3, servers: func(m *market) []*server {
			return []*server{
				m.prometheus("p", 2*time.Second, 300*time.Millisecond), m.prometheus("p", 2*time.Second, 1700*time.Millisecond),
				m.prometheus("p", 3*time.Second, 2100*time.Millisecond),
			}
		}},
		{name: "two of one version on one host, at the same moment", learn: 2 * s15, zeros: 1, servers: func(m *market) []*server {
			return []*server{m.prometheus("p", s15, 3*time.Second), m.prometheus("p", s15, 3*time.Second)}
		}},
		{name: "two of one version on one host, half an interval apart", learn: 2 * s60, zeros: 1, servers: func(m *market) []*server {
			return []*server{m.prometheus("p", s60, 0), m.prometheus("p", s60, s60/2)}
		}},
		{name: "two that say nothing, on one host, half an interval apart", learn: 4 * s60, zeros: 1, servers: func(m *market) []*server {
			return []*server{m.serve(&server{address: "p", interval: s60, keeps: true}), m.serve(&server{address: "p", interval: s60, offset: s60 / 2, keeps: true})}
		}},
		{name: "two jobs of almost the same interval", learn: time.Minute, zeros: 4, servers: func(m *market) []*server {
			return []*server{
				m.serve(&server{address: "p", interval: 1013 * time.Millisecond, keeps: true}),
				m.serve(&server{address: "p", interval: 1019 * time.Millisecond, keeps: true}),
			}
		}},
		{name: "two behind a proxy that has one connection for both", learn: 5 * s15, zeros: 2, servers: func(m *market) []*server {
			return []*server{
				m.serve(&server{address: "p", interval: s15, offset: 2 * time.Second, says: true, pooled: "proxy"}),
				m.serve(&server{address: "p", interval: s15, offset: 6 * time.Second, says: true, pooled: "proxy"}),
			}
		}},
		{name: "two behind a proxy that keeps nothing", learn: 5 * s15, zeros: 2, servers: func(m *market) []*server {
			return []*server{
				m.serve(&server{address: "p", interval: s15, offset: 2 * time.Second, says: true}),
				m.serve(&server{address: "p", interval: s15, offset: 6 * time.Second, says: true}),
			}
		}},
		{name: "two behind a proxy that keeps nothing, half an interval apart", learn: 50 * time.Second, zeros: 2, servers: func(m *market) []*server {
			return []*server{
				m.serve(&server{address: "p", interval: 10 * time.Second, says: true}),
				m.serve(&server{address: "p", interval: 10 * time.Second, offset: 5 * time.Second, says: true}),
			}
		}},
		{name: "two of a second behind a proxy that keeps nothing, both often late", learn: 1600 * time.Millisecond, zeros: 2, servers: func(m *market) []*server {
			m.jitter = 90 * time.Millisecond
			return []*server{
				m.serve(&server{address: "p", interval: time.Second, says: true}),
				m.serve(&server{address: "p", interval: time.Second, offset: 400 * time.Millisecond, says: true}),
			}
		}},
		{name: "two of a minute behind a proxy that keeps nothing", learn: 5 * s60, zeros: 2, servers: func(m *market) []*server {
			return []*server{
				m.serve(&server{address: "p", interval: s60, offset: 2 * time.Second, says: true}),
				m.serve(&server{address: "p", interval: s60, offset: 22 * time.Second, says: true}),
			}
		}},
		{name: "two behind a proxy that say nothing", learn: 9 * s15, zeros: 2, servers: func(m *market) []*server {
			return []*server{
				m.serve(&server{address: "p", interval: s15, offset: 2 * time.Second}),
				m.serve(&server{address: "p", interval: s15, offset: 6 * time.Second}),
			}
		}},
		{name: "five behind a proxy", learn: 6 * s60, zeros: 2, servers: func(m *market) []*server {
			var all []*server
			for i := range 5 {
				all = append(all, m.serve(&server{address: "p", interval: s60, offset: time.Duration(i*i*3) * time.Second, says: true}))
			}
			return all
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMarket()
			servers := tt.servers(m)
			m.pass(tt.learn)
			interval := servers[0].interval
			keys := m.keys("k", 40, interval*73/100)
			m.pass(10 * s60)
			if interval > s60 {
				m.pass(10 * interval)
			}
			m.check(t)
			m.counts(t, keys, servers...)
			for _, key := range keys {
				if got := servers[0].zeros[key]; got < 1 || got > tt.zeros {
					t.Errorf("the first saw %d zeros of %s, want at most %d", got, key, tt.zeros)
				}
			}
			if m.NewSeries() != 0 {
				t.Errorf("%d series are still at zero", m.NewSeries())
			}
		})
	}
}

// TestNewSeriesInTrouble has one thing after another happen to those who scrape.
func TestNewSeriesInTrouble(t *testing.T) {
	regular := func(m *market) *server {
		p := m.prometheus("p", s15, 3*time.Second)
		m.pass(5 * time.Minute)
		return p
	}
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, m *market)
	}{
		{"nobody scrapes yet: values at once", func(t *testing.T, m *market) {
			m.raise("k", 3)
			if got := m.stranger("curl", "k"); got != 3 {
				t.Errorf("got %d, want 3", got)
			}
		}},
		{"a person who asks twice, and again, starts nothing", func(t *testing.T, m *market) {
			for _, wait := range []time.Duration{2, 7, 3, 11, 5} {
				m.raise(fmt.Sprint("k", wait), 3)
				if got := m.stranger("curl", fmt.Sprint("k", wait)); got != 3 {
					t.Errorf("after %d s got %d, want 3", wait, got)
				}
				m.pass(wait * time.Second)
			}
		}},
		{"a script that waits for something is nobody", func(t *testing.T, m *market) {
			for i := range 100 {
				m.stranger("curl", "k")
				if i%10 == 0 {
					m.raise(fmt.Sprint("k", i), 3)
					if got := m.stranger("curl", fmt.Sprint("k", i)); got != 3 {
						t.Errorf("at %d got %d, want 3", i, got)
					}
				}
				m.pass(200 * time.Millisecond)
			}
		}},
		{"one that says that it scrapes is expected to come again, after a kill as well", func(t *testing.T, m *market) {
			m.raise("old", 3)
			p := m.prometheus("p", s60, time.Second)
			m.pass(2 * time.Second)
			m.restart(m.now)
			keys := m.keys("k", 3, 10*time.Second)
			m.pass(3 * s60)
			m.counts(t, keys, p)
			if p.zeros["old"] != 0 {
				t.Error("it saw what is old at zero")
			}
		}},
		{"but not for ever", func(t *testing.T, m *market) {
			p := m.prometheus("p", s60, time.Second)
			m.pass(2 * time.Second)
			p.away = true
			m.pass(6 * time.Minute)
			m.Maintain(m.now)
			m.raise("k", 3)
			if got := m.stranger("curl", "k"); got != 3 {
				t.Errorf("got %d, want 3 at once", got)
			}
		}},
		{"strangers are shown zero as well, and change nothing", func(t *testing.T, m *market) {
			p := regular(m)
			m.raise("k", 3)
			for range 40 {
				want := uint64(0)
				if p.counted("k") > 0 {
					want = 3
				}
				if got := m.stranger("curl", "k"); got != want {
					t.Errorf("got %d, want %d; the server has seen %v", got, want, p.samples["k"])
				}
				m.pass(time.Duration(m.random.IntN(int(2 * time.Second))))
			}
			m.counts(t, []string{"k"}, p)
			if p.zeros["k"] != 1 {
				t.Errorf("the server saw %d zeros, want one", p.zeros["k"])
			}
		}},
		{"1,100 strangers at once", func(t *testing.T, m *market) {
			flood := func(n int) {
				for i := range n {
					m.stranger(fmt.Sprint("stranger", i), "k")
					m.pass(time.Millisecond)
				}
			}
			flood(1100)
			p := m.prometheus("p", s15, 0)
			flood(1100)
			m.pass(2 * s15)
			flood(1100)
			keys := m.keys("k", 10, 7*time.Second)
			flood(1100)
			m.pass(s60)
			m.counts(t, keys, p)
		}},
		{"strangers who come at random", func(t *testing.T, m *market) {
			for i := range 30 {
				m.serve(&server{address: fmt.Sprint("s", i%20), interval: s15, random: true, says: i%3 == 0})
			}
			p := m.prometheus("p", s15, 0)
			m.pass(2 * s15)
			keys := m.keys("k", 10, 17*time.Second)
			m.pass(2*s60 + s15)
			m.counts(t, keys, p)
		}},
		{"many who come at odd intervals", func(t *testing.T, m *market) {
			for i := range 40 {
				m.serve(&server{address: fmt.Sprint("s", i), interval: time.Second + time.Duration(m.random.IntN(int(2*s60))), says: i%2 == 0, keeps: i%4 < 2})
			}
			p := m.prometheus("p", s15, 0)
			m.pass(2 * s15)
			keys := m.keys("k", 10, 17*time.Second)
			m.pass(2*s60 + s15)
			m.counts(t, keys, p)
		}},
		{"300 who come at steady intervals of two minutes and more", func(t *testing.T, m *market) {
			for i := range 300 {
				m.prometheus(fmt.Sprint("s", i), 2*s60+time.Duration(i)*time.Second, time.Duration(i)*time.Second)
			}
			m.pass(20 * time.Minute)
			p := m.prometheus("p", s15, 0)
			m.pass(2 * s15)
			keys := m.keys("k", 10, 17*time.Second)
			m.pass(2*s60 + 2*s15)
			m.counts(t, keys, p)
		}},
		{"one with an odd long interval holds nobody up for more than two minutes", func(t *testing.T, m *market) {
			p := regular(m)
			m.prometheus("odd", 10*time.Minute, 0)
			m.pass(25 * time.Minute)
			m.raise("k", 3)
			m.pass(2*s60 + 2*s15)
			m.counts(t, []string{"k"}, p)
		}},
		{"one who asks irregularly under the same name", func(t *testing.T, m *market) {
			p := regular(m)
			var keys []string
			for i := range 60 {
				who := p.who()
				who.Connection = fmt.Sprint("other", i)
				x, answered := m.Expose(who)
				m.look(x)
				answered()
				if i%6 == 0 {
					keys = append(keys, fmt.Sprint("k", i))
					m.raise(keys[len(keys)-1], 5)
				}
				m.pass(time.Duration(m.random.IntN(int(5 * time.Second))))
			}
			m.pass(2*s60 + s15) // it can pretend to have any interval
			m.counts(t, keys, p)
		}},
		{"it moves to another address", func(t *testing.T, m *market) {
			p := regular(m)
			var keys []string
			for i := range 6 {
				keys = append(keys, m.keys(fmt.Sprint("k", i, "-"), 7, 4*time.Second)...)
				p.address = fmt.Sprint("moved", i)
				p.connection++
				p.due = p.due.Add(7 * time.Second) // it takes a while, and its rhythm is another
			}
			m.pass(2 * s60)
			m.counts(t, keys, p)
		}},
		{"it is away for 11 minutes", func(t *testing.T, m *market) {
			p := regular(m)
			keys := m.keys("before", 5, 3*time.Second)
			p.away = true
			keys = append(keys, m.keys("while", 11, s60)...)
			m.Maintain(m.now)
			p.away = false
			p.connection++
			keys = append(keys, m.keys("after", 5, 3*time.Second)...)
			m.pass(2 * s60)
			m.counts(t, keys, p)
		}},
		{"strangers who pretend to scrape, irregularly, while it is away", func(t *testing.T, m *market) {
			p := regular(m)
			p.away = true
			m.pass(s60)
			m.pretend(60, func(i int) string { return fmt.Sprint(i) })
			m.pretend(20, func(int) string { return "one connection" })
			keys := m.keys("k", 1, 0)
			p.away = false
			p.connection++
			m.pass(4 * s60)
			for key := range m.totals {
				keys = append(keys, key)
			}
			m.counts(t, keys, p)
		}},
		{"nobody but one who pretends to scrape, and is soon forgotten", func(t *testing.T, m *market) {
			m.pretend(200, func(int) string { return "one connection" })
			m.pass(12 * time.Hour)
			m.Maintain(m.now)
			m.raise("k", 3)
			if got := m.stranger("curl", "k"); got != 3 {
				t.Errorf("got %d, want 3 at once", got)
			}
		}},
		{"it is away for a day, and the exporter is stopped meanwhile", func(t *testing.T, m *market) {
			p := m.prometheus("p", s15, 0)
			m.pass(time.Hour)
			p.away = true
			keys := m.keys("while", 24, time.Hour)
			m.Maintain(m.now)
			m.Flush()
			m.restart(m.now)
			p.away, p.address = false, "q"
			m.pass(2 * s60)
			m.counts(t, keys, p)
		}},
		{"every second scrape fails", func(t *testing.T, m *market) {
			p := regular(m)
			q := m.prometheus("q", s15, 8*time.Second)
			m.pass(s60)
			var keys []string
			for i := range 30 {
				if i%2 == 0 {
					keys = append(keys, fmt.Sprint("k", i))
					m.raise(keys[len(keys)-1], 5)
				}
				p.failing, q.failing = i%2 == 0, i%3 == 0
				m.pass(s15)
			}
			p.failing, q.failing = false, false
			m.pass(2 * s60)
			m.counts(t, keys, p, q)
		}},
		{"the answer was sent, but it had given up", func(t *testing.T, m *market) {
			p := regular(m)
			m.raise("k", 5)
			p.away = true
			_, answered := m.Expose(p.who())
			answered()
			p.connection++ // it has closed the other one
			p.away = false
			m.pass(2 * s60)
			m.counts(t, []string{"k"}, p)
		}},
		{"it is restarted after an answer that it did not store", func(t *testing.T, m *market) {
			p := regular(m)
			m.restartAfterAnswer(p)
			m.counts(t, []string{"k"}, p)
		}},
		{"the same without a connection that is kept", func(t *testing.T, m *market) {
			p := m.serve(&server{address: "p", interval: s15, says: true})
			m.pass(5 * time.Minute)
			m.restartAfterAnswer(p)
			m.counts(t, []string{"k"}, p)
		}},
		{"it is often late", func(t *testing.T, m *market) {
			m.jitter = 5 * time.Second
			p := regular(m)
			m.prometheus("q", s15, 9*time.Second)
			m.pass(s60)
			keys := m.keys("k", 20, 9*time.Second)
			m.pass(s60)
			m.counts(t, keys, p)
			for _, key := range keys {
				if p.zeros[key] > 2 {
					t.Errorf("%s was shown at zero %d times, want once or twice", key, p.zeros[key])
				}
			}
		}},
		{"it was so late now and then that the next one came early", func(t *testing.T, _ *market) {
			for seed := range uint64(50) {
				m := newMarket()
				m.random = rand.New(rand.NewPCG(seed, 1))
				p := m.prometheus("p", time.Second, 0)
				m.jitter = 1500 * time.Millisecond
				m.pass(40 * time.Second)
				m.jitter = 0
				m.raise("k", 3)
				m.pass(15 * time.Second)
				m.counts(t, []string{"k"}, p)
			}
		}},
		{"another one takes its place, with a database of its own", func(t *testing.T, m *market) {
			p := regular(m)
			m.raise("k", 5)
			m.pass(s15)
			p.away = true
			if p.zeros["k"] != 1 {
				t.Errorf("it saw %d zeros, want one", p.zeros["k"])
			}
			m.pass(s15)
			q := m.prometheus("q", s15, time.Second)
			m.pass(2 * s60)
			m.counts(t, []string{"k"}, q)
		}},
		{"a second one comes", func(t *testing.T, m *market) {
			p := regular(m)
			old := m.keys("old", 3, 2*time.Second)
			m.pass(s60)
			q := m.prometheus("q", s15, time.Second)
			m.pass(s15 + 2*time.Second) // came twice
			keys := m.keys("k", 10, 4*time.Second)
			m.pass(2 * s60)
			m.counts(t, append(old, keys...), p)
			m.counts(t, keys, q)
			for _, key := range old {
				if q.zeros[key] != 0 {
					t.Errorf("%s was shown at zero to the second one", key)
				}
			}
		}},
		{"one of two goes, and holds nobody up", func(t *testing.T, m *market) {
			p := regular(m)
			q := m.prometheus("q", s60, 0)
			m.pass(5 * s60)
			q.away = true
			m.pass(3 * s60)
			keys := m.keys("k", 5, s15)
			m.pass(s60)
			m.counts(t, keys, p)
			for _, key := range keys {
				if p.zeros[key] != 1 {
					t.Errorf("%s was shown at zero %d times, want once", key, p.zeros[key])
				}
			}
		}},
		{"its interval changes", func(t *testing.T, m *market) {
			p := regular(m)
			var keys []string
			for i, interval := range []time.Duration{s60, 5 * time.Second, 20 * time.Second, s60, s15} {
				p.interval = interval
				keys = append(keys, m.keys(fmt.Sprint("k", i, "-"), 10, 17*time.Second)...)
			}
			m.pass(5 * s60)
			m.counts(t, keys, p)
		}},
		{"its interval grows, and nothing but time tells", func(t *testing.T, m *market) {
			p := m.serve(&server{address: "p", interval: s15})
			m.pass(5 * time.Minute)
			p.interval = 40 * time.Second
			m.pass(5 * time.Minute)
			keys := m.keys("k", 5, s60)
			m.pass(2 * s60)
			m.counts(t, keys, p)
			for _, key := range keys {
				if p.zeros[key] != 1 {
					t.Errorf("%s was shown at zero %d times, want once", key, p.zeros[key])
				}
			}
		}},
		{"a second job comes at almost the same moments, and then a scrape of the first fails", func(t *testing.T, m *market) {
			p := m.serve(&server{address: "p", interval: s15, keeps: true})
			m.pass(5 * time.Minute)
			m.serve(&server{address: "p", interval: s15, offset: p.due.Sub(m.now) - 50*time.Millisecond, keeps: true})
			m.pass(s15)
			m.raise("k", 5)
			p.once = true
			m.pass(2 * s60)
			m.counts(t, []string{"k"}, p)
		}},
		{"the exporter's clock is set", func(t *testing.T, m *market) {
			p := regular(m)
			q := m.prometheus("q", s60, 0)
			m.pass(5 * s60)
			var keys []string
			for i, by := range []time.Duration{time.Hour, -time.Hour, 30 * time.Second, -48 * time.Hour, 48 * time.Hour} {
				keys = append(keys, m.keys(fmt.Sprint("before", i, "-"), 3, 4*time.Second)...)
				m.set += by
				keys = append(keys, m.keys(fmt.Sprint("after", i, "-"), 3, 4*time.Second)...)
			}
			m.Flush()
			m.restart(m.now)
			m.pass(5 * s60)
			m.counts(t, keys, p, q)
		}},
		{"more keys at once than are told of one by one", func(t *testing.T, m *market) {
			p := regular(m)
			for i := range 1500 {
				m.totals[fmt.Sprint("k", i)] = 2
			}
			m.raise("k", 2)
			m.pass(s15)
			m.restart(m.now)
			m.pass(s15 + time.Second)
			m.restart(m.now)
			m.pass(s60)
			for key := range m.totals {
				m.counts(t, []string{key}, p)
			}
		}},
		{"a series that left and comes back", func(t *testing.T, m *market) {
			m.Configure(settings(func(o *merge.Settings) { o.SeriesRetention = time.Hour; o.ProcessRetention = 24 * time.Hour }))
			p := m.prometheus("p", s15, 0)
			m.raise("k", 3)
			m.pass(30 * time.Minute)
			before := p.counted("k")
			m.pass(31 * time.Minute)
			m.Maintain(m.now)
			m.pass(s60)
			m.highest = map[string]uint64{}
			p.samples = map[string][]uint64{}
			m.raise("k", 4)
			m.pass(s60)
			if got := p.counted("k"); before != 0 || got != 4 {
				t.Errorf("got %d before and %d after, want 0 and 4", before, got)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMarket()
			tt.do(t, m)
			m.check(t)
		})
	}
}

// pretend has somebody ask as a scraper would, but at random times, with a new key each.
func (m *market) pretend(times int, connection func(i int) string) {
	for i := range times {
		x, answered := m.Expose(merge.Scraper{ID: "attacker", Connection: connection(i), Timeout: time.Second})
		m.look(x)
		answered()
		m.keys(fmt.Sprint(connection(i), i), 1, time.Duration(m.random.IntN(int(20*time.Second))))
	}
}

// restartAfterAnswer has the server ask, give up, and come back on another connection,
// while a key is new.
func (m *market) restartAfterAnswer(p *server) {
	m.raise("k", 5)
	m.pass(p.due.Sub(m.now) - time.Second)
	m.at(p.due)
	p.away = true
	_, answered := m.Expose(p.who())
	answered()
	m.pass(time.Second)
	p.connection++
	p.away, p.due = false, p.due.Add(4*time.Second)
	m.pass(2 * s60)
}

// TestNewSeriesDelay is about a server that federates from the one which scrapes: it asks
// that one every minute, and sees the newest sample.
func TestNewSeriesDelay(t *testing.T) {
	m := newMarket(func(o *merge.Options) { o.NewSeriesDelay = s60 })
	p := m.prometheus("p", s15, 0)
	m.pass(2 * s15)
	keys := m.keys("k", 40, 7*time.Second)
	m.pass(5 * s60)
	m.check(t)
	m.counts(t, keys, p)
	for _, key := range keys {
		// The samples go on in steps of 15 seconds.
		if got := time.Duration(p.zeros[key]) * s15; got < s60 || got > s60+2*s15 {
			t.Errorf("%s was at zero for %v, want a minute", key, got)
		}
	}
}

// TestNewSeriesOfServices has servers share the services.
func TestNewSeriesOfServices(t *testing.T) {
	withService := func(k merge.SeriesKey) (periskop.Labels, bool) {
		return periskop.NewLabels(map[string]string{"key": k.Key, "service": k.Service}), true
	}
	m := newMarket(func(o *merge.Options) {
		o.Settings.Services = []merge.ServiceSettings{{Name: "shop", Labels: withService}, {Name: "other", Labels: withService}}
	})
	serve := func(address string, services ...string) *server {
		return m.serve(&server{address: address, interval: s15, offset: time.Duration(len(m.servers)) * time.Second, keeps: true, says: true, services: services})
	}
	other := serve("p", "other")
	m.pass(s60)
	m.raise("unshared", 2)
	if got := m.stranger("curl", "unshared"); got != 2 {
		t.Errorf("of a service that nobody asks for: got %d, want 2 at once", got)
	}
	// What strangers name must not be taken for what others ask for.
	unknown, empty, joined := serve("p", "unknown", ""), serve("p", ""), serve("p", "shop\x00other")
	shop, both, all := serve("p", "shop"), serve("p", "shop", "other"), serve("p")
	m.pass(s60)
	keys := m.keys("k", 10, 4*time.Second)
	m.pass(s60)
	m.check(t)
	m.counts(t, keys, shop, both, all)
	for _, s := range []*server{other, unknown, empty, joined} {
		if len(s.samples) > 0 {
			t.Errorf("one who asked for other services was shown %v", s.samples)
		}
	}
	seen := func(services ...string) int {
		x, _ := m.Expose(merge.Scraper{Services: services})
		return len(x.Seen)
	}
	if got := []int{seen(), seen("shop"), seen("shop", "shop"), seen("other"), seen("")}; !cmp.Equal(got, []int{11, 11, 11, 0, 0}) {
		t.Errorf("got %v of the times at which exceptions were seen, want all, all, all, none, none", got)
	}
	m.Flush()
	m.restart(m.now)
	m.raise("after a restart", 2)
	if got := m.stranger("curl", "after a restart"); got != 0 {
		t.Errorf("of a service that is scraped: got %d, want 0", got)
	}
}

// TestNewSeriesOfTrickyServices has somebody ask for a service whose name is made to look
// like the request of another.
func TestNewSeriesOfTrickyServices(t *testing.T) {
	for _, tt := range []struct {
		name         string
		tricky, real []string
	}{
		{"no name", []string{""}, nil},
		{"two names in one", []string{"shop\x00other"}, []string{"other", "shop"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMarket(func(o *merge.Options) {
				o.Settings.Services[0].Labels = func(k merge.SeriesKey) (periskop.Labels, bool) {
					return periskop.NewLabels(map[string]string{"key": k.Key, "service": k.Service}), true
				}
			})
			m.serve(&server{address: "p", interval: s15, keeps: true, says: true, services: tt.tricky})
			m.serve(&server{address: "q", interval: s15, keeps: true, says: true, services: tt.real})
			m.pass(s60)
			for i := range 20 {
				m.raise(fmt.Sprint("k", i), 1)
				if got := m.stranger("curl", fmt.Sprint("k", i)); got != 0 {
					t.Errorf("k%d was shown at %d, want 0", i, got)
				}
				m.pass(time.Duration(m.random.IntN(int(s15))))
			}
		})
	}
}

// TestNewSeriesSurvive kills the program at each step of a series' life.
func TestNewSeriesSurvive(t *testing.T) {
	for name, kill := range map[string]time.Duration{
		"before it is exposed": 2 * time.Second, "while it is at zero": 10 * time.Second, "when it has its value": 25 * time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			m := newMarket()
			p := m.prometheus("p", s15, 0)
			q := m.prometheus("q", 20*time.Second, 0)
			m.pass(10 * s60)
			m.raise("k", 3)
			m.pass(kill)
			m.Commit()
			m.restart(m.now)
			m.pass(s60)
			m.check(t)
			m.counts(t, []string{"k"}, p, q)
			if m.RegularScrapers() != 2 {
				t.Errorf("%d scrapers are known, want 2", m.RegularScrapers())
			}
		})
	}
	t.Run("again and again", func(t *testing.T) {
		m := newMarket()
		p := m.prometheus("p", s15, 0)
		m.pass(10 * s60)
		m.raise("k", 3)
		for range 20 {
			m.pass(9 * time.Second)
			m.Commit()
			m.restart(m.now)
		}
		m.check(t)
		m.counts(t, []string{"k"}, p)
	})
	t.Run("the clock is set back meanwhile", func(t *testing.T) {
		m := newMarket()
		p := m.prometheus("p", s15, 0)
		m.pass(10 * s60)
		m.raise("k", 3)
		m.pass(s15 - time.Second)
		m.Commit()
		m.restart(m.now.Add(-time.Hour))
		p.due = m.now
		m.pass(s60)
		m.check(t)
		m.counts(t, []string{"k"}, p)
	})
}
