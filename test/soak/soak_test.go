//go:build e2e

package soak_test

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

var (
	howLong  = flag.Duration("for", 20*time.Second, "how long the exporter is kept busy")
	restarts = flag.Bool("restarts", false, "end it again and again, in order and by kill -9")
)

// A usage is what the exporter takes.
type usage struct {
	goroutines, descriptors int
	heap, resident, files   int64 // bytes
}

func (u usage) String() string {
	const kib = 1 << 10
	return fmt.Sprintf("%d goroutines, %d descriptors, %d KiB of heap, %d KiB resident, %d KiB of files",
		u.goroutines, u.descriptors, u.heap/kib, u.resident/kib, u.files/kib)
}

// slack is by how much it may vary at rest: scrapes that are under way, garbage, and the journal,
// which has at most 8 MB before it is committed.
var slack = usage{goroutines: 20, descriptors: 10, heap: 24 << 20, resident: 64 << 20, files: 16 << 20}

// exceeds names what is more than before, and by how much more than may be.
func (u usage) exceeds(before usage) error {
	for _, x := range []struct {
		name              string
		now, before, more int64
	}{
		{"goroutines", int64(u.goroutines), int64(before.goroutines), int64(slack.goroutines)},
		{"descriptors", int64(u.descriptors), int64(before.descriptors), int64(slack.descriptors)},
		{"bytes of heap", u.heap, before.heap, slack.heap},
		{"bytes resident", u.resident, before.resident, slack.resident},
		{"bytes of files", u.files, before.files, slack.files},
	} {
		if x.now > x.before+x.more {
			return fmt.Errorf("%d %s, where there were %d", x.now, x.name, x.before)
		}
	}
	return nil
}

var metric = regexp.MustCompile(`(?m)^(go_goroutines|process_open_fds|go_memstats_heap_alloc_bytes|process_resident_memory_bytes) (\S+)$`)

func usageOf(ctx context.Context, p *process.Program) (usage, error) {
	text, err := process.Get(ctx, p.URL+"/metrics")
	if err != nil {
		return usage{}, err
	}
	values := map[string]float64{}
	for _, m := range metric.FindAllStringSubmatch(text, -1) {
		if values[m[1]], err = strconv.ParseFloat(m[2], 64); err != nil {
			return usage{}, err
		}
	}
	u := usage{
		goroutines: int(values["go_goroutines"]), descriptors: int(values["process_open_fds"]),
		heap: int64(values["go_memstats_heap_alloc_bytes"]), resident: int64(values["process_resident_memory_bytes"]),
	}
	return u, filepath.WalkDir(p.Data, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil { // it may be replaced just now
				u.files += info.Size()
			}
		}
		return nil
	})
}

// TestEverythingAtOnce has targets that come, go, restart and are hostile, reloads, readers,
// pushers and decisions at once.
func TestEverythingAtOnce(t *testing.T) {
	w := newWorld(t)
	stop := w.busy(t)
	w.pass(t, *howLong/4)
	stop()
	before := w.atRest(t, usage{goroutines: 1 << 30, descriptors: 1 << 30, heap: 1 << 40, resident: 1 << 40, files: 1 << 40})
	t.Logf("after %s: %s", *howLong/4, before)
	stop = w.busy(t)
	w.pass(t, *howLong-*howLong/4)
	stop()
	if *restarts { // it is another one by now
		before.resident, before.heap = before.resident*2, before.heap*2
	}
	t.Logf("after %s: %s", *howLong, w.atRest(t, before))
	log := w.Log(t)
	for _, bad := range []string{"DATA RACE", "panic", "fatal error", "did not end within"} {
		if i := strings.Index(log, bad); i >= 0 {
			t.Errorf("the log has %q: %s", bad, log[max(i-500, 0):min(i+4000, len(log))])
		}
	}
	w.Stop(t)
}

// pass lets the time go by, in which the exporter is ended now and then if that is wanted.
func (w *world) pass(t *testing.T, d time.Duration) {
	end := time.Now().Add(d)
	for n := 0; time.Now().Before(end); n++ {
		time.Sleep(min(10*time.Second, time.Until(end)))
		switch {
		case !*restarts:
			if u, err := usageOf(t.Context(), w.Program); err == nil && n%30 == 0 {
				t.Logf("busy: %s", u)
			}
		case n%2 == 0:
			w.lifecycle(func() { w.Stop(t); w.Start(t) })
		default:
			w.lifecycle(func() { w.Kill(t); w.Start(t) })
		}
	}
}

// atRest waits until the exporter takes no more than it did before, and returns what it takes.
func (w *world) atRest(t *testing.T, before usage) usage {
	t.Helper()
	var u usage
	time.Sleep(2 * time.Second) // what has just begun ends
	process.Eventually(t, "what it takes is what it took", func() error {
		var err error
		if u, err = usageOf(t.Context(), w.Program); err != nil {
			return err
		}
		return u.exceeds(before)
	})
	return u
}

// reload has the exporter read its configuration again, with another limit.
func (w *world) reload(t *testing.T) {
	file := filepath.Join(filepath.Dir(w.Data), "config.yaml")
	w.lifecycle(func() {
		if err := os.WriteFile(file, []byte(w.config(w.hostile, 8+rand.IntN(3))), 0o600); err != nil {
			t.Error(err)
		}
		w.Signal(t, syscall.SIGHUP)
	})
}
