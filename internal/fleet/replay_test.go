package fleet_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestReadSequence reads every recorded sequence.
func TestReadSequence(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(payloads, "seq-*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, file := range files {
		base := strings.TrimSuffix(filepath.Base(file), ".json")
		if strings.ContainsAny(base, "0123456789") {
			continue // a capture, not a manifest
		}
		read++
		t.Run(base, func(t *testing.T) {
			captures, err := fleet.ReadSequence(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(captures) < 5 {
				t.Errorf("got %d captures", len(captures))
			}
			for i, c := range captures {
				if i > 0 && c.Date.Before(captures[i-1].Date) {
					t.Errorf("%s: %v is before %v", c.Name, c.Date, captures[i-1].Date)
				}
				r, err := periskop.Decode(c.Body)
				if err != nil {
					t.Fatalf("%s: %v", c.Name, err)
				}
				for _, a := range r.Aggregates {
					if a.CreatedAt.After(c.Date) || c.Date.Sub(a.CreatedAt) > time.Minute {
						t.Errorf("%s: %s created at %v, captured at %v", c.Name, a.Key, a.CreatedAt, c.Date)
					}
				}
			}
		})
	}
	if read < 10 {
		t.Errorf("read %d sequences", read)
	}
}

func TestReadSequenceErrors(t *testing.T) {
	for _, file := range []string{"missing.json", filepath.Join(payloads, "README.md")} {
		if _, err := fleet.ReadSequence(file); err == nil {
			t.Errorf("%s: no error", file)
		}
	}
}

// TestReplayTruth holds the truth of the recording against the last capture of a
// process that was never restarted.
func TestReplayTruth(t *testing.T) {
	captures, err := fleet.ReadSequence(filepath.Join(payloads, "seq-go", "seq-go.json"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := periskop.Decode(captures[7].Body) // the last one before the first restart
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range r.Aggregates {
		if got := captures[7].Raised[a.Key]; got != a.TotalCount {
			t.Errorf("%s: raised %d, reported %d", a.Key, got, a.TotalCount)
		}
	}
}

// TestReplayEpochs has two workers answer in turn, with counts of their own under one UUID.
func TestReplayEpochs(t *testing.T) {
	body := func(total, created string) []byte {
		return []byte(`{"target_uuid":"a","aggregated_errors":[{"aggregation_key":"k","total_count":` + total + `,"created_at":"` + created + `"}]}`)
	}
	first := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	second := first.Add(time.Second)
	one, two := first.Format(time.RFC3339), second.Format(time.RFC3339)
	r := &fleet.Replay{
		Captures:   []fleet.Capture{{Body: body("3", one)}, {Body: body("1", two)}, {Body: body("4", one)}, {Body: body("9", two)}},
		EachScrape: true,
	}
	for range 3 {
		answer(t, r)
	}
	want := fleet.Truth{
		{Service: "shop", Key: "k", TargetUUID: "a", CreatedAt: first, Raised: 4, First: 3, Reported: 4},
		{Service: "shop", Key: "k", TargetUUID: "a", CreatedAt: second, Raised: 1, First: 1, Reported: 1},
	}
	if diff := cmp.Diff(r.Truth("shop"), want); diff != "" {
		t.Errorf("after three of four answers (-got +want):\n%s", diff)
	}
}

func TestReplay(t *testing.T) {
	dates := []time.Time{{}, noon, noon.Add(time.Second)}
	var captures []fleet.Capture
	for i, uuid := range []string{"a", "b", "c"} {
		captures = append(captures, fleet.Capture{
			Name: uuid,
			Date: dates[i],
			Body: []byte(`{"target_uuid":"` + uuid + `","aggregated_errors":[]}`),
		})
	}
	check := func(t *testing.T, r *fleet.Replay, want string, wantDate time.Time) {
		t.Helper()
		got, date := answer(t, r)
		if got.TargetUUID != want || !date.Equal(wantDate.Truncate(time.Second)) {
			t.Errorf("got %s of %v, want %s of %v", got.TargetUUID, date, want, wantDate)
		}
	}
	t.Run("when told", func(t *testing.T) {
		r := &fleet.Replay{Captures: captures}
		check(t, r, "a", time.Time{})
		check(t, r, "a", time.Time{})
		if r.Served() != 1 || r.Current().Name != "a" {
			t.Errorf("served %d, current %s", r.Served(), r.Current().Name)
		}
		for _, want := range []bool{true, true, false} {
			if got := r.Advance(); got != want {
				t.Errorf("advance: got %v, want %v", got, want)
			}
		}
		check(t, r, "c", noon.Add(time.Second))
		if r.Served() != 3 {
			t.Errorf("served %d, want 3", r.Served())
		}
	})
	t.Run("at each scrape", func(t *testing.T) {
		r := &fleet.Replay{Captures: captures, EachScrape: true}
		check(t, r, "a", time.Time{})
		check(t, r, "b", noon)
		check(t, r, "c", noon.Add(time.Second))
		check(t, r, "c", noon.Add(time.Second))
	})
}
