package demo

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTimeline(t *testing.T) {
	var (
		tl  timeline
		got []string
	)
	note := func(name string, pause time.Duration) func(time.Time) time.Duration {
		return func(at time.Time) time.Duration {
			got = append(got, fmt.Sprint(name, " ", at.Sub(noon)))
			return pause
		}
	}
	tl.add(noon.Add(5*time.Second), note("later", 0))
	tl.add(noon.Add(time.Second), note("each two seconds", 2*time.Second))
	tl.add(noon.Add(time.Second), func(at time.Time) time.Duration {
		tl.add(at.Add(time.Second), note("added", 0))
		return 0
	})
	for _, step := range []struct {
		at   time.Duration
		want []string
	}{
		{999 * time.Millisecond, nil},
		{4 * time.Second, []string{"each two seconds 1s", "added 2s", "each two seconds 3s"}},
		{4 * time.Second, nil},
		{7 * time.Second, []string{"later 5s", "each two seconds 5s", "each two seconds 7s"}},
	} {
		got = nil
		tl.advance(noon.Add(step.at))
		if diff := cmp.Diff(got, step.want); diff != "" {
			t.Errorf("until %v (-got +want):\n%s", step.at, diff)
		}
	}
}
