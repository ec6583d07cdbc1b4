package merge_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A sequence is a recording of successive scrapes of one address, with the truth as
// the program that raised the exceptions counted it.
type sequence struct {
	Keys     map[string]string `json:"labels_to_aggregation_keys"`
	Captures []struct {
		File       string            `json:"file"`
		Seconds    float64           `json:"seconds_since_start"`
		Ever       map[string]uint64 `json:"raised_ever"`
		AtLeast    uint64            `json:"raised_at_least"`
		AtMost     uint64            `json:"raised_at_most"`
		Exactly    uint64            `json:"raised_exactly"`
		TargetUUID string            `json:"target_uuid"`
	} `json:"captures"`
}

const payloads = "../periskop/testdata/payloads"

func readSequence(t *testing.T, dir, name string) sequence {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(payloads, dir, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var s sequence
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// report decodes a capture; without, when it is set, takes away what older clients
// do not send.
func report(t *testing.T, dir, file string, without string) *periskop.Report {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(payloads, dir, file))
	if err != nil {
		t.Fatal(err)
	}
	r, err := periskop.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(without, "uuid") {
		r.TargetUUID = ""
	}
	if strings.Contains(without, "created_at") {
		for i := range r.Aggregates {
			r.Aggregates[i].CreatedAt = time.Time{}
		}
	}
	return r
}

// TestSequences replays what the real clients served across restarts, and holds the
// counters against the truth after every capture.
func TestSequences(t *testing.T) {
	for _, client := range []string{"go", "python", "ruby", "scala"} {
		for _, without := range []string{"", "uuid"} {
			t.Run(client+" without "+without, func(t *testing.T) {
				dir := "seq-" + client
				seq := readSequence(t, dir, dir)
				start := recordingStart(t, dir, dir)
				s := newState(settings())
				for i, c := range seq.Captures {
					if c.File == "" {
						continue // an event between captures
					}
					r := report(t, dir, c.File, without)
					// Replayed once a minute, as if the clock of the target showed the
					// time of capture.
					date := start.Add(seconds(c.Seconds))
					fold(s, answer{uuid: r.TargetUUID, at: at(i), date: date, reports: r.Aggregates})
					want := map[string]uint64{}
					for label, n := range c.Ever {
						want[seq.Keys[label]] += n
					}
					if diff := cmp.Diff(countsOfAllSeverities(s), want); diff != "" {
						t.Fatalf("after %s (-got +want):\n%s", c.File, diff)
					}
				}
				if got := inconsistencies(s); len(got) != 0 {
					t.Errorf("inconsistencies: %v", got)
				}
			})
		}
	}
}

func countsOfAllSeverities(s *testState) map[string]uint64 {
	out := map[string]uint64{}
	for name, n := range counts(s) {
		if i := strings.LastIndex(name, "/"); i > 0 && (name[i:] == "/info" || name[i:] == "/warning") {
			name = name[:i]
		}
		out[name] += n
	}
	return out
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// recordingStart is when the recording of that name began: its first exception was
// raised within half a second.
func recordingStart(t *testing.T, dir, name string) time.Time {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(payloads, dir, name+"-[0-9][0-9].json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures of %s: %v", name, err)
	}
	var first time.Time
	for _, f := range files {
		for _, a := range report(t, dir, filepath.Base(f), "").Aggregates {
			if first.IsZero() || a.CreatedAt.Before(first) {
				first = a.CreatedAt
			}
		}
	}
	return first.Add(-500 * time.Millisecond)
}

// TestSequencesUnderLoad replays scrapes of one key that were taken while exceptions
// were being raised.
func TestSequencesUnderLoad(t *testing.T) {
	for _, client := range []string{"go", "ruby", "scala"} {
		t.Run(client, func(t *testing.T) {
			dir := "seq-" + client
			seq := readSequence(t, dir, dir+"-load")
			start := recordingStart(t, dir, dir+"-load")
			s := newState(settings())
			fold(s, answer{uuid: "Z", target: "z:80", at: start.Add(-time.Minute)})
			for i, c := range seq.Captures {
				r := report(t, dir, c.File, "")
				fold(s, answer{uuid: r.TargetUUID, at: start.Add(time.Duration(i) * time.Second), reports: r.Aggregates})
				var got uint64
				for _, n := range counts(s) {
					got += n
				}
				if c.Exactly > 0 {
					c.AtLeast, c.AtMost = c.Exactly, c.Exactly
				}
				if got < c.AtLeast || got > c.AtMost {
					t.Errorf("after %s: got %d, want %d to %d", c.File, got, c.AtLeast, c.AtMost)
				}
			}
		})
	}
}

// TestPrefork replays what workers of one server answered, each with counts of its
// own under one UUID or several. Each worker's last total must be counted, and the
// exception that was raised before the fork once, although each worker reports it.
func TestPrefork(t *testing.T) {
	for _, name := range []string{"seq-python-prefork", "seq-python-prefork-nopreload"} {
		t.Run(name, func(t *testing.T) {
			const dir = "seq-python-prefork"
			seq := readSequence(t, dir, name)
			start := recordingStart(t, dir, name)
			s := newState(settings())
			fold(s, answer{uuid: "Z", target: "z:80", at: start.Add(-time.Minute)})
			type epoch struct {
				uuid, key string
				created   time.Time
			}
			highest := map[epoch]uint64{}
			for _, c := range seq.Captures {
				if c.File == "" {
					continue
				}
				r := report(t, dir, c.File, "")
				fold(s, answer{uuid: r.TargetUUID, at: start.Add(seconds(c.Seconds)), reports: r.Aggregates})
				for _, a := range r.Aggregates {
					e := epoch{r.TargetUUID, a.Key, a.CreatedAt}
					highest[e] = max(highest[e], a.TotalCount)
				}
			}
			want := map[string]uint64{}
			for e, n := range highest {
				want[e.key] += n
			}
			if diff := cmp.Diff(counts(s), want); diff != "" {
				t.Errorf("counts (-got +want):\n%s", diff)
			}
		})
	}
}
