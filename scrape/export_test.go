package scrape

import "context"

// Beats returns a function per target that scrapes it once, in place of Run.
func (p *Pool) Beats() []func() {
	var beats []func()
	for _, l := range *p.sorted.Load() {
		l.interval = l.target.Load().Interval
		beats = append(beats, func() { l.beat(context.Background()) })
	}
	return beats
}
