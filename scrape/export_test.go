package scrape

import "context"

// Scrapes returns a function per target that scrapes it once, in place of Run.
func (p *Pool) Scrapes() []func() {
	var scrapes []func()
	for _, l := range *p.sorted.Load() {
		l.interval = l.target.Load().Interval
		scrapes = append(scrapes, func() { l.scrapeAndPublish(context.Background()) })
	}
	return scrapes
}
