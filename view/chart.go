package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// A chart is the growth of something as bars, ready to draw.
type chart struct {
	Width, Height int
	Base          string // the path of the line below the bars
	Bars          string // the path of the bars; empty when there was no growth
	// Text says the same in words.
	Text string
	// Grown is the sum with its sign; empty when there was no growth.
	Grown string
}

// The sizes of charts: pixels per step, and in height.
const (
	smallStep, smallHeight = 3, 22
	largeStep, largeHeight = 9, 56
)

// newChart draws bars as one path: their number is the same on every page, and most
// are empty.
func newChart(i merge.Increments, step, height int, span string) chart {
	c := chart{Width: merge.GrowthSteps * step, Height: height}
	c.Base = fmt.Sprintf("M0 %dh%dv1H0z", height-1, c.Width)
	sum := i.Sum(merge.GrowthSteps)
	if sum == 0 {
		c.Text = "No growth in the " + span
		return c
	}
	most := slices.Max(i[:])
	var b strings.Builder
	for at, n := range i {
		if n == 0 {
			continue
		}
		bar := max(int(uint64(n)*uint64(height-2)/uint64(most)), 2)
		fmt.Fprintf(&b, "M%d %dv-%dh%dv%dz", at*step, height-1, bar, step-1, bar)
	}
	c.Bars = b.String()
	c.Grown = "+" + short(sum)
	c.Text = fmt.Sprintf("%s in the %s, at most %s in %s", c.Grown, span, short(uint64(most)), distance(merge.GrowthStep))
	return c
}
