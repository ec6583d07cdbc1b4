// Package scrape reads targets: it fetches, bounds and decodes their reports and
// says how that ended.
//
// In go the services with their HTTP settings ([Pool.Apply]) and the targets that
// discovery sees ([Pool.SetTargets]); out comes one [periskop.Scrape] for every
// attempt, failures included, through Options.Fold. [Pool.Health] and
// [Pool.Counts] say the same in sum, for pages and metrics.
//
// Every target has a loop of its own, so a target that hangs, drips or sends
// without end costs only itself. A scrape is bounded in time, from connecting to
// the last byte, and in size after decompression, and ends in one result of the
// closed set of [periskop.Results].
package scrape
