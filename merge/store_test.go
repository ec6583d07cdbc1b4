package merge_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A memory is a store that survives a state but not the test. It can be made to fail,
// and to have lost what it held.
type memory struct {
	services    map[string]merge.ServiceRecord
	rounds      map[string]merge.RoundRecord
	endpoints   map[merge.EndpointName]merge.EndpointRecord
	processes   map[merge.ProcessName]merge.ProcessRecord
	forgotten   map[merge.ProcessName]merge.ForgottenRecord
	exceptions  map[merge.ExceptionName]merge.ExceptionRecord
	occurrences map[merge.ExceptionName]merge.OccurrencesRecord
	members     map[merge.ExceptionName]merge.MemberRecord
	series      map[string]merge.SeriesRecord
	scrapers    map[string]merge.ScraperRecord

	events  []merge.Event
	seq     uint64
	commits int
	err     error
	lost    bool
}

// held are occurrences that are held.
type held []periskop.Occurrence

func (h held) Occurrences() []periskop.Occurrence { return h }

// sameKept compares the occurrences that are kept, wherever they are.
var sameKept = cmp.Comparer(func(a, b *merge.Kept) bool { return cmp.Equal(a.List(), b.List()) })

func newMemory() *memory {
	return &memory{
		services:    map[string]merge.ServiceRecord{},
		rounds:      map[string]merge.RoundRecord{},
		endpoints:   map[merge.EndpointName]merge.EndpointRecord{},
		processes:   map[merge.ProcessName]merge.ProcessRecord{},
		forgotten:   map[merge.ProcessName]merge.ForgottenRecord{},
		exceptions:  map[merge.ExceptionName]merge.ExceptionRecord{},
		occurrences: map[merge.ExceptionName]merge.OccurrencesRecord{},
		members:     map[merge.ExceptionName]merge.MemberRecord{},
		series:      map[string]merge.SeriesRecord{},
		scrapers:    map[string]merge.ScraperRecord{},
	}
}

func (m *memory) Append(events []*merge.Event) (int64, error) {
	if m.err != nil {
		return 0, m.err
	}
	for _, e := range events {
		if e.Seq > m.seq { // what a commit comprises is not done again
			m.events = append(m.events, *e)
		}
	}
	return int64(len(m.events)), nil
}

func (m *memory) Sync() error { return m.err }

func (m *memory) Commit(r *merge.Records) error {
	switch {
	case m.err != nil:
		return m.err
	case m.lost && !r.All:
		return merge.ErrIncomplete
	case r.All:
		commits := m.commits
		*m = *newMemory()
		m.commits = commits
	}
	for i := range r.Occurrences {
		o := &r.Occurrences[i]
		list := held(o.Kept.List())
		o.Marks, o.Written = merge.Marks(list), list
		o.Kept = merge.NewStored(o.Marks, list)
	}
	m.commits++
	m.seq = r.Seq
	m.events = slices.DeleteFunc(m.events, func(e merge.Event) bool { return e.Seq <= r.Seq })
	m.remove(&r.Removed)
	put(m.services, r.Services, func(r merge.ServiceRecord) string { return r.Name })
	put(m.rounds, r.Rounds, func(r merge.RoundRecord) string { return r.Discovery })
	put(m.endpoints, r.Endpoints, func(r merge.EndpointRecord) merge.EndpointName { return r.EndpointName })
	put(m.processes, r.Processes, func(r merge.ProcessRecord) merge.ProcessName { return r.ProcessName })
	put(m.forgotten, r.Forgotten, func(r merge.ForgottenRecord) merge.ProcessName { return r.ProcessName })
	put(m.exceptions, r.Exceptions, func(r merge.ExceptionRecord) merge.ExceptionName { return r.ExceptionName })
	put(m.occurrences, r.Occurrences, func(r merge.OccurrencesRecord) merge.ExceptionName { return r.ExceptionName })
	put(m.members, r.Members, func(r merge.MemberRecord) merge.ExceptionName { return r.ExceptionName })
	put(m.series, r.Series, func(r merge.SeriesRecord) string { return fmt.Sprint(r.SeriesName) })
	put(m.scrapers, r.Scrapers, func(r merge.ScraperRecord) string { return r.ID })
	return nil
}

func (m *memory) remove(r *merge.Removed) {
	drop(m.services, r.Services)
	drop(m.endpoints, r.Endpoints)
	drop(m.processes, r.Processes)
	drop(m.forgotten, r.Forgotten)
	drop(m.exceptions, r.Exceptions)
	drop(m.occurrences, r.Exceptions)
	drop(m.members, r.Members)
	for _, name := range r.Series {
		delete(m.series, fmt.Sprint(name))
	}
	drop(m.scrapers, r.Scrapers)
}

func put[K comparable, R any](m map[K]R, records []R, name func(R) K) {
	for _, r := range records {
		m[name(r)] = r
	}
}

func drop[K comparable, R any](m map[K]R, names []K) {
	for _, name := range names {
		delete(m, name)
	}
}

func list[K comparable, R any](m map[K]R) []R {
	var out []R
	for _, r := range m {
		out = append(out, r)
	}
	return out
}

// records returns what is held, in no order.
func (m *memory) records() *merge.Records {
	return &merge.Records{
		Seq:      m.seq,
		Services: list(m.services), Rounds: list(m.rounds), Endpoints: list(m.endpoints), Processes: list(m.processes), Forgotten: list(m.forgotten),
		Exceptions: list(m.exceptions), Occurrences: list(m.occurrences), Members: list(m.members), Series: list(m.series), Scrapers: list(m.scrapers),
	}
}

// restart returns a state that begins with what is held.
func (m *memory) restart(s merge.Settings, now time.Time) *testState {
	return openStateAt(now, merge.Options{Store: m, Saved: &merge.Saved{Records: *m.records(), Events: slices.Clone(m.events)}, Settings: s})
}

func TestRestoredEqualsUnstopped(t *testing.T) {
	m := newMemory()
	s := m.restart(settings(), noon)
	occurrence := periskop.Occurrence{UUID: "1", Timestamp: at(1), Severity: "error", Error: periskop.Exception{Class: "E"}}
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)},
		answer{uuid: "A", at: at(2), reports: []periskop.Aggregate{
			aggregate("k", 5, at(1), occurrence), aggregate("old", 7, at(-1)), aggregate("older", 7, at(-60*24*8)),
		}},
		answer{uuid: "gone", target: "b:80", at: at(2), reports: []periskop.Aggregate{aggregate("gone", 1, at(1))}})
	s.Resolve(merge.ExceptionID("shop", "k"), at(3))
	s.Maintain(at(4))
	s.Flush()

	restored := m.restart(settings(), at(4))
	if diff := cmp.Diff(restored.Snapshot(), s.Snapshot(), sameKept, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Inconsistencies" }, cmp.Ignore())); diff != "" {
		t.Errorf("snapshot (-restored +unstopped):\n%s", diff)
	}
	if diff := cmp.Diff(restored.Exposition(), s.Exposition()); diff != "" {
		t.Errorf("exposition (-restored +unstopped):\n%s", diff)
	}
	// What happens next is the same as well.
	next := []answer{
		{uuid: "A", at: at(5), reports: []periskop.Aggregate{aggregate("k", 6, at(1)), aggregate("old", 7, at(-1)), aggregate("older", 8, at(-60*24*8))}},
		{uuid: "B", at: at(5), reports: []periskop.Aggregate{aggregate("k", 2, at(4)), aggregate("old", 3, at(-5))}},
	}
	fold(restored, next...)
	fold(s, next...)
	if diff := cmp.Diff(restored.Exposition(), s.Exposition()); diff != "" {
		t.Errorf("exposition, further on (-restored +unstopped):\n%s", diff)
	}
	if got := restored.Snapshot().Find(merge.ExceptionID("shop", "k")); got.Resolved != nil || got.Regressions != 1 {
		t.Errorf("got resolved %v and %d regressions, want a regression", got.Resolved, got.Regressions)
	}
}

func TestForgottenProcessesSurvive(t *testing.T) {
	m := newMemory()
	s := m.restart(settings(), noon)
	k := func(total uint64) []periskop.Aggregate { return []periskop.Aggregate{aggregate("k", total, at(1))} }
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: k(5)})
	s.Maintain(at(120))
	s.Flush()
	s = m.restart(settings(), at(121))
	fold(s, answer{uuid: "A", at: at(121), reports: k(8)})
	if got := counts(s)["k"]; got != 5 {
		t.Errorf("a process that returns: got %d, want 5", got)
	}
	s.Flush()
	if len(m.forgotten) != 1 { // Z
		t.Errorf("got %d forgotten processes in the store, want 1", len(m.forgotten))
	}
	s.Maintain(at(60 * 24 * 8))
	s.Flush()
	s.Maintain(at(60 * 24 * 16))
	s.Flush()
	if r := m.records(); len(r.Processes)+len(r.Forgotten)+len(r.Exceptions)+len(r.Series) != 0 {
		t.Errorf("the store still holds %+v", r)
	}
}

func TestCommitFails(t *testing.T) {
	m := newMemory()
	s := m.restart(settings(), noon)
	k := func(total uint64) []periskop.Aggregate { return []periskop.Aggregate{aggregate("k", total, at(1))} }
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: k(5)})
	m.err = errors.New("no space left on device")
	if got := counts(s)["k"]; got != 5 {
		t.Errorf("while it cannot be written: got %d, want 5", got)
	}
	if got := s.StoreStatus(); got.Err == nil || got.Failures != 1 || got.Commits != 0 {
		t.Errorf("got status %+v, want one failure", got)
	}
	m.err = nil
	fold(s, answer{uuid: "A", at: at(3), reports: k(6)})
	s.Flush()
	if got := s.StoreStatus(); got.Err != nil || got.Commits != 1 {
		t.Errorf("got status %+v, want one commit", got)
	}
	if got := counts(m.restart(settings(), at(4)))["k"]; got != 6 {
		t.Errorf("after a restart: got %d, want 6", got)
	}

	// The store loses what it held, and is given all of it again.
	*m = *newMemory()
	m.lost = true
	fold(s, answer{uuid: "A", at: at(5), reports: k(7)})
	s.Flush()
	if got := counts(m.restart(settings(), at(6)))["k"]; got != 7 {
		t.Errorf("after the store was lost: got %d, want 7", got)
	}
}

// A hangingStore does not answer until it is let go.
type hangingStore struct {
	*memory
	let chan struct{}
}

func (h hangingStore) Append(events []*merge.Event) (int64, error) {
	<-h.let
	return h.memory.Append(events)
}

func (h hangingStore) Commit(r *merge.Records) error {
	<-h.let
	return h.memory.Commit(r)
}

func TestCommitHangs(t *testing.T) {
	h := hangingStore{memory: newMemory(), let: make(chan struct{})}
	s := openState(merge.Options{Store: h, Settings: settings(), StoreTimeout: time.Millisecond})
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)},
		answer{uuid: "A", at: at(2), reports: []periskop.Aggregate{aggregate("k", 5, at(1))}})
	s.now = at(2)
	for range 3 { // the first waits for its own commit, the others for that one
		if got := counts(s)["k"]; got != 5 {
			t.Errorf("got %d, want 5 although the store does not answer", got)
		}
	}
	s.now = at(3)
	if got := s.StoreStatus(); got.Err == nil || !strings.Contains(got.Err.Error(), "not answered for 3m0s") || got.Commits != 0 {
		t.Errorf("got status %+v, want that it does not answer", got)
	}
	close(h.let)
	for s.StoreStatus().Commits == 0 {
		s.Commit() // waits for the one under way
	}
	if got := s.StoreStatus(); got.Err != nil || got.Failures != 0 {
		t.Errorf("got status %+v, want that all is well", got)
	}
	if got := counts(h.restart(settings(), at(4)))["k"]; got != 5 {
		t.Errorf("after a restart: got %d, want 5", got)
	}
}

func TestNothingToCommit(t *testing.T) {
	m := newMemory()
	s := m.restart(settings(), noon)
	k := []periskop.Aggregate{aggregate("k", 5, at(1))}
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: k})
	s.now = at(2)
	for range 200 {
		s.now = s.now.Add(15 * time.Second)
		s.shown("prometheus")
	}
	fold(s, answer{uuid: "A", at: s.now, reports: k})
	s.Commit()
	before := m.commits
	for range 3 {
		s.now = s.now.Add(15 * time.Second)
		fold(s, answer{uuid: "A", at: s.now, reports: k})
		s.shown("prometheus")
	}
	if m.commits != before {
		t.Errorf("got %d commits although nothing changed", m.commits-before)
	}
}

func TestOrphans(t *testing.T) {
	s := newState(settings())
	fold(s, answer{uuid: "Z", target: "z:80", at: at(0)}, answer{uuid: "A", at: at(2), reports: []periskop.Aggregate{aggregate("k", 5, at(1))}})
	s.now = at(3)
	s.Configure(merge.Settings{})
	s.Maintain(at(5))
	if got := counts(s)["k"]; got != 5 {
		t.Errorf("soon after its service was taken out: got %d, want 5", got)
	}
	s.Maintain(at(15))
	if got := len(s.Exposition().Exceptions); got != 0 {
		t.Errorf("later: got %d series, want none", got)
	}
}

// TestRecentSnapshot is what many readers share for a moment: it is a new one as soon as
// somebody decided, pushed or reloaded something.
func TestRecentSnapshot(t *testing.T) {
	s := newMemory().restart(settings(), noon)
	fold(s, answer{uuid: "A", at: at(0)}, answer{uuid: "A", at: at(1), reports: []periskop.Aggregate{aggregate("k", 1, at(1))}})
	id := merge.ExceptionID("shop", "k")
	first := s.RecentSnapshot(time.Hour)
	fold(s, answer{uuid: "A", at: at(2), reports: []periskop.Aggregate{aggregate("k", 2, at(1))}})
	if s.RecentSnapshot(time.Hour) != first {
		t.Error("it is made anew for each scrape")
	}
	if got := s.RecentSnapshot(0).Find(id).Counted(); got != 2 {
		t.Errorf("one that is younger than no time has %d, want 2", got)
	}
	s.Resolve(id, at(3))
	if e := s.RecentSnapshot(time.Hour).Find(id); e.Resolved == nil {
		t.Error("a resolution is not shown at once")
	}
	s.Configure(merge.Settings{})
	if n := len(s.RecentSnapshot(time.Hour).Services); n != 0 {
		t.Errorf("%d services are shown after none was configured", n)
	}
}
