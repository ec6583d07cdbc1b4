package merge_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// shown returns what somebody is shown who has that ID, and keeps no connection.
func (s *testState) shown(id string) map[string]uint64 {
	x, answered := s.Expose(merge.Scraper{ID: id})
	answered()
	return byKey(x)
}

func byKey(x *merge.Exposition) map[string]uint64 {
	out := map[string]uint64{}
	for _, series := range x.Exceptions {
		out[series.Labels.Value("key")] = series.Value
	}
	return out
}

// A market is a state with one process behind it that raises exceptions, and servers that
// scrape the state. It has a clock of its own.
type market struct {
	*testState
	memory  *memory
	options merge.Options
	totals  map[string]uint64
	servers []*server
	random  *rand.Rand
	jitter  time.Duration
	// set is by how much the exporter's clock was set while it ran.
	set     time.Duration
	err     error // the first value that somebody saw fall
	highest map[string]uint64
}

func newMarket(change ...func(*merge.Options)) *market {
	m := &market{
		memory: newMemory(), totals: map[string]uint64{}, highest: map[string]uint64{},
		random: rand.New(rand.NewPCG(1, 1)), jitter: 5 * time.Millisecond,
		options: merge.Options{ServiceLabel: "service", Settings: settings(func(o *merge.Settings) {
			o.ProcessRetention, o.SeriesRetention = 1000*time.Hour, 1000*time.Hour
		})},
	}
	for _, c := range change {
		c(&m.options)
	}
	m.options.Store = m.memory
	m.restart(noon)
	m.fold()
	m.now = noon.Add(2 * time.Minute)
	return m
}

// restart is what a kill -9 does: what was not written is lost.
func (m *market) restart(now time.Time) {
	o := m.options
	o.Saved = &merge.Saved{Records: *m.memory.records(), Events: slices.Clone(m.memory.events)}
	slices.SortFunc(o.Saved.Scrapers, func(a, b merge.ScraperRecord) int { return strings.Compare(a.ID, b.ID) })
	s := &testState{now: now}
	o.Now = func() time.Time { return s.now.Add(m.set) }
	o.Elapsed = func() time.Duration { return s.now.Sub(now) }
	s.State = merge.New(o)
	m.testState = s
}

// raise raises n exceptions of a key, and has them scraped.
func (m *market) raise(key string, n uint64) {
	m.totals[key] += n
	m.fold()
}

func (m *market) fold() {
	a := answer{uuid: "A", at: m.now.Add(m.set), date: m.now.Truncate(time.Second)}
	for key, n := range m.totals {
		a.reports = append(a.reports, aggregate(key, n, noon.Add(time.Minute)))
	}
	fold(m.testState, a)
	m.Commit()
}

// A server is a Prometheus server, or a job of one. What it has stored, it keeps wherever
// it goes.
type server struct {
	market   *market
	address  string
	interval time.Duration
	offset   time.Duration
	// keeps is set when it keeps its connection, and says when it tells its timeout.
	keeps, says bool
	// random is set when it comes at random, on average at its interval.
	random   bool
	services []string
	// pooled is the connection of a proxy that several servers share.
	pooled string

	away bool
	// failing is set when its answers do not arrive, and it gives up; once is when that
	// happens to the next one only.
	failing, once bool
	due           time.Time
	connection    int
	// samples are the values of a key that it has stored, those that follow an equal one
	// left out, and zeros how many of all were zero.
	samples map[string][]uint64
	zeros   map[string]int
}

// serve makes the server come, first after its offset.
func (m *market) serve(s *server) *server {
	s.market, s.due = m, m.now.Add(s.offset)
	s.samples, s.zeros = map[string][]uint64{}, map[string]int{}
	m.servers = append(m.servers, s)
	return s
}

func (m *market) prometheus(address string, interval, offset time.Duration) *server {
	return m.serve(&server{address: address, interval: interval, offset: offset, keeps: true, says: true})
}

// pass lets time go by.
func (m *market) pass(d time.Duration) {
	end := m.now.Add(d)
	for {
		var next *server
		for _, s := range m.servers {
			if next == nil || s.due.Before(next.due) {
				next = s
			}
		}
		if next == nil || next.due.After(end) {
			break
		}
		due := next.due
		next.due = due.Add(next.interval)
		if next.random {
			next.due = due.Add(time.Duration(m.random.ExpFloat64() * float64(next.interval)))
		}
		if !next.away {
			m.at(due.Add(time.Duration(m.random.Int64N(int64(m.jitter + 1)))))
			next.scrape()
		}
	}
	m.at(end)
}

// at sets the clock, which never goes back.
func (m *market) at(t time.Time) {
	if t.After(m.now) {
		m.now = t
	}
}

func (s *server) who() merge.Scraper {
	if !s.keeps {
		s.connection++
	}
	who := merge.Scraper{ID: s.address, Connection: fmt.Sprintf("%s %p %d", s.address, s, s.connection), Services: s.services}
	if s.pooled != "" {
		who.Connection = s.pooled
	}
	if s.says {
		who.Timeout = min(s.interval, 10*time.Second)
		who.ID += " " + who.Timeout.String()
	}
	return who
}

func (s *server) scrape() {
	x, answered := s.market.Expose(s.who())
	s.market.look(x)
	if s.failing || s.once {
		s.connection++
		s.once = false
		return
	}
	answered()
	s.store(x)
}

func (s *server) store(x *merge.Exposition) {
	for key, v := range byKey(x) {
		if n := len(s.samples[key]); n == 0 || s.samples[key][n-1] != v {
			s.samples[key] = append(s.samples[key], v)
		}
		if v == 0 {
			s.zeros[key]++
		}
	}
}

// look holds what is shown against all that was shown before, to anybody.
func (m *market) look(x *merge.Exposition) {
	for key, v := range byKey(x) {
		if v < m.highest[key] && m.err == nil {
			m.err = fmt.Errorf("%s fell from %d to %d at %v", key, m.highest[key], v, m.now)
		}
		m.highest[key] = max(m.highest[key], v)
	}
}

// counted is what a server has counted of a key, without its first value.
func (s *server) counted(key string) uint64 {
	v := s.samples[key]
	if len(v) == 0 {
		return 0
	}
	return v[len(v)-1] - v[0]
}

// counts holds what the server has counted of a key against what was raised.
func (s *server) counts(key string) error {
	if got, want := s.counted(key), s.market.totals[key]; got != want {
		return fmt.Errorf("the server at %s counts %d of %s, want %d; its samples are %v", s.address, got, key, want, s.samples[key])
	}
	return nil
}

// stranger looks once, and returns what it is shown of a key.
func (m *market) stranger(id, key string) uint64 {
	x, answered := m.Expose(merge.Scraper{ID: id, Connection: id})
	answered()
	m.look(x)
	return byKey(x)[key]
}

func (m *market) check(t *testing.T) {
	t.Helper()
	if m.err != nil {
		t.Error(m.err)
	}
}

// all raises new keys while time goes by, one a step.
func (m *market) keys(prefix string, n int, step time.Duration) []string {
	var keys []string
	for i := range n {
		key := fmt.Sprintf("%s%d", prefix, i)
		keys = append(keys, key)
		m.raise(key, uint64(i+1))
		m.pass(step)
	}
	return keys
}

// counts holds what the servers have counted of keys against what was raised.
func (m *market) counts(t *testing.T, keys []string, servers ...*server) {
	t.Helper()
	for _, s := range servers {
		for _, key := range keys {
			if err := s.counts(key); err != nil {
				t.Error(err)
			}
		}
	}
}
