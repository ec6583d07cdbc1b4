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
	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)

// everything is one record of each kind, with every field set.
func everything() *merge.Records {
	process := merge.ProcessName{Service: "shop", ID: "address http://a:80/-/exceptions"}
	exception := merge.ExceptionName{Service: "shop", ID: 0xfedcba9876543210}
	labels := periskop.Labels{{Name: "aggregation_key", Value: "a\x00b\n\"ü"}, {Name: "severity", Value: "error"}}
	return &merge.Records{
		Services: []merge.ServiceRecord{{Name: "shop", WatchedSince: noon}},
		Processes: []merge.ProcessRecord{{
			ProcessName: process, ByAddress: true, URL: "http://a:80/-/exceptions",
			Seen: noon, Reported: noon.Add(-time.Second), Kept: noon.Add(time.Second), Floor: -5,
			Epochs: []merge.EpochRecord{
				{ID: 1, Created: noon.UnixNano(), Highest: 1 << 53, Reported: noon.Unix()},
				{ID: exception.ID, Highest: 7},
			},
		}},
		Forgotten: []merge.ForgottenRecord{{ProcessName: merge.ProcessName{Service: "shop", ID: "u"}, At: noon}},
		Exceptions: []merge.ExceptionRecord{{
			ExceptionName: exception, Key: "a\x00b", Class: "C",
			Counts:  []merge.Count{{Group: periskop.Labels{{Name: "env", Value: "prod"}}, Severity: "error", Counted: 3, Start: noon}, {Severity: "info"}},
			History: 9, FirstSeen: noon, LastSeen: noon, Grown: noon, Regressions: 2, Episode: merge.Episode{Began: noon, Over: true, Crowded: true},
			Resolved: &merge.Resolution{At: noon, Reason: "fixed in 1.2"},
		}},
		Occurrences: []merge.OccurrencesRecord{{ExceptionName: exception, Occurrences: []periskop.Occurrence{{
			UUID: "o", Timestamp: noon, Severity: "error", Instance: "a:80",
			Error: periskop.Exception{Class: "C", Message: "m<>&\u2028", Stacktrace: []string{"a", "b"}, Cause: &periskop.Exception{Message: "why"}},
			HTTPContext: &periskop.HTTPContext{
				Method: "GET", URL: "/x", Body: "b", Headers: []periskop.Header{{Name: "A", Value: "1"}, {Name: "A", Value: "2"}},
			},
		}}}},
		Series: []merge.SeriesRecord{
			{SeriesName: merge.SeriesName{Labels: labels}, Value: 3, Born: 4, Start: noon, Grown: noon, Newest: "o", NewestAt: noon},
			{SeriesName: merge.SeriesName{Labels: labels, Regressions: true}, Value: 1},
		},
		Scrapers: []merge.ScraperRecord{{ID: "10.0.0.1 Prometheus/3.5", Seen: noon, Generation: 12}},
	}
}

func open(t *testing.T, o store.Options) (*store.Store, *merge.Records) {
	t.Helper()
	s, records, err := store.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, records
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
	s, records := open(t, store.Options{Dir: dir})
	if !records.Empty() {
		t.Fatalf("a new file holds %+v", records)
	}
	commit(t, s, everything())
	closed(t, s)
	return dir
}

// TestStackTracesAreShared holds that what is read back has equal stack traces once.
func TestStackTracesAreShared(t *testing.T) {
	raise := func(frame string) periskop.Occurrence {
		return periskop.Occurrence{UUID: frame, Error: periskop.Exception{
			Stacktrace: []string{"main", frame}, Cause: &periskop.Exception{Message: "m", Stacktrace: []string{"cause"}},
		}}
	}
	dir := t.TempDir()
	s, _ := open(t, store.Options{Dir: dir})
	commit(t, s, &merge.Records{Occurrences: []merge.OccurrencesRecord{{
		ExceptionName: merge.ExceptionName{Service: "shop", ID: 1}, Occurrences: []periskop.Occurrence{raise("f"), raise("g"), raise("f")},
	}}})
	closed(t, s)
	s, records := open(t, store.Options{Dir: dir})
	defer closed(t, s)
	list := records.Occurrences[0].Occurrences
	if &list[0].Error.Stacktrace[0] != &list[2].Error.Stacktrace[0] || &list[0].Error.Cause.Stacktrace[0] != &list[1].Error.Cause.Stacktrace[0] {
		t.Error("equal stack traces are held twice")
	}
	if got := list[1].Error.Stacktrace[1]; got != "g" {
		t.Errorf("got frame %q, want g", got)
	}
}

func TestRoundTrip(t *testing.T) {
	dir := filled(t)
	s, got := open(t, store.Options{Dir: dir})
	if diff := cmp.Diff(got, everything()); diff != "" {
		t.Errorf("records (-read +written):\n%s", diff)
	}
	// Removals come first: what is removed and written in one commit is there.
	again := everything()
	again.Removed = merge.Removed{
		Processes: []merge.ProcessName{again.Processes[0].ProcessName}, Forgotten: []merge.ProcessName{again.Forgotten[0].ProcessName},
		Exceptions: []merge.ExceptionName{again.Exceptions[0].ExceptionName},
		Series:     []merge.SeriesName{again.Series[0].SeriesName, again.Series[1].SeriesName}, Scrapers: []string{again.Scrapers[0].ID},
	}
	commit(t, s, again)
	closed(t, s)
	s, got = open(t, store.Options{Dir: dir})
	if diff := cmp.Diff(got, everything()); diff != "" {
		t.Errorf("removed and written (-read +written):\n%s", diff)
	}
	commit(t, s, &merge.Records{Removed: again.Removed})
	closed(t, s)
	s, got = open(t, store.Options{Dir: dir})
	defer closed(t, s)
	if diff := cmp.Diff(got, &merge.Records{Services: everything().Services}); diff != "" {
		t.Errorf("removed (-read +left):\n%s", diff)
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

func TestNewerVersion(t *testing.T) {
	dir := filled(t)
	db, err := bbolt.Open(filepath.Join(dir, "state.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("version"), []byte{0, 0, 0, 2}) })
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, err = store.Open(store.Options{Dir: dir})
	if !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "version 2, this program knows 1") {
		t.Errorf("got error %v, want that the file is newer", err)
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

// TestDamage changes the file in many ways. Each time it is either read whole or set
// aside, and the store works.
func TestDamage(t *testing.T) {
	dir := filled(t)
	path := filepath.Join(dir, "state.db")
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	cases := map[string][]byte{
		"empty":               {},
		"one byte":            sound[:1],
		"less than two pages": sound[:page+1],
		"first half":          sound[:len(sound)/2],
		"without its end":     sound[:len(sound)-page],
		"text":                bytes.Repeat([]byte("not a database\n"), page),
		"zeros":               make([]byte, len(sound)),
	}
	for at := 0; at < len(sound); at += page {
		zeroed := slices.Clone(sound)
		clear(zeroed[at : at+page])
		cases[fmt.Sprintf("page %d zeroed", at/page)] = zeroed
		noise := slices.Clone(sound)
		for i := range page / 2 {
			noise[at+i*2] ^= byte(i*7 + 1)
		}
		cases[fmt.Sprintf("page %d with noise", at/page)] = noise
	}
	for name, content := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "state.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			s, records := open(t, store.Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return noon }})
			aside := path + ".damaged-20261122T120000Z"
			switch left, err := os.ReadFile(aside); {
			case s.Damaged() == "" && len(content) > 0 && !cmp.Equal(records, everything()):
				t.Errorf("not set aside, and read as %+v", records)
			case s.Damaged() != "" && (err != nil || !bytes.Equal(left, content)):
				t.Errorf("set aside, but not as it was: %v", err)
			case s.Damaged() != "" && (s.Damaged() != aside || !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), aside)):
				t.Errorf("set aside as %q, logged %s", s.Damaged(), &log)
			}
			all := everything()
			all.All = true
			commit(t, s, all)
			closed(t, s)
			s, records = open(t, store.Options{Dir: dir})
			defer closed(t, s)
			if diff := cmp.Diff(records, everything()); diff != "" {
				t.Errorf("afterwards (-read +written):\n%s", diff)
			}
		})
	}
}

// TestLostFile takes the file away while it is in use.
func TestLostFile(t *testing.T) {
	dir := filled(t)
	s, _ := open(t, store.Options{Dir: dir})
	defer closed(t, s)
	if err := os.Remove(filepath.Join(dir, "state.db")); err != nil {
		t.Fatal(err)
	}
	part := &merge.Records{Services: []merge.ServiceRecord{{Name: "cart", WatchedSince: noon}}}
	if err := s.Commit(part); !errors.Is(err, merge.ErrIncomplete) {
		t.Fatalf("got error %v, want ErrIncomplete", err)
	}
	all := everything()
	all.All = true
	commit(t, s, all)
	commit(t, s, part)
	if s.Size() == 0 {
		t.Error("there is no file")
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
				s, records := open(t, store.Options{Dir: dir, OpenFile: openFile, Logger: slog.New(slog.NewTextHandler(&log, nil))})
				if !records.Empty() && !cmp.Equal(records, everything()) {
					t.Errorf("read as %+v", records)
				}
				if !strings.Contains(log.String(), "state cannot be written") {
					t.Errorf("logged %s", &log)
				}
				part := &merge.Records{Scrapers: []merge.ScraperRecord{{ID: "late", Seen: noon}}}
				if err := s.Commit(part); !errors.Is(err, cause) {
					t.Errorf("got error %v, want %v", err, cause)
				}
				broken = false
				err := s.Commit(part)
				if records.Empty() != errors.Is(err, merge.ErrIncomplete) {
					t.Errorf("when it can be written: got error %v although the file held everything: %t", err, !records.Empty())
				}
				if err != nil {
					part.All = true
					commit(t, s, part)
				}
				closed(t, s)
				s, records = open(t, store.Options{Dir: dir})
				if !slices.ContainsFunc(records.Scrapers, func(r merge.ScraperRecord) bool { return r.ID == "late" }) {
					t.Errorf("the commit is not in the file: %+v", records)
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
	epochs := make([]merge.EpochRecord, 100)
	replace := func(from, to int) {
		for i := from; i < to; i++ {
			r := &merge.Records{Processes: []merge.ProcessRecord{{ProcessName: name(i), Epochs: epochs}}}
			if i >= 50 {
				r.Removed.Processes = []merge.ProcessName{name(i - 50)}
			}
			commit(t, s, r)
		}
	}
	replace(0, 200)
	settled := s.Size()
	replace(200, 1000)
	if got := s.Size(); got > 2*settled {
		t.Errorf("after 1000 processes the file has %d bytes, after 200 it had %d", got, settled)
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
				if err := s.Commit(part); err != nil {
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
			record.Epochs = append(record.Epochs, merge.EpochRecord{ID: uint64(k) << 40, Created: noon.UnixNano(), Highest: uint64(k + p)})
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
