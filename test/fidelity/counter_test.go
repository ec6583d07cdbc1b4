//go:build e2e

package fidelity_test

import (
	"testing"
	"time"
)

// A sample is a value of a series.
type sample struct {
	at    time.Time
	value float64
}

// rises calls f with each rise of a counter, in the order of time. A fall is a reset, and
// the value after it has risen from zero. What the first value has risen from is not
// known: it is no rise.
func rises(samples []sample, f func(at time.Time, by float64)) {
	for i := 1; i < len(samples); i++ {
		before, now := samples[i-1].value, samples[i].value
		switch {
		case now > before:
			f(samples[i].at, now-before)
		case now < before:
			f(samples[i].at, now)
		}
	}
}

func TestRises(t *testing.T) {
	start := time.Unix(0, 0)
	for _, test := range []struct {
		name   string
		values []float64
		want   float64
	}{
		{"nothing", nil, 0},
		{"the first value is no rise", []float64{7}, 0},
		{"it rises and rests", []float64{0, 2, 2, 5}, 5},
		{"a fall is a reset", []float64{4, 6, 1, 3}, 2 + 1 + 2},
		{"to zero", []float64{4, 0, 3}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			var samples []sample
			for i, v := range test.values {
				samples = append(samples, sample{start.Add(time.Duration(i) * time.Second), v})
			}
			var got float64
			rises(samples, func(_ time.Time, by float64) { got += by })
			if got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
