package merge

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// seconds returns times of the same day.
func seconds(list ...float64) []time.Time {
	out := make([]time.Time, len(list))
	for i, s := range list {
		out[i] = time.Date(2026, 11, 22, 12, 0, 0, int(s*1e9), time.UTC)
	}
	return out
}

func TestFindProgression(t *testing.T) {
	for _, tt := range []struct {
		name   string
		times  []float64 // the last one is that which it ends at
		chance float64
		want   time.Duration // 0 for none
		from   []int
	}{
		{name: "nothing before", times: []float64{10}},
		{name: "two are no progression", times: []float64{0, 10}},
		{name: "three are", times: []float64{0, 15, 30}, want: 15 * time.Second, from: []int{1, 0}},
		{name: "with a little noise", times: []float64{0, 15.08, 30.1}, want: 15020 * time.Millisecond, from: []int{1, 0}},
		{name: "not evenly", times: []float64{0, 15, 30.5}},
		{name: "all that belong to it", times: []float64{0, 2, 4, 6, 8}, want: 2 * time.Second, from: []int{3, 2, 1, 0}},
		{
			name: "the example of two servers", times: []float64{0, 4, 15, 19, 30}, chance: 0.1,
			want: 15 * time.Second, from: []int{2, 0},
		},
		{name: "which could be chance, of anybody", times: []float64{0, 4, 15, 19, 30}, chance: 0.0001},
		{
			name: "less so when they go on", times: []float64{0, 4, 15, 19, 30, 34, 45, 49, 60}, chance: 0.0001,
			want: 15 * time.Second, from: []int{6, 4, 2, 0},
		},
		{name: "longer apart than anybody scrapes", times: []float64{0, 1000, 2000}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			times := seconds(tt.times...)
			last := len(times) - 1
			got, ok := (&search{tolerance: precision, chance: tt.chance}).find(times[:last], times[last])
			if got.interval != tt.want || ok != (tt.want > 0) {
				t.Errorf("got %v, %v, want %v", got.interval, ok, tt.want)
			}
			if diff := cmp.Diff(got.members, tt.from); diff != "" {
				t.Errorf("members (-got +want):\n%s", diff)
			}
		})
	}
}

// TestFindProgressionInNoise has somebody ask at random, which must not look steady.
func TestFindProgressionInNoise(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var times []time.Time
	now := seconds(0)[0]
	found := 0
	for range 5000 {
		now = now.Add(time.Duration(random.ExpFloat64() * float64(time.Second)))
		if _, ok := (&search{tolerance: precision, chance: chance}).find(times, now); ok {
			found++
		}
		times = append(times, now)
		times = times[max(0, len(times)-maxUnmatchedOfOne):]
	}
	if found > 5 {
		t.Errorf("%d of 5000 random requests seem steady, want next to none", found)
	}
}
