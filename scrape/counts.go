package scrape

import (
	"sync/atomic"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// counts are the scrapes of one service by result. The map does not change.
type counts map[periskop.Result]*atomic.Uint64

func newCounts() counts {
	c := counts{}
	for _, r := range periskop.Results() {
		c[r] = new(atomic.Uint64)
	}
	return c
}

func (c counts) values() map[periskop.Result]uint64 {
	values := make(map[periskop.Result]uint64, len(c))
	for result, n := range c {
		values[result] = n.Load()
	}
	return values
}
