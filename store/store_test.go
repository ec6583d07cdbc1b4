package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/store"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)

// everything is one record of each kind, with every field set.
func everything() *merge.Records {
	process := merge.ProcessName{Service: "shop", ID: "address a:80"}
	state := merge.EpochState{Highest: 1 << 53, Newest: noon.UnixNano()}
	state.Known[0], state.Known[1] = 1, 1<<63
	exception := merge.ExceptionName{Service: "shop", ID: 0xfedcba9876543210}
	labels := periskop.Labels{{Name: "aggregation_key", Value: "a\x00b\n\"ü"}, {Name: "severity", Value: "error"}}
	return &merge.Records{
		Services:  []merge.ServiceRecord{{Name: "shop", Block: "cluster", WatchedSince: noon, ForgottenUntil: noon}},
		Rounds:    []merge.RoundRecord{{Discovery: "d", First: noon, Last: noon, Stalled: true}},
		Endpoints: []merge.EndpointRecord{{EndpointName: merge.EndpointName{Service: "shop", Address: "a:80"}, Found: true, Since: noon, Several: true, Steady: true, Named: true, Changing: true, Zone: -time.Hour}},
		Processes: []merge.ProcessRecord{{
			ProcessName: process, Address: "a:80", Instance: "a", Since: noon,
			Seen: noon, Complete: noon.Add(-time.Second), Kept: noon.Add(time.Second), Floor: -5, Skew: time.Hour, HasSkew: true,
			Epochs: []merge.EpochRecord{
				{
					ID: 1, Created: noon.UnixNano(), Reported: noon.Unix(), Baseline: 9, Severity: "fatal", EpochState: state,
					Shared: 3, Held: 4, Peak: 5, Wavering: true, Unread: true, Rebased: true,
					Candidate: [3]uint64{1}, Renamed: true,
					TakeoverState: merge.TakeoverState{Replaced: [3]uint64{2, 3}, ReplacedAt: 9, TakenOver: true, Instead: []uint64{1, 2}},
					Beside:        []merge.SiblingRecord{{EpochState: state, TakeoverState: merge.TakeoverState{Gone: true}}, {EpochState: merge.EpochState{Highest: 2}}},
				},
				{ID: exception.ID, EpochState: merge.EpochState{Highest: 7}},
			},
		}},
		Forgotten: []merge.ForgottenRecord{{ProcessName: merge.ProcessName{Service: "shop", ID: "u"}, At: noon}},
		Exceptions: []merge.ExceptionRecord{{
			ExceptionName: exception, Key: "a\x00b", Class: "C",
			Counts:  []merge.Count{{Group: periskop.Labels{{Name: "env", Value: "prod"}}, Severity: "error", Counted: 3, Start: noon}, {Severity: "info"}},
			History: 9, FirstSeen: noon, LastSeen: noon, Grown: noon, Regressions: 2, Episode: merge.Episode{Began: noon, Over: true, Crowded: true},
			Resolved:  &merge.Resolution{At: noon, By: "ada", Reason: "fixed in 1.2", Made: noon.Add(time.Second), Taken: true},
			Muted:     &merge.Mute{At: noon, By: "ada", Reason: "known", Until: triage.Until{Time: noon, Growth: 7, Version: true}, Above: 9},
			Decisions: []triage.Decision{{Kind: triage.Muted, At: noon, By: "ada", Reason: "known", Until: triage.Until{Growth: 7}}, {Kind: triage.Returned, At: noon, Of: noon}},
			Versions:  []merge.Version{{Name: "3.1.4", First: noon, Last: noon}},
		}},
		Occurrences: []merge.OccurrencesRecord{{ExceptionName: exception, Kept: merge.NewKept(periskop.Occurrence{
			UUID: "o", Timestamp: noon, Severity: "error", Instance: "a:80",
			Error: periskop.Exception{Class: "C", Message: "m<>&\u2028", Stacktrace: []string{"a", "b"}, Cause: &periskop.Exception{Message: "why"}},
			HTTPContext: &periskop.HTTPContext{
				Method: "GET", URL: "/x", Body: "b", Headers: []periskop.Header{{Name: "A", Value: "1"}, {Name: "A", Value: "2"}},
			},
		})}},
		Members: []merge.MemberRecord{{
			ExceptionName: merge.ExceptionName{Service: "shop", ID: 7}, Label: "k@7", Group: exception.ID, Total: 5, FirstSeen: noon, LastSeen: noon,
		}},
		Series: []merge.SeriesRecord{
			{SeriesName: merge.SeriesName{Labels: labels}, Service: "shop", Value: 3, Exposed: noon, Valued: true, Start: noon, Grown: noon, Newest: "o", NewestAt: noon},
			{SeriesName: merge.SeriesName{Labels: labels, Regressions: true}, Value: 1},
		},
		Scrapers: []merge.ScraperRecord{
			{ID: "0123456789abcdef-0", Interval: 15 * time.Second, Seen: noon, Scrapes: 12},
			{ID: "0123456789abcdef-1", Interval: time.Minute, Seen: noon, Scrapes: 3, Services: []string{"shop", "pay"}},
		},
	}
}

func open(t *testing.T, o store.Options) (*store.Store, *merge.Saved) {
	t.Helper()
	s, saved, err := store.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, saved
}

func commit(t *testing.T, s *store.Store, r *merge.Records) {
	t.Helper()
	if err := s.Commit(r); err != nil {
		t.Fatal(err)
	}
}

func closed(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// filled returns a directory with a file that holds everything.
func filled(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new", "data")
	s, saved := open(t, store.Options{Dir: dir})
	if !saved.Empty() {
		t.Fatalf("a new file holds %+v", saved)
	}
	commit(t, s, everything())
	closed(t, s)
	return dir
}

// sorted ignores the order of records.
var sorted = cmp.Options{
	cmpopts.SortSlices(func(a, b merge.SeriesRecord) bool { return !a.Regressions && b.Regressions }),
	cmpopts.SortSlices(func(a, b merge.ScraperRecord) bool { return a.ID < b.ID }),
	cmp.Comparer(func(a, b *merge.Kept) bool { return cmp.Equal(a.List(), b.List()) }),
	cmpopts.IgnoreFields(merge.OccurrencesRecord{}, "Written", "Marks"),
	cmpopts.EquateEmpty(),
}

func TestRoundTrip(t *testing.T) {
	dir := filled(t)
	s, got := open(t, store.Options{Dir: dir})
	if diff := cmp.Diff(&got.Records, everything(), sorted); diff != "" {
		t.Errorf("records (-read +written):\n%s", diff)
	}
	// Removals come first: what is removed and written in one commit is there.
	again := everything()
	again.Removed = merge.Removed{
		Services: []string{again.Services[0].Name}, Endpoints: []merge.EndpointName{again.Endpoints[0].EndpointName},
		Processes: []merge.ProcessName{again.Processes[0].ProcessName}, Forgotten: []merge.ProcessName{again.Forgotten[0].ProcessName},
		Exceptions: []merge.ExceptionName{again.Exceptions[0].ExceptionName}, Members: []merge.ExceptionName{again.Members[0].ExceptionName},
		Series: []merge.SeriesName{again.Series[0].SeriesName, again.Series[1].SeriesName}, Scrapers: []string{again.Scrapers[0].ID, again.Scrapers[1].ID},
	}
	commit(t, s, again)
	closed(t, s)
	s, got = open(t, store.Options{Dir: dir})
	if diff := cmp.Diff(&got.Records, everything(), sorted); diff != "" {
		t.Errorf("removed and written (-read +written):\n%s", diff)
	}
	commit(t, s, &merge.Records{Removed: again.Removed})
	closed(t, s)
	s, got = open(t, store.Options{Dir: dir})
	defer closed(t, s)
	if diff := cmp.Diff(&got.Records, &merge.Records{Rounds: everything().Rounds}, sorted); diff != "" {
		t.Errorf("removed (-read +left):\n%s", diff)
	}
}

// events are one of each kind, with every field set.
func events() []*merge.Event {
	list := everything()
	occurrences := list.Occurrences[0].Kept.List()
	return []*merge.Event{
		{Seq: 1, Answer: &merge.AnswerEvent{
			Block:   "cluster",
			Service: "shop", Process: "p", Address: "a:80", Instance: "a", Group: periskop.Labels{{Name: "env", Value: "prod"}}, End: noon,
			ClockKnown: true, Skew: -time.Second, Slack: time.Minute, Age: time.Hour, Pushed: true, Doubtful: true, Relayed: true, RelayedBefore: true, Skipped: 2, Unreadable: 3,
			Context: merge.AnswerContext{Known: true, Before: noon, Previous: "q", Since: noon.Add(-time.Hour), Zone: time.Hour, Open: true, Unchanged: true},
			Totals: []merge.TotalEvent{
				{
					ID: 1, Epoch: 2, Created: noon, FirstSeen: noon, Key: "k", Class: "C", Severity: "error", Total: 3, History: 4, Base: 5, Baseline: 6, Held: 7, Grouped: true, Guessed: true, Group: "g", GroupID: 9,
					Hashes: []uint64{6, 7}, Times: []int64{9, 8}, Listed: 2, Occurrences: occurrences,
				},
				{ID: 2, Total: 1, Occurrences: occurrences}, // its stack traces were written before
			},
		}},
		{Seq: 2, Endpoint: &list.Endpoints[0]},
		{Seq: 3, Round: &list.Rounds[0]},
		{Seq: 4, Decision: &merge.DecisionEvent{Exceptions: []merge.ExceptionName{list.Exceptions[0].ExceptionName, {Service: "other", ID: 7}}, Decision: list.Exceptions[0].Decisions[0], Made: noon}},
		{Seq: 5, Decision: &merge.DecisionEvent{Exceptions: []merge.ExceptionName{list.Exceptions[0].ExceptionName}, Decision: triage.Decision{Kind: triage.Reopened, At: noon, By: "ada"}}},
		{Seq: 6, Step: &merge.StepEvent{By: -time.Hour}},
		{Seq: 7, Exposed: &merge.ExposedEvent{Service: "shop", Series: []merge.SeriesName{list.Series[0].SeriesName, list.Series[1].SeriesName}, At: noon}},
		{Seq: 8, Exposed: &merge.ExposedEvent{Service: "shop", Series: []merge.SeriesName{list.Series[0].SeriesName}}},
		{Seq: 9, Scraper: &list.Scrapers[1]},
		{Seq: 10, Reset: &merge.ResetEvent{ExceptionName: list.Exceptions[0].ExceptionName, At: noon}},
		{Seq: 11, Taken: &merge.TakenEvent{At: noon, Exceptions: []merge.TakenException{
			{ExceptionName: list.Exceptions[0].ExceptionName, Decisions: list.Exceptions[0].Decisions, Made: noon},
		}}},
	}
}

func add(t *testing.T, s *store.Store, list ...*merge.Event) {
	t.Helper()
	if _, err := s.Append(list); err != nil {
		t.Fatal(err)
	}
}

func values(list []*merge.Event) []merge.Event {
	out := make([]merge.Event, len(list))
	for i := range list {
		out[i] = *list[i]
	}
	return out
}

// TestJournal ends the program, by no means in order, after events and commits.
func TestJournal(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, store.Options{Dir: dir})
	add(t, s, events()...)
	closed(t, s) // which writes nothing
	s, saved := open(t, store.Options{Dir: dir})
	if diff := cmp.Diff(saved.Events, values(events()), sorted); diff != "" {
		t.Errorf("events (-read +written):\n%s", diff)
	}
	part := everything()
	part.Seq = 4
	commit(t, s, part)
	later := &merge.Event{Seq: 11, Step: &merge.StepEvent{By: 1}}
	add(t, s, later)
	closed(t, s)
	s, saved = open(t, store.Options{Dir: dir})
	defer closed(t, s)
	want := append(values(events())[4:], *later)
	if diff := cmp.Diff(saved.Events, want, sorted); diff != "" {
		t.Errorf("after a commit up to the fourth (-read +written):\n%s", diff)
	}
	if diff := cmp.Diff(&saved.Records, part, sorted); diff != "" {
		t.Errorf("records (-read +written):\n%s", diff)
	}
}

// TestUnfinished cuts the file off at every byte of what was not synced, as a crash of the
// machine can: what was synced is there, and nothing is said to be lost.
func TestUnfinished(t *testing.T) {
	dir := filled(t)
	path, mark := filepath.Join(dir, "state.db"), filepath.Join(dir, "state.mark")
	s, _ := open(t, store.Options{Dir: dir})
	synced := s.Size()
	markThen := readFile(t, mark)
	add(t, s, events()[5])
	part := everything()
	part.Services[0].Name = "other"
	part.Seq = 6
	commit(t, s, part)
	closed(t, s)
	whole := readFile(t, path)
	for end := synced; end < int64(len(whole)); end++ {
		writeFile(t, path, whole[:end])
		writeFile(t, mark, markThen)
		s, saved := open(t, store.Options{Dir: dir})
		if saved.LostAll || len(saved.Lost) > 0 || len(saved.Services) != 1 {
			t.Fatalf("cut off at byte %d of %d: lost all %t, lost %v, services %v", end, len(whole), saved.LostAll, saved.Lost, saved.Services)
		}
		add(t, s, events()[4]) // it goes on
		closed(t, s)
		s, saved = open(t, store.Options{Dir: dir})
		if n := len(saved.Events); saved.LostAll || n == 0 || saved.Events[n-1].Seq != 5 {
			t.Fatalf("cut off at byte %d and gone on: lost all %t, events %v", end, saved.LostAll, saved.Events)
		}
		closed(t, s)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestInUse(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, store.Options{Dir: dir})
	defer closed(t, s)
	_, _, err := store.Open(store.Options{Dir: dir})
	if !errors.Is(err, store.ErrInUse) || !strings.Contains(err.Error(), filepath.Join(dir, "state.db")+": another process uses it") {
		t.Errorf("got error %v, want one that says who uses what", err)
	}
}

func TestUUID(t *testing.T) {
	dir := filled(t)
	s, _ := open(t, store.Options{Dir: dir})
	first := s.UUID()
	closed(t, s)
	s, _ = open(t, store.Options{Dir: dir})
	defer closed(t, s)
	if got := s.UUID(); got != first || len(got) != 36 {
		t.Errorf("got UUID %q, want %q as before", got, first)
	}
}

// TestBackup puts back a copy of an earlier time.
func TestBackup(t *testing.T) {
	dir := filled(t)
	path := filepath.Join(dir, "state.db")
	backup := readFile(t, path)
	s, saved := open(t, store.Options{Dir: dir})
	if saved.LostAll {
		t.Error("a state that nobody touched is taken for another")
	}
	closed(t, s)
	writeFile(t, path, backup)
	var log bytes.Buffer
	s, saved = open(t, store.Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if !saved.LostAll || !s.Lost() || !strings.Contains(log.String(), "put back from elsewhere") {
		t.Errorf("got lost all %t and %t, logged %s", saved.LostAll, s.Lost(), &log)
	}
	if len(saved.Exceptions) != 1 {
		t.Errorf("got %d exceptions, want those of the backup", len(saved.Exceptions))
	}
	all := everything()
	all.All = true
	commit(t, s, all)
	closed(t, s)
	s, saved = open(t, store.Options{Dir: dir})
	defer closed(t, s)
	if saved.LostAll || s.Lost() {
		t.Error("at the start after that it is still taken for another")
	}
}

func TestAlive(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, store.Options{Dir: dir, Now: func() time.Time { return noon }})
	s.Touch()
	closed(t, s)
	s, saved := open(t, store.Options{Dir: dir})
	defer closed(t, s)
	if got := saved.Alive.UTC().Truncate(time.Second); !got.Equal(noon.Truncate(time.Second)) {
		t.Errorf("alive at %v, want %v", got, noon)
	}
}

// TestChangedByOthers removes the file, cuts it off, and puts another one in its place,
// while it is in use.
func TestChangedByOthers(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"truncated": func(t *testing.T, path string) {
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
		},
		"replaced": func(t *testing.T, path string) {
			writeFile(t, path+"x", readFile(t, path))
			if err := os.Rename(path+"x", path); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			s, _ := open(t, store.Options{Dir: dir})
			change(t, filepath.Join(dir, "state.db"))
			if _, err := s.Append(events()); err == nil {
				t.Error("appended although the file is not the one that was written")
			}
			part := &merge.Records{Services: []merge.ServiceRecord{{Name: "cart", WatchedSince: noon}}}
			if err := s.Commit(part); !errors.Is(err, merge.ErrIncomplete) {
				t.Fatalf("got error %v, want ErrIncomplete", err)
			}
			all := everything()
			all.All = true
			commit(t, s, all)
			commit(t, s, part)
			add(t, s, events()...)
			closed(t, s)
			s, saved := open(t, store.Options{Dir: dir})
			defer closed(t, s)
			if len(saved.Services) != 2 || len(saved.Events) != len(events()) || saved.LostAll {
				t.Errorf("got %d services and %d events, lost all %t", len(saved.Services), len(saved.Events), saved.LostAll)
			}
		})
	}
}

// TestCannotWrite makes the file one that cannot be opened for writing, and then one
// that can.
func TestCannotWrite(t *testing.T) {
	for name, cause := range map[string]error{
		"read-only file system": syscall.EROFS, "no permission": syscall.EACCES, "disk full": syscall.ENOSPC, "I/O error": syscall.EIO,
	} {
		t.Run(name, func(t *testing.T) {
			for _, dir := range []string{filled(t), t.TempDir()} {
				broken := true
				openFile := func(path string, flag int, mode os.FileMode) (*os.File, error) {
					if broken && flag&os.O_RDWR != 0 {
						return nil, &os.PathError{Op: "open", Path: path, Err: cause}
					}
					return os.OpenFile(path, flag, mode)
				}
				var log bytes.Buffer
				s, saved := open(t, store.Options{Dir: dir, OpenFile: openFile, Logger: slog.New(slog.NewTextHandler(&log, nil))})
				if !saved.Empty() && !cmp.Equal(&saved.Records, everything(), sorted) {
					t.Errorf("read as %+v", saved)
				}
				if !strings.Contains(log.String(), "state cannot be written") || !strings.Contains(log.String(), "remedy=") || !strings.Contains(log.String(), dir) {
					t.Errorf("logged %s", &log)
				}
				all := everything()
				all.All = true
				all.Scrapers = []merge.ScraperRecord{{ID: "late", Seen: noon}}
				if err := s.Commit(all); !errors.Is(err, cause) {
					t.Errorf("got error %v, want %v", err, cause)
				}
				if _, err := s.Append(events()); err == nil {
					t.Error("appended to what cannot be written")
				}
				broken = false
				if err := s.Commit(&merge.Records{Services: all.Services}); !errors.Is(err, merge.ErrIncomplete) {
					t.Errorf("when it can be written: got error %v, want ErrIncomplete", err)
				}
				commit(t, s, all)
				closed(t, s)
				s, saved = open(t, store.Options{Dir: dir})
				if !slices.ContainsFunc(saved.Scrapers, func(r merge.ScraperRecord) bool { return r.ID == "late" }) || saved.LostAll {
					t.Errorf("the commit is not in the file: %+v", saved)
				}
				closed(t, s)
			}
		})
	}
}

// TestSizeSettles replaces processes for long: the file must not grow with their number.
func TestSizeSettles(t *testing.T) {
	s, _ := open(t, store.Options{Dir: t.TempDir()})
	defer closed(t, s)
	name := func(i int) merge.ProcessName {
		return merge.ProcessName{Service: "shop", ID: fmt.Sprint("process ", i)}
	}
	record := func(i int) merge.ProcessRecord {
		return merge.ProcessRecord{ProcessName: name(i), Epochs: make([]merge.EpochRecord, 100)}
	}
	for i := range 3000 {
		r := &merge.Records{Processes: []merge.ProcessRecord{record(i)}}
		if i >= 50 {
			r.Removed.Processes = []merge.ProcessName{name(i - 50)}
		}
		err := s.Commit(r)
		if errors.Is(err, merge.ErrIncomplete) {
			all := &merge.Records{All: true}
			for n := max(i-49, 0); n <= i; n++ {
				all.Processes = append(all.Processes, record(n))
			}
			err = s.Commit(all)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Size(); got > 9<<20 {
			t.Fatalf("after %d processes the file has %d bytes", i, got)
		}
	}
}

func BenchmarkCommit(b *testing.B) {
	for _, changed := range []int{0, 1, 100} {
		b.Run(fmt.Sprintf("%d%% of 100000 keys", changed), func(b *testing.B) {
			s, _, err := store.Open(store.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			records := fleetRecords(500, 200, 200)
			records.All = true
			if err := s.Commit(records); err != nil {
				b.Fatal(err)
			}
			part := fleetRecords(500*changed/100, 200, 200*changed/100)
			b.ReportAllocs()
			for b.Loop() {
				err := s.Commit(part)
				if errors.Is(err, merge.ErrIncomplete) { // the file is to be written anew
					err = s.Commit(records)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFirstCommit writes 100,000 keys in no order to a file that is new.
func BenchmarkFirstCommit(b *testing.B) {
	s, _, err := store.Open(store.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	records := fleetRecords(1, 100_000, 100_000)
	for i := range records.Exceptions {
		records.Exceptions[i].ID *= 0x9e3779b97f4a7c15
	}
	records.All = true
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Commit(records); err != nil {
			b.Fatal(err)
		}
	}
}

// fleetRecords are those of so many processes with the same keys.
func fleetRecords(processes, keys, merged int) *merge.Records {
	r := &merge.Records{}
	for p := range processes {
		record := merge.ProcessRecord{ProcessName: merge.ProcessName{Service: "shop", ID: fmt.Sprintf("5cfa9e9b-20f8-441c-9029-%012d", p)}, Seen: noon}
		for k := range keys {
			record.Epochs = append(record.Epochs, merge.EpochRecord{ID: uint64(k) << 40, Created: noon.UnixNano(), EpochState: merge.EpochState{Highest: uint64(k + p)}})
		}
		r.Processes = append(r.Processes, record)
	}
	for k := range merged {
		key := fmt.Sprintf("com.example.shop.PaymentException@%08x", k)
		name := merge.ExceptionName{Service: "shop", ID: uint64(k) << 40}
		r.Exceptions = append(r.Exceptions, merge.ExceptionRecord{ExceptionName: name, Key: key, Counts: []merge.Count{{Severity: "error", Counted: 5}}})
		r.Series = append(r.Series, merge.SeriesRecord{SeriesName: merge.SeriesName{Labels: periskop.Labels{{Name: "aggregation_key", Value: key}}}, Value: 5})
	}
	return r
}

// TestKilledAtTheStart ends the program at every step of a start, and of the writing of a
// new file: the state is still known for what it is.
func TestKilledAtTheStart(t *testing.T) {
	dir := filled(t)
	path, mark := filepath.Join(dir, "state.db"), filepath.Join(dir, "state.mark")
	before, markBefore := readFile(t, path), readFile(t, mark)
	s, _ := open(t, store.Options{Dir: dir})
	started, markStarted := readFile(t, path), readFile(t, mark)
	all := everything()
	all.All = true
	commit(t, s, all)
	rewritten, markRewritten := readFile(t, path), readFile(t, mark)
	closed(t, s)

	half := func(id, before []byte) []byte {
		return fmt.Appendf(nil, "%s %s %020d\n", id[:32], before[:32], 0)
	}
	for name, c := range map[string]struct {
		state, mark []byte
		want        bool
	}{
		"before a start":                          {before, markBefore, true},
		"the mark is renewed, the state is not":   {before, half(markStarted, markBefore), true},
		"both are renewed":                        {started, half(markStarted, markBefore), true},
		"after the start":                         {started, markStarted, true},
		"a new file is written, but not in place": {started, half(markRewritten, markStarted), true},
		"a new file is in place":                  {rewritten, half(markRewritten, markStarted), true},
		"after that":                              {rewritten, markRewritten, true},
		"the file of before, long after":          {before, markRewritten, false},
		"the file of before, after the start":     {before, markStarted, false},
		"the new file with the mark of before it": {rewritten, markStarted, false},
		"without a mark":                          {started, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "state.db"), c.state)
			if c.mark != nil {
				writeFile(t, filepath.Join(dir, "state.mark"), c.mark)
			}
			s, saved := open(t, store.Options{Dir: dir})
			defer closed(t, s)
			if got := !saved.LostAll; got != c.want {
				t.Errorf("known for what it is: %t, want %t", got, c.want)
			}
		})
	}
}
