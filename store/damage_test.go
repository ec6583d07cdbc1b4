package store_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/store"
)

const damagedServices, damagedKeys = 5, 4

// A fleet is one process for each of a few services, each with a few keys. After its
// first report it has reported each key 10 times, and grown by so many.
type fleet struct {
	state *merge.State
	store *store.Store
	now   time.Time
}

func openFleet(t *testing.T, dir string, now time.Time) *fleet {
	t.Helper()
	s, saved := open(t, store.Options{Dir: dir})
	f := &fleet{store: s, now: now}
	settings := merge.Settings{}
	for i := range damagedServices {
		settings.Services = append(settings.Services, merge.ServiceSettings{Name: fmt.Sprint("service", i), Labels: fleetLabels})
	}
	f.state = merge.New(merge.Options{Store: s, Saved: saved, Settings: settings, Now: func() time.Time { return f.now }})
	return f
}

func fleetLabels(k merge.SeriesKey) (periskop.Labels, bool) {
	return periskop.NewLabels(map[string]string{"service": k.Service, "key": k.Key}), true
}

// report makes each process report that each key was raised so often, of which ten since
// the watch began.
func (f *fleet) report(total uint64) {
	f.now = f.now.Add(10 * time.Second)
	for i := range damagedServices {
		f.fold(i, total)
	}
}

func (f *fleet) fold(i int, total uint64) {
	r := &periskop.Report{TargetUUID: fmt.Sprint("process", i)}
	for k := range damagedKeys {
		if total == 0 {
			continue // the watch begins
		}
		o := periskop.Occurrence{UUID: fmt.Sprint(i, "-", k, "-", total), Timestamp: f.now, Error: periskop.Exception{
			Class: "C", Message: "it failed", Stacktrace: []string{"main.go:1", fmt.Sprint("shop.go:", k)},
		}}
		r.Aggregates = append(r.Aggregates, periskop.Aggregate{
			Key: fmt.Sprint("key", k), TotalCount: total, Severity: "error", CreatedAt: noon.Add(11 * time.Second),
			Latest: periskop.EncodeOccurrences([]periskop.Occurrence{o}),
		})
	}
	address := fmt.Sprintf("10.0.0.%d:80", i)
	f.state.Fold(&periskop.Scrape{
		Target: &periskop.Target{Service: fmt.Sprint("service", i), Instance: address, URL: "http://" + address},
		Start:  f.now, Date: f.now.Truncate(time.Second), Result: periskop.Success, Report: r,
	})
}

func (f *fleet) values() map[string]uint64 {
	x, answered := f.state.Expose(merge.Scraper{})
	answered()
	out := map[string]uint64{}
	for _, s := range x.Exceptions {
		out[s.Labels.Value("service")+"/"+s.Labels.Value("key")] = s.Value
	}
	return out
}

// TestDamage damages 500 copies of a state in every way that a disk, or a person, does. No
// counter is ever higher than it was, nor lower but zero; what is told next counts from
// there on; and what is not damaged goes on as if nothing had been.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	f := openFleet(t, dir, noon)
	f.report(0)
	f.report(10)
	f.state.Flush()
	for total := uint64(11); total <= 20; total++ { // in the journal
		f.report(total)
	}
	sound := f.values()
	closed(t, f.store)
	state, mark := readFile(t, filepath.Join(dir, "state.db")), readFile(t, filepath.Join(dir, "state.mark"))
	after := f.now

	r := rand.New(rand.NewPCG(1, 2))
	var found, whole int
	for n := range 500 {
		how, damaged := damage(r, state)
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, "state.db"), damaged)
		writeFile(t, filepath.Join(dir, "state.mark"), mark)
		f := openFleet(t, dir, after.Add(time.Minute))
		restored := f.values()
		f.report(23)
		grown := f.values()
		for key, was := range sound {
			if got := restored[key]; got != was && got != 0 {
				t.Errorf("%d, %s: %s is %d after it, and was %d", n, how, key, got, was)
			}
			switch got := grown[key]; {
			case restored[key] == was && got != was+3 && got != 0:
				t.Errorf("%d, %s: %s is whole and grew to %d, want %d", n, how, key, got, was+3)
			case restored[key] == 0 && got > 3:
				t.Errorf("%d, %s: %s began anew and counted %d", n, how, key, got)
			case restored[key] == was:
				whole++
			}
		}
		if f.store.Lost() {
			found++
		}
		closed(t, f.store)

		again := openFleet(t, dir, f.now.Add(time.Minute)) // all is well at the next start
		if diff := again.store.Lost(); diff {
			t.Errorf("%d, %s: still damaged at the next start", n, how)
		}
		for key, was := range grown {
			if got := again.values()[key]; got != was {
				t.Errorf("%d, %s: %s is %d after another start, and was %d", n, how, key, got, was)
			}
		}
		closed(t, again.store)
	}
	t.Logf("%d of 500 were found to be damaged, %d of %d counters went on", found, whole, 500*len(sound))
	if whole < 500*len(sound)/4 {
		t.Errorf("only %d of %d counters went on", whole, 500*len(sound))
	}
}

// TestDamagedScraper damages what is known of those who scrape: no counter begins anew for
// that.
func TestDamagedScraper(t *testing.T) {
	for name, write := range map[string]func(*testing.T, *store.Store, *merge.ScraperRecord){
		"record": func(t *testing.T, s *store.Store, r *merge.ScraperRecord) {
			commit(t, s, &merge.Records{Scrapers: []merge.ScraperRecord{*r}})
		},
		"event": func(t *testing.T, s *store.Store, r *merge.ScraperRecord) {
			add(t, s, &merge.Event{Seq: 100, Scraper: r})
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f := openFleet(t, dir, noon)
			f.report(0)
			f.report(10)
			sound := f.values()
			f.state.Flush()
			write(t, f.store, &merge.ScraperRecord{ID: "0123456789abcdef-0", Interval: time.Minute, Services: []string{"damaged"}})
			closed(t, f.store)
			path := filepath.Join(dir, "state.db")
			state := readFile(t, path)
			at := bytes.Index(state, []byte("damaged"))
			if at < 0 {
				t.Fatal("the scraper is not in the file")
			}
			state[at] ^= 1
			writeFile(t, path, state)
			f = openFleet(t, dir, noon.Add(time.Hour))
			defer closed(t, f.store)
			if diff := cmp.Diff(f.values(), sound); diff != "" || f.store.Lost() {
				t.Errorf("lost %v; counters (-got +want):\n%s", f.store.Lost(), diff)
			}
		})
	}
}

// damage returns a copy of the file that is damaged.
func damage(r *rand.Rand, sound []byte) (how string, b []byte) {
	b = append([]byte{}, sound...)
	at := r.IntN(len(b))
	switch r.IntN(6) {
	case 0, 1:
		b[at] ^= 1 << r.IntN(8)
		return fmt.Sprint("a bit flipped in byte ", at), b
	case 2:
		return fmt.Sprint("cut off at ", at), b[:at]
	case 3:
		end := min(at+1+r.IntN(600), len(b))
		clear(b[at:end])
		return fmt.Sprint("zeros from ", at, " to ", end), b
	case 4:
		end := min(at+1+r.IntN(600), len(b))
		for i := at; i < end; i++ {
			b[i] = byte(r.Uint32())
		}
		return fmt.Sprint("noise from ", at, " to ", end), b
	default:
		from := r.IntN(len(b))
		n := copy(b[at:], sound[from:min(from+1+r.IntN(600), len(sound))])
		return fmt.Sprint(n, " bytes of ", from, " written to ", at), b
	}
}
